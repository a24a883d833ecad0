# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The truth of an image as runs: counts of pixels are sums of their lengths.
"""
import os
from typing import Dict, NamedTuple

import numpy as np

from projects.qanet.utils.errors import InputError
from .annotations import MAX_ID, ImageInfo
from .label_maps import (IGNORE_LABEL, check_label_values, check_some_class,
                         label_path, read_image_labels)


class LabelRuns(NamedTuple):
    """Ground truth of one image as K runs down the columns, all int64."""
    starts: np.ndarray  # first pixels (x * height + y), (K,), ascending from 0
    categories: np.ndarray  # value in Category_ids, (K,)
    humans: np.ndarray  # value in Human_ids, (K,)
    instances: np.ndarray  # value in Instance_ids, (K,)
    instance_ids: np.ndarray  # ids that the text file lists, (I,)
    instance_classes: np.ndarray  # their classes, (I,)


def read_instance_classes(path: str, num_classes: int) -> Dict[int, int]:
    """Class by value of Instance_ids: ``instance_id class_id ...`` a line."""
    try:
        # What is no text is found to be no number below.
        with open(path, encoding='utf-8-sig', errors='replace') as file:
            lines = [line.split() for line in file]
    except FileNotFoundError:
        raise FileNotFoundError(
            f'list of instances {path} does not exist') from None
    classes: Dict[int, int] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            instance, label = int(line[0]), int(line[1])
        except (ValueError, IndexError):
            problem = 'not "instance_id class_id human_id"'
        else:
            problem = ''
            if not 1 <= instance <= MAX_ID:
                problem = f'instance {instance}, allowed are 1..{MAX_ID}'
            elif instance in classes:
                problem = f'instance {instance} is listed twice'
            elif not 0 <= label < num_classes and label != IGNORE_LABEL:
                problem = f'class {label}, allowed are 0..{num_classes - 1}'
        if problem:
            raise InputError(f'{path}, line {number}: {problem}')
        classes[instance] = label
    return classes


def make_label_runs(categories: np.ndarray, humans: np.ndarray,
                    instances: np.ndarray,
                    instance_classes: Dict[int, int]) -> LabelRuns:
    """Find the runs in which none of three label maps (H, W) changes.

    A run ends at the bottom of its column at the latest. ``instance_classes``
    is the class of each part instance.
    """
    height, width = categories.shape
    changes = categories[1:] != categories[:-1]
    changes |= humans[1:] != humans[:-1]
    changes |= instances[1:] != instances[:-1]
    # Finding the few changes in memory order and sorting them is faster than
    # transposing the maps.
    y, x = np.divmod(np.flatnonzero(changes), width)
    tops = np.arange(width, dtype=np.int64) * height
    starts = np.concatenate([tops, x * height + y + 1])
    starts.sort()
    x, y = np.divmod(starts, height)
    pixels = y * width + x
    return LabelRuns(
        starts,
        *(labels.reshape(-1)[pixels].astype(np.int64)
          for labels in (categories, humans, instances)),
        np.array(list(instance_classes.keys()), np.int64),
        np.array(list(instance_classes.values()), np.int64))


def empty_truth() -> LabelRuns:
    """One run of background: an image of any size without a person."""
    return LabelRuns(*np.zeros((4, 1), np.int64), *np.zeros((2, 0), np.int64))


def read_label_runs(image: ImageInfo,
                    data_root: str,
                    num_classes: int,
                    img_subdir: str = 'Images',
                    with_instances: bool = True) -> LabelRuns:
    """Read the ground truth of one image, each file once.

    ``data_root`` is the folder of the split, with Category_ids, Human_ids and
    Instance_ids, which only AP^r needs. Raises a FileNotFoundError, or an
    InputError if a file is broken, does not fit the image, or has a label that
    is neither a class nor 255, or if persons (no crowds) have none but 255.
    """

    def path(folder: str, suffix: str = '.png') -> str:
        return label_path(
            os.path.join(data_root, folder), image.file_name, suffix,
            img_subdir)

    categories, humans = (
        read_image_labels(image, path(folder))
        for folder in ('Category_ids', 'Human_ids'))
    instances, classes = np.zeros_like(humans), {}
    if with_instances:
        instances = read_image_labels(image, path('Instance_ids'))
        classes = read_instance_classes(
            path('Instance_ids', '.txt'), num_classes)
    runs = make_label_runs(categories, humans, instances, classes)
    # Of many pixels few runs are left to be checked.
    check_label_values(runs.categories, num_classes, path('Category_ids'))
    persons = [one.parsing_id for one in image.persons if not one.is_crowd]
    check_some_class(runs.categories[np.isin(runs.humans, persons)],
                     num_classes, path('Category_ids'))
    return runs
