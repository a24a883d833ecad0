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
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

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
    boxes = np.round(dump.human_boxes).astype(int)[:, [1, 0, 3, 2]].tolist()
    humans = [[score, *box]
              for score, box in zip(dump.human_scores.tolist(), boxes)]
    parts = zip(dump.part_labels.tolist(), dump.part_scores.tolist())
    for name, labels, rows in ((GLOBAL, dump.categories,
                                None), (HUMANS, dump.humans, humans),
                               (PARTS, dump.parts, parts)):
        path = _file(folder, name, image, '.png', img_subdir)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Image.fromarray(labels).save(path)
        if rows is not None:
            lines = [' '.join(map(str, row)) + '\n' for row in rows]
            write_text(
                _file(folder, name, image, '.txt', img_subdir), ''.join(lines))


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
        found = labels.max(initial=0)
        if found > highest:
            raise InputError(f'{path} has the number {found}, but there are '
                             f'{reason}')
        if found > 255:
            raise InputError(f'{path} has the number {found}, the highest '
                             'that the format allows is 255')
        return labels.astype(np.uint8)

    dump = DumpedImage()
    if GLOBAL in names:
        dump.categories = read_map(GLOBAL, num_classes - 1,
                                   f'{num_classes} classes')
    if HUMANS in names:
        path = _file(folder, HUMANS, image, '.txt', img_subdir)
        rows = _read_rows(path, (1, 5), 0)
        table = np.full((len(rows), 5), np.nan)
        for values, row in zip(table, rows):
            values[:len(row)] = row
        dump.human_scores = table[:, 0]
        dump.human_boxes = table[:, [2, 1, 4, 3]]
        dump.humans = read_map(HUMANS, len(rows),
                               f'{len(rows)} lines in its text file')
    if PARTS in names:
        path = _file(folder, PARTS, image, '.txt', img_subdir)
        rows = _read_rows(path, (2, ), 1)
        for line, (label, _) in enumerate(rows, 1):
            if label % 1 or not 1 <= label < num_classes:
                raise InputError(f'{path}, line {line}: class {label:g}, '
                                 f'allowed are 1..{num_classes - 1}')
        table = np.array(rows, np.float64).reshape(-1, 2)
        dump.part_labels = table[:, 0].astype(np.int64)
        dump.part_scores = table[:, 1]
        dump.parts = read_map(PARTS, len(rows),
                              f'{len(rows)} lines in its text file')
    return dump


def _read_rows(path: str, widths: Tuple[int, ...],
               score_column: int) -> List[List[float]]:
    """Read lines of numbers; scores must be finite and not negative."""
    try:
        lines = read_text(path).rstrip().splitlines()
    except FileNotFoundError:
        raise FileNotFoundError(f'file {path} does not exist') from None
    rows = []
    for number, line in enumerate(lines, 1):
        place = f'{path}, line {number}'
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
        rows.append(row)
    return rows


def make_submission(folder: str, path: str) -> int:
    """Pack a dump as the multi-person challenge wants it.

    The archive has the files of ``global_parsing`` and ``instance_parsing``
    and nothing else; gives their number.
    """
    members = [
        path for name in (GLOBAL, PARTS) for path in _list_files(folder, name)
    ]
    partial = f'{path}.partial'
    with zipfile.ZipFile(partial, 'w', zipfile.ZIP_DEFLATED) as archive:
        for member in sorted(members):
            archive.write(member, member.relative_to(folder))
    os.replace(partial, path)
    return len(members)
