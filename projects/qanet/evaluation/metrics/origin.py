# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which data set an image comes from: several may be tested in one run."""
import filecmp
import os
from typing import Any

from projects.qanet.ground_truth import label_path
from ..functional.evaluator import ParsingEvaluator


def has_several(dataset_meta: Any) -> bool:
    """Whether several data sets are evaluated, each by its own metric.

    Args:
        dataset_meta (Any): What the runner sets: a dict, or what mmdet's
            ``ConcatDataset`` has for its ``MultiDatasetsEvaluator``.

    Returns:
        bool: Then a metric gets images of other data sets, too.
    """
    return (isinstance(dataset_meta, (list, tuple))
            or 'cumulative_sizes' in (dataset_meta or {}))


def is_of(evaluator: ParsingEvaluator, image_id: int, path: str) -> bool:
    """Whether an image is the one of that id, or a copy of it.

    Args:
        evaluator (ParsingEvaluator): The data set.
        image_id (int): The image's id.
        path (str): The image that was tested.

    Returns:
        bool: False if the data set has no such id, or has another file for
        it. True where it has no files of images to compare with.
    """
    image = evaluator.images.get(image_id)
    if image is None:
        return False
    folder = os.path.join(evaluator.data_root, evaluator.img_subdir)
    own = label_path(folder, image.file_name,
                     os.path.splitext(image.file_name)[1],
                     evaluator.img_subdir)
    return (not os.path.isfile(own) or not os.path.isfile(path)
            or filecmp.cmp(own, path))
