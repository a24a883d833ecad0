# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from functools import partial
from typing import Optional, Set, Tuple

import numpy as np
from mmengine import fileio
from mmengine.logging import MMLogger
from mmseg.registry import TRANSFORMS

from projects.qanet.ground_truth import check_label_values, read_label_map
from projects.qanet.ground_truth.label_maps import (check_label_size,
                                                    check_some_class)
from projects.qanet.utils.errors import InputError
from .topdown import ShownTransform


@TRANSFORMS.register_module()
class LoadPersonParsing(ShownTransform):
    """Load one person's label map: other persons are background.

    Needs ``seg_map_path, human_map_path, parsing_id``; where they are there,
    label values are checked against ``num_classes`` and the size against
    ``ori_shape`` of ``img_path``. Adds ``gt_seg_map``, (h, w) uint8, 255 is
    ignored in training, and its name to ``seg_fields``. A person without any
    pixel gives an all-background map and is named in the log, each once per
    process. ``backend_args`` is the storage backend of ``mmengine.fileio``,
    the local disk by default.
    """

    def __init__(self, backend_args: Optional[dict] = None) -> None:
        self.backend_args = backend_args
        self._named: Set[Tuple[str, int]] = set()

    def transform(self, results: dict) -> dict:
        """Load ``gt_seg_map``.

        Raises a FileNotFoundError, or an InputError if a label map is no
        one-channel PNG, if the sizes of image and label maps differ, if a
        label is no class, or if the map of persons is a mask of 0 and 255.
        """
        categories, humans = self.read_maps(results)
        # A product is several times faster than np.where on bytes.
        own = humans == results['parsing_id']
        if not own.any():
            self.check_missing(humans, results['parsing_id'],
                               results['human_map_path'])
        results['gt_seg_map'] = categories * own
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    def read_maps(self, results: dict) -> Tuple[np.ndarray, np.ndarray]:
        """The labels, (h, w) uint8, and numbers of persons, (h, w), checked.

        Raises what :meth:`transform` does.
        """
        seg_path = results['seg_map_path']
        human_path = results['human_map_path']
        read = partial(fileio.get, backend_args=self.backend_args)
        categories = read_label_map(seg_path, read)
        humans = read_label_map(human_path, read)
        if 'ori_shape' in results:
            height, width = results['ori_shape'][:2]
            check_label_size(categories, (width, height), seg_path,
                             results['img_path'])
        check_label_size(humans, categories.shape[::-1], human_path, seg_path)
        if 'num_classes' in results:
            check_label_values(categories, results['num_classes'], seg_path)
            check_some_class(categories, results['num_classes'], seg_path)
        return categories.astype(np.uint8, copy=False), humans

    def check_missing(self, humans: np.ndarray, parsing_id: int,
                      path: str) -> None:
        """Refuse a mask in place of persons; name a person not in the map."""
        present = np.unique(humans).tolist()
        if present in ([0, 255], [255]):
            raise InputError(f'{path} holds no values but 0 and 255: persons '
                             'must be numbered, their parsing_id')
        if (path, parsing_id) not in self._named:
            self._named.add((path, parsing_id))
            MMLogger.get_current_instance().warning(
                f'{path} has no pixel of the person {parsing_id}, only '
                f'background is learned of it; {len(present)} values are '
                f'there: {present[:10]}')
