# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Sequence

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackParsingInputs(PackSegInputs):
    """Pack a training crop, or a test image with its boxes, for the model.

    Needs ``img`` and either ``gt_seg_map`` or ``bboxes`` (N, 4), xyxy in
    pixels, and ``bbox_scores`` (N,). ``meta_keys`` are kept as meta
    information, where present; the defaults hold what the parser, the metric
    and the visualizer read.
    """

    def __init__(
        self,
        meta_keys: Sequence[str] = ('img_path', 'img_id', 'ann_id',
                                    'parsing_id', 'ori_shape', 'img_shape',
                                    'flip', 'flip_pairs', 'seg_map_path',
                                    'human_map_path')
    ) -> None:
        super().__init__(meta_keys=tuple(meta_keys))

    def transform(self, results: dict) -> dict:
        """Pack one sample.

        Gives ``inputs``, a uint8 tensor (3, h, w) in BGR order, and
        ``data_samples``, a :class:`mmseg.structures.SegDataSample` with
        ``gt_sem_seg`` (training: ``data`` (1, h, w) int64) or ``proposals``
        (testing: ``bboxes`` (N, 4), xyxy in pixels, ``scores`` (N,), float32).
        """
        packed = super().transform(results)
        if 'bboxes' in results:
            bboxes = np.asarray(results['bboxes'], np.float32).reshape(-1, 4)
            scores = np.asarray(results['bbox_scores'], np.float32)
            packed['data_samples'].proposals = InstanceData(
                bboxes=torch.from_numpy(bboxes),
                scores=torch.from_numpy(scores))
        return packed
