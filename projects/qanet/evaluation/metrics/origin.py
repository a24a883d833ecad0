# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which data set an image comes from: several may be tested in one run."""
import filecmp
import os
from typing import Dict

from projects.qanet.utils.errors import InputError
from ..functional.evaluator import ParsingEvaluator

#: How to test several data sets, for messages.
SEVERAL = ('test data sets one by one, or with a metric for each of them, '
           'mmdet\'s ConcatDataset and its MultiDatasetsEvaluator')


def is_same_image(path: str, other: str) -> bool:
    """Whether two paths, or the contents of two files, are equal."""
    if os.path.abspath(path) == os.path.abspath(other):
        return True
    # Not by size and time alone: an unpacked archive has equal times.
    return (os.path.isfile(path) and os.path.isfile(other)
            and filecmp.cmp(path, other, shallow=False))


def is_of(evaluator: ParsingEvaluator, image_id: int, path: str) -> bool:
    """Whether an image is that of the id, or a copy; without files by name."""
    if image_id not in evaluator.images:
        return False
    own = evaluator.image_path(image_id)
    if os.path.isfile(own) and os.path.isfile(path):
        return is_same_image(own, path)
    return os.path.basename(own) == os.path.basename(path)


def note_path(paths: Dict[int, str], image_id: int, path: str) -> None:
    """Note the path of an id; refuse an id that is another image's already."""
    other = paths.setdefault(image_id, path)
    if not is_same_image(path, other):
        raise InputError(f'{path} and {other} have the same image id '
                         f'{image_id}: {SEVERAL}')
