# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Persons and part instances of label maps."""
import os.path as osp
from pathlib import Path
from typing import Callable, List, Optional, Tuple

import cv2
import numpy as np

from projects.qanet.ground_truth import (IGNORE_LABEL, check_label_values,
                                         decode_label_map, read_label_map)
from projects.qanet.ground_truth.label_maps import (check_label_size,
                                                    check_some_class)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_text
from .files import link_file, make_place

LabelReader = Callable[[str], np.ndarray]
# Colour types of PNGs with red, green and blue.
_COLORED = (b'\x02', b'\x06')


def read_labels_of(image: str,
                   size: Tuple[int, int],
                   path: str,
                   num_classes: Optional[int] = None,
                   read: LabelReader = read_label_map) -> np.ndarray:
    """Read a label map and check that it belongs to an image.

    Args:
        image (str): The image's path, for messages.
        size (tuple[int, int]): Its width and height in pixels.
        path (str): Label map to read.
        num_classes (int, optional): Check that labels are below it (or 255).
            Defaults to None, for maps of other things than classes.
        read (Callable): Reads the file. Defaults to :func:`read_label_map`.

    Returns:
        np.ndarray: Shape (h, w), uint8 or uint16.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it cannot be read, does not fit the image, or is a
            mask of 0 and 255 instead of classes.
    """
    labels = read(path)
    check_label_size(labels, size, path, image)
    if num_classes is not None:
        check_label_values(labels, num_classes, path)
        check_some_class(labels, num_classes, path)
    return labels


def read_red_labels(path: str) -> np.ndarray:
    """Read a label PNG that may have its indices in the red channel.

    Args:
        path (str): PNG of colours, as MHP's, or of one channel.

    Returns:
        np.ndarray: Shape (h, w), uint8 (uint16 for 16-bit PNGs).

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it cannot be read.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'label map {path} does not exist')
    with open(path, 'rb') as file:
        data = file.read()
    if data[1:4] != b'PNG' or data[25:26] not in _COLORED:
        return decode_label_map(data, path)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise InputError(f'{path} is a broken PNG')
    return np.ascontiguousarray(image[..., 2])  # OpenCV's order is BGR(A)


def place_label_map(source: str, target: str, labels: np.ndarray) -> None:
    """Put a label map in its place: linked, if it is a grey PNG already.

    Args:
        source (str): PNG that ``labels`` were read from.
        target (str): Where to put it. Palette PNGs are written anew, since
            many programs would read their colours.
        labels (np.ndarray): Shape (h, w), uint8 or uint16.
    """
    with open(source, 'rb') as file:
        color_type = file.read(26)[25]
    if color_type == 0:
        link_file(source, target)
    else:
        write_label_map(target, labels)


def persons_of(humans: np.ndarray) -> List[dict]:
    """Describe the persons of a map of person ids.

    Args:
        humans (np.ndarray): Person ids of shape (h, w), integers, 0 is
            nobody. Ids without pixels are no trouble, they just aren't there.

    Returns:
        list[dict]: Per person in ascending id: ``parsing_id``, ``bbox``
        (tight, xywh in pixels) and ``area`` (pixels).
    """
    persons = []
    for parsing_id in np.flatnonzero(np.bincount(humans.ravel())).tolist():
        if parsing_id == 0:
            continue
        own = humans == parsing_id
        columns = np.flatnonzero(own.any(axis=0))
        rows = np.flatnonzero(own.any(axis=1))
        persons.append(
            dict(
                parsing_id=parsing_id,
                bbox=[
                    int(columns[0]),
                    int(rows[0]),
                    int(columns[-1] - columns[0] + 1),
                    int(rows[-1] - rows[0] + 1)
                ],
                area=int(own.sum())))
    return persons


def build_instance_map(categories: np.ndarray, humans: np.ndarray,
                       num_classes: int) -> np.ndarray:
    """Number the parts of all persons.

    The number is ``(person - 1) * num_classes + class`` as in CIHP, or, where
    that does not fit into 8 bits, a running one (by person, then class).

    Args:
        categories (np.ndarray): Classes of shape (h, w); 255 is no part.
        humans (np.ndarray): Person ids of shape (h, w).
        num_classes (int): Number of classes, background included.

    Returns:
        np.ndarray: Shape (h, w), uint8, 0 where there is no part; uint16 if
        there are more than 255 parts.
    """
    part = (categories > 0) & (categories != IGNORE_LABEL) & (humans > 0)
    instances = np.where(part, (humans.astype(np.int64) - 1) * num_classes +
                         categories, 0)
    if instances.max(initial=0) > 255:
        values, running = np.unique(instances, return_inverse=True)
        # 0 stays 0 even if every pixel is a part.
        running = running.reshape(instances.shape) + (values[0] != 0)
        instances = running
    wide = instances.max(initial=0) > 255
    return instances.astype(np.uint16 if wide else np.uint8)


def instance_table(instances: np.ndarray, categories: np.ndarray,
                   humans: np.ndarray) -> List[Tuple[int, int, int]]:
    """Class and person of each part instance, by the majority of its pixels.

    Args:
        instances (np.ndarray): Part numbers of shape (h, w), 0 is none.
        categories (np.ndarray): Classes of shape (h, w).
        humans (np.ndarray): Person ids of shape (h, w).

    Returns:
        list[tuple[int, int, int]]: ``(instance_id, class_id, human_id)`` in
        ascending order. Numbers that lie only where there is no class or no
        person are left out.
    """
    part = ((instances > 0) & (categories > 0) & (categories != IGNORE_LABEL)
            & (humans > 0))
    numbers = instances[part].astype(np.int64)
    classes = _majority(numbers, categories[part])
    owners = _majority(numbers, humans[part])
    return [(number, int(classes[number]), int(owners[number]))
            for number in np.flatnonzero(np.bincount(numbers)).tolist()]


def _majority(numbers: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The most frequent value at each number, by counting, not sorting."""
    if not numbers.size:
        return np.zeros(0, np.int64)
    width = int(values.max()) + 1
    counts = np.bincount(
        numbers * width + values, minlength=(numbers.max() + 1) * width)
    return counts.reshape(-1, width).argmax(axis=1)


def write_instance_table(path: str, table: List[Tuple[int, int, int]]) -> None:
    """Write ``instance_id class_id human_id`` lines.

    Args:
        path (str): Text file to write.
        table (list[tuple[int, int, int]]): See :func:`instance_table`.
    """
    write_text(path, ''.join('{} {} {}\n'.format(*row) for row in table))


def write_label_map(path: str, labels: np.ndarray) -> None:
    """Write a label map as one-channel PNG.

    Args:
        path (str): PNG file to write.
        labels (np.ndarray): Shape (h, w), uint8 or uint16.

    Raises:
        OSError: If the file cannot be written.
    """
    make_place(path)
    _, data = cv2.imencode('.png', labels)
    # OpenCV's own writing does not tell why it fails.
    Path(path).write_bytes(data.tobytes())
