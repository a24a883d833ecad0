# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The dump format of the human parsing challenges: folders of painted maps."""
from .conversion import dump_to_records, paint_dump
from .evaluation import DUMP_METRICS, evaluate_dump, reduce_dump
from .files import (DUMP_FOLDERS, DumpedImage, find_dumped_images,
                    make_submission, read_dump, write_dump)

__all__ = [
    'DUMP_FOLDERS', 'DUMP_METRICS', 'DumpedImage', 'dump_to_records',
    'evaluate_dump', 'find_dumped_images', 'make_submission', 'paint_dump',
    'read_dump', 'reduce_dump', 'write_dump'
]
