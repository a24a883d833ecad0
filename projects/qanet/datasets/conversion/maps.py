# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Label maps: read, checked, merged from single persons, written."""
from pathlib import Path
from typing import Callable, Dict, Hashable, List, Optional, Tuple, Union

import cv2
import numpy as np
from scipy.ndimage import find_objects

from projects.qanet.ground_truth import (IGNORE_LABEL, check_label_values,
                                         decode_label_map, read_label_map)
from projects.qanet.ground_truth.label_maps import (check_label_size,
                                                    check_some_class)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_bytes, write_text
from projects.qanet.utils.json_values import is_whole
from .files import link_file

#: Persons of an image as :func:`persons_of` gives them, and notes on it.
Found = Tuple[List[dict], List[str]]


def check_num_classes(num_classes: int) -> None:
    """Refuse a number of classes that 8-bit label maps cannot hold."""
    if not is_whole(num_classes, 2, IGNORE_LABEL):
        raise InputError(f'num_classes is {num_classes}, allowed are 2 to '
                         f'{IGNORE_LABEL}, background included')


def read_labels_of(
        image: Path,
        size: Tuple[int, int],
        path: Path,
        num_classes: Optional[int] = None,
        read: Callable[[Path], np.ndarray] = read_label_map) -> np.ndarray:
    """Read a label map (h, w), check that it fits an image of (width, height).

    With ``num_classes``, labels must be below it or 255, and some below 255.
    """
    labels = read(path)
    check_label_size(labels, size, path, image)
    if num_classes is not None:
        check_label_values(labels, num_classes, path)
        check_some_class(labels, num_classes, path)
    return labels


def read_red_labels(path: Path) -> np.ndarray:
    """Read a label PNG of one channel, or of colours, where red counts."""
    data = path.read_bytes()
    # The colour types with red, green and blue.
    if data[1:4] != b'PNG' or data[25:26] not in (b'\x02', b'\x06'):
        return decode_label_map(data, path)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise InputError(f'{path} is a broken PNG')
    return np.ascontiguousarray(image[..., 2])  # OpenCV's order is BGR(A)


def write_label_map(path: Path, labels: np.ndarray) -> None:
    """Write labels of shape (h, w), uint8 or uint16, as one-channel PNG."""
    _, data = cv2.imencode('.png', labels)
    # OpenCV's own writing does not tell why it fails.
    write_bytes(path, data.tobytes())


def place_label_map(source: Path, target: Path, labels: np.ndarray) -> None:
    """Link a grey label PNG; many programs would read a palette's colours."""
    with source.open('rb') as file:
        color_type = file.read(26)[25]
    if color_type == 0:
        link_file(source, target)
    else:
        write_label_map(target, labels)


def persons_of(humans: np.ndarray) -> List[dict]:
    """``parsing_id, bbox`` (tight, xywh) and ``area`` of each person.

    ``humans`` are person ids (h, w) of integers; ids may lack pixels.
    """
    persons = []
    for parsing_id, place in enumerate(find_objects(humans), 1):
        if place is not None:
            y, x = (axis.start for axis in place)
            own = humans[place] == parsing_id
            height, width = own.shape
            persons.append(
                dict(
                    parsing_id=parsing_id,
                    bbox=[x, y, width, height],
                    area=int(own.sum())))
    return persons


def _parts(categories: np.ndarray, humans: np.ndarray) -> np.ndarray:
    """Where a part of a person is: neither background, ignored nor nobody."""
    return (categories > 0) & (categories != IGNORE_LABEL) & (humans > 0)


def write_instance_table(path: Path, instances: np.ndarray,
                         categories: np.ndarray, humans: np.ndarray) -> None:
    """Write a line ``instance class person`` for each part; maps (h, w).

    Class and person are those of most of its pixels. Instances only where
    there is no class or no person are left out.
    """
    lines = []
    parts = np.where(_parts(categories, humans), instances, 0)
    for number, place in enumerate(find_objects(parts), 1):
        if place is not None:
            own = parts[place] == number
            label, person = (
                np.bincount(values[place][own]).argmax()
                for values in (categories, humans))
            lines.append(f'{number} {label} {person}\n')
    write_text(path, ''.join(lines))


def write_instances(out: Path, stem: str, categories: np.ndarray,
                    humans: np.ndarray, num_classes: int) -> None:
    """Number an image's parts; write their map (0 is no part) and table.

    The number is ``(person - 1) * num_classes + class`` as in CIHP, or, where
    that does not fit into 8 bits, a running one (by person, then class); of
    16 bits if there are more than 255 parts.
    """
    part = _parts(categories, humans)
    instances = np.where(part, (humans.astype(np.int64) - 1) * num_classes +
                         categories, 0)
    if instances.max(initial=0) > 255:
        numbers = np.unique(instances[part])
        instances = np.where(part, np.searchsorted(numbers, instances) + 1, 0)
    wide = instances.max(initial=0) > 255
    instances = instances.astype(np.uint16 if wide else np.uint8)
    write_label_map(out / f'Instance_ids/{stem}.png', instances)
    write_instance_table(out / f'Instance_ids/{stem}.txt', instances,
                         categories, humans)


def write_person_maps(out: Path, stem: str, categories: np.ndarray,
                      humans: np.ndarray, num_classes: int) -> None:
    """Write an image's classes, persons and part instances to a split.

    Classes are (h, w) of uint8, person ids (h, w) of uint8 or uint16.
    """
    write_label_map(out / f'Category_ids/{stem}.png', categories)
    write_label_map(out / f'Human_ids/{stem}.png', humans)
    write_instances(out, stem, categories, humans, num_classes)


class PersonPainter:
    """Paints persons on one map of classes and one of person ids.

    What is painted later covers what was painted earlier. ``size`` is (width,
    height); where to paint is a bool mask of shape (h, w).
    """

    def __init__(self, size: Tuple[int, int]) -> None:
        self._categories = np.zeros(size[::-1], np.uint8)
        self._humans = np.zeros(size[::-1], np.uint16)
        self._numbers: Dict[Hashable, int] = {None: 0}

    def paint(self, person: Hashable, labels: Union[int, np.ndarray],
              where: np.ndarray) -> None:
        """Paint a class, or classes (h, w); None, and class 0, are nobody."""
        number = self._numbers.setdefault(person, len(self._numbers))
        labels = np.broadcast_to(labels, where.shape)[where]
        self._categories[where] = labels
        self._humans[where] = np.where(labels > 0, number, 0)

    def write(self, out: Path, stem: str, num_classes: int) -> Optional[Found]:
        """Write the maps of classes, persons and part instances.

        Person ids run from 1 in the order in which persons appeared, without
        gaps; those of whom no pixel is visible are left out and noted. None,
        and no file, if nobody is there or all is to be ignored (255).
        """
        if np.isin(self._categories, (0, IGNORE_LABEL)).all():
            return None
        visible = np.isin(range(len(self._numbers)), self._humans)
        visible[0] = False
        ids = np.where(visible, visible.cumsum(), 0)
        dtype = np.uint8 if ids.max() <= 255 else np.uint16
        humans = ids.astype(dtype)[self._humans]
        write_person_maps(out, stem, self._categories, humans, num_classes)
        return persons_of(humans), [
            f'person {person} left out, no pixel of it is visible'
            for person, number in self._numbers.items()
            if number and not visible[number]
        ]
