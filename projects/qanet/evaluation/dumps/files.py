# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Read and write the files of a dump.

A dump is a folder with one-channel 8-bit PNG files and text files::

    global_parsing/<image>.png         class of each pixel
    instance_segmentation/<image>.png  number of the person, 0 = nobody
    instance_segmentation/<image>.txt  line k: score y1 x1 y2 x2 of number k
    instance_parsing/<image>.png       number of the part, 0 = none
    instance_parsing/<image>.txt       line k: class score of number k
"""
import math
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from PIL import Image

from projects.qanet.ground_truth import ImageInfo, label_path
from projects.qanet.ground_truth.label_maps import read_image_labels
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import read_text, write_text

GLOBAL, HUMANS, PARTS = DUMP_FOLDERS = ('global_parsing',
                                        'instance_segmentation',
                                        'instance_parsing')


@dataclass
class DumpedImage:
    """One image of a dump. What was not asked for is None."""
    categories: Optional[np.ndarray] = None  # class of each pixel, (H, W)
    humans: Optional[np.ndarray] = None  # number of the person, (H, W)
    human_scores: Optional[np.ndarray] = None  # of number 1, 2, ..., (P,)
    #: xyxy in pixels, (P, 4) float64; NaN where the file has none.
    human_boxes: Optional[np.ndarray] = None
    parts: Optional[np.ndarray] = None  # number of the part, (H, W)
    part_labels: Optional[np.ndarray] = None  # class of number 1, 2, ..., (K,)
    part_scores: Optional[np.ndarray] = None  # likewise


def write_dump(folder: str,
               image: ImageInfo,
               dump: DumpedImage,
               img_subdir: str = 'Images') -> None:
    """Write the files of one image, from a dump with all fields."""
    boxes = np.round(dump.human_boxes).astype(int)[:, [1, 0, 3, 2]]
    humans = zip(dump.human_scores.tolist(), *boxes.T.tolist())
    parts = zip(dump.part_labels.tolist(), dump.part_scores.tolist())
    maps = dump.categories, dump.humans, dump.parts
    for name, labels, rows in zip(DUMP_FOLDERS, maps, (None, humans, parts)):
        path = _file(folder, name, image, '.png', img_subdir)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Image.fromarray(labels).save(path)
        if rows is not None:
            text = ''.join(' '.join(map(str, row)) + '\n' for row in rows)
            write_text(_file(folder, name, image, '.txt', img_subdir), text)


def _file(folder: str, name: str, image: ImageInfo, suffix: str,
          img_subdir: str) -> str:
    return label_path(
        os.path.join(folder, name), image.file_name, suffix, img_subdir)


def _list_files(folder: str, name: str) -> Iterator[Path]:
    """All maps and, but for the global ones, text files below a folder."""
    suffixes = ('.png', ) if name == GLOBAL else ('.png', '.txt')
    for path in Path(folder, name).rglob('*'):
        if path.suffix in suffixes and path.is_file():
            yield path


def find_dumped_images(folder: str,
                       images: Dict[int, ImageInfo],
                       names: Sequence[str] = DUMP_FOLDERS,
                       img_subdir: str = 'Images') -> List[int]:
    """Ids, ascending, of the images that folders of a dump have a file for.

    ``images`` are the annotated ones by id. Raises an InputError if a folder
    is missing or there is a file that belongs to no image.
    """
    owners = {
        Path(_file(folder, name, image, suffix, img_subdir)): image_id
        for image_id, image in images.items()
        for name in names
        for suffix in ('.png', '.txt')
    }
    found = set()
    for name in names:
        if not os.path.isdir(os.path.join(folder, name)):
            raise InputError(f'{folder} has no folder {name}; a dump has '
                             f'{", ".join(names)}')
        for path in _list_files(folder, name):
            if path not in owners:
                raise InputError(f'{path} belongs to no image of the '
                                 'annotation file')
            found.add(owners[path])
    return sorted(found)


def read_dump(folder: str,
              image: ImageInfo,
              num_classes: int,
              names: Sequence[str] = DUMP_FOLDERS,
              img_subdir: str = 'Images') -> DumpedImage:
    """Read and check the files that one image has in folders of a dump.

    Raises a FileNotFoundError if one is missing, an InputError if one is
    broken, of another size than the image, has a class that does not exist or
    a number without a line in the text.
    """

    def read_map(name: str, highest: int, reason: str) -> np.ndarray:
        """Read a map of numbers 0..highest, (H, W) uint8."""
        path = _file(folder, name, image, '.png', img_subdir)
        labels = read_image_labels(image, path)
        if labels.max(initial=0) > min(highest, 255):
            raise InputError(f'{path} has the number {labels.max()}, but '
                             f'there are {reason} (255 at most)')
        return labels.astype(np.uint8)

    def read_both(name: str, *args: Any) -> Tuple[np.ndarray, np.ndarray]:
        path = _file(folder, name, image, '.txt', img_subdir)
        table = _read_table(path, *args)
        lines = f'{len(table)} lines in its text file'
        return read_map(name, len(table), lines), table

    dump = DumpedImage()
    if GLOBAL in names:
        dump.categories = read_map(GLOBAL, num_classes - 1,
                                   f'{num_classes} classes')
    if HUMANS in names:
        dump.humans, table = read_both(HUMANS, (1, 5), 0)
        dump.human_scores = table[:, 0]
        dump.human_boxes = table[:, [2, 1, 4, 3]]
    if PARTS in names:
        dump.parts, table = read_both(PARTS, (2, ), 1, num_classes)
        dump.part_labels = table[:, 0].astype(np.int64)
        dump.part_scores = table[:, 1]
    return dump


def _read_table(path: str,
                widths: Tuple[int, ...],
                score_column: int,
                num_classes: int = 0) -> np.ndarray:
    """Read lines of numbers, short ones filled with NaN; scores are >= 0.

    With a number of classes the first column is one of them.
    """
    try:
        lines = read_text(path).rstrip().splitlines()
    except FileNotFoundError:
        raise FileNotFoundError(f'file {path} does not exist') from None
    table = np.full((len(lines), widths[-1]), np.nan)
    for i, line in enumerate(lines):
        place = f'{path}, line {i + 1}'
        try:
            row = [float(value) for value in line.split()]
        except ValueError as error:
            raise InputError(f'{place}: not numbers') from error
        if len(row) not in widths or not all(map(math.isfinite, row)):
            allowed = ' or '.join(map(str, widths))
            raise InputError(f'{place}: must be {allowed} finite numbers')
        if row[score_column] < 0:
            raise InputError(
                f'{place}: the score {row[score_column]} is negative')
        if num_classes and row[0] not in range(1, num_classes):
            raise InputError(f'{place}: class {row[0]:g}, allowed are '
                             f'1..{num_classes - 1}')
        table[i, :len(row)] = row
    return table


def make_submission(folder: str, path: str) -> int:
    """Pack a dump as the multi-person challenge wants it.

    The archive has the files of ``global_parsing`` and ``instance_parsing``
    and nothing else; gives their number.
    """
    members = [*_list_files(folder, GLOBAL), *_list_files(folder, PARTS)]
    partial = f'{path}.partial'
    with zipfile.ZipFile(partial, 'w', zipfile.ZIP_DEFLATED) as archive:
        for member in sorted(members):
            archive.write(member, member.relative_to(folder))
    os.replace(partial, path)
    return len(members)
