# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Optional

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from projects.qanet.utils.errors import InputError
from ..label_io import check_label_values, read_label_map


@TRANSFORMS.register_module()
class LoadPersonParsing(BaseTransform):
    """Load one person's label map: other persons are background (PROTOCOL 6).

    A person without any pixel gives an all-background map.

    Required Keys:

        - seg_map_path
        - human_map_path
        - parsing_id
        - num_classes (optional): label values are checked against it
        - img_path, ori_shape (optional): the map's size is checked against
          them

    Added Keys:

        - gt_seg_map: (h, w) uint8; 255 is ignored in training
        - seg_fields: 'gt_seg_map' is appended

    Args:
        backend_args (dict, optional): Storage backend, see
            ``mmengine.fileio``. Defaults to None, the local disk.
    """

    def __init__(self, backend_args: Optional[dict] = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Load ``gt_seg_map``.

        Args:
            results (dict): Sample of a training data set.

        Returns:
            dict: The same with the added keys.

        Raises:
            FileNotFoundError: If a label map is missing.
            InputError: If a label map is no one-channel PNG, if the sizes of
                image and label maps differ, or if a label is no class.
        """
        seg_path = results['seg_map_path']
        categories = read_label_map(seg_path, self.backend_args)
        human_path = results['human_map_path']
        humans = read_label_map(human_path, self.backend_args)
        if 'ori_shape' in results:
            _check_size(categories, seg_path, results['ori_shape'],
                        results['img_path'])
        _check_size(humans, human_path, categories.shape, seg_path)
        if 'num_classes' in results:
            check_label_values(categories, results['num_classes'], seg_path)
        # A product is several times faster than np.where on bytes.
        own = humans == results['parsing_id']
        results['gt_seg_map'] = categories.astype(np.uint8, copy=False) * own
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'


def _check_size(labels: np.ndarray, path: str, shape: tuple,
                other: str) -> None:
    if labels.shape != tuple(shape[:2]):
        height, width = labels.shape
        raise InputError(
            f'{path} is {width}x{height} pixels (w x h), but {other} is '
            f'{shape[1]}x{shape[0]}')
