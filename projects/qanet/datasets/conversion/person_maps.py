# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From masks of single persons to the maps of a whole image."""
import os.path as osp
from typing import Dict, Hashable, List, Tuple, Union

import numpy as np

from .label_maps import (build_instance_map, instance_table,
                         write_instance_table, write_label_map)


class PersonPainter:
    """Paints persons on one map of classes and one of person ids.

    What is painted later covers what was painted earlier.

    Args:
        size (tuple[int, int]): Width and height of the image in pixels.
    """

    def __init__(self, size: Tuple[int, int]) -> None:
        self._categories = np.zeros(size[::-1], np.uint8)
        self._humans = np.zeros(size[::-1], np.uint16)
        self._numbers: Dict[Hashable, int] = {}

    def paint(self, person: Hashable, labels: Union[int, np.ndarray],
              where: np.ndarray) -> None:
        """Paint a person or a part of it.

        Args:
            person (Hashable): Who it is.
            labels (int | np.ndarray): One class, or classes of shape (h, w).
                Pixels of class 0 become nobody's.
            where (np.ndarray): Shape (h, w), bool: the pixels to paint.
        """
        number = self._numbers.setdefault(person, len(self._numbers) + 1)
        labels = np.broadcast_to(np.asarray(labels, np.uint8),
                                 where.shape)[where]
        self._categories[where] = labels
        self._humans[where] = np.where(labels > 0, number, 0)

    def erase(self, where: np.ndarray) -> None:
        """Let something that is no person cover what is there.

        Args:
            where (np.ndarray): Shape (h, w), bool.
        """
        self._categories[where] = 0
        self._humans[where] = 0

    def result(self) -> Tuple[np.ndarray, np.ndarray, List[Hashable]]:
        """The maps as they are now.

        Returns:
            tuple[np.ndarray, np.ndarray, list]: Classes (h, w) uint8; person
            ids (h, w) uint8 (uint16 with more than 255 persons), 1 ... N in
            the order in which persons appeared, without gaps; and the persons
            of whom no pixel is visible.
        """
        counts = np.bincount(
            self._humans.ravel(), minlength=len(self._numbers) + 1)
        visible = counts > 0
        visible[0] = False
        table = np.where(visible, np.cumsum(visible), 0)
        dtype = np.uint8 if visible.sum() <= 255 else np.uint16
        hidden = [
            person for person, number in self._numbers.items()
            if not visible[number]
        ]
        return (self._categories.copy(), table.astype(dtype)[self._humans],
                hidden)


def write_person_maps(out: str, stem: str, categories: np.ndarray,
                      humans: np.ndarray, num_classes: int) -> None:
    """Write an image's classes, persons and part instances.

    Args:
        out (str): Folder of the split.
        stem (str): Name of the image, without ending.
        categories (np.ndarray): Classes of shape (h, w), uint8.
        humans (np.ndarray): Person ids of shape (h, w), integers.
        num_classes (int): Number of classes, background included.
    """
    write_label_map(osp.join(out, 'Category_ids', f'{stem}.png'), categories)
    write_label_map(osp.join(out, 'Human_ids', f'{stem}.png'), humans)
    write_instances(
        osp.join(out, 'Instance_ids', stem), categories, humans, num_classes)


def write_instances(target: str, categories: np.ndarray, humans: np.ndarray,
                    num_classes: int) -> None:
    """Number an image's parts and write their map and table.

    Args:
        target (str): Files to write, without ending.
        categories (np.ndarray): Classes of shape (h, w).
        humans (np.ndarray): Person ids of shape (h, w).
        num_classes (int): Number of classes, background included.
    """
    instances = build_instance_map(categories, humans, num_classes)
    write_label_map(f'{target}.png', instances)
    write_instance_table(f'{target}.txt',
                         instance_table(instances, categories, humans))
