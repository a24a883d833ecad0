# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Find the ground truth of a data sample."""
from typing import Optional, Tuple

import numpy as np
from mmseg.structures import SegDataSample

from projects.qanet.ground_truth import read_label_map


def ground_truth_maps(
    data_sample: SegDataSample
) -> Optional[Tuple[np.ndarray, Optional[np.ndarray]]]:
    """Label maps of a sample's ground truth, where it has any.

    Args:
        data_sample (SegDataSample): Sample with ``gt_sem_seg`` (training: one
            person in its crop) or with ``seg_map_path`` and perhaps
            ``human_map_path`` (validation: the whole image).

    Returns:
        tuple | None: Class of each pixel, (H, W) int, and person of each
        pixel, (H, W) int, or None where persons are not told apart. None
        without ground truth.
    """
    if 'gt_sem_seg' in data_sample:
        # Tensors, or arrays, as mmseg's browse_dataset.py hands them over.
        return np.asarray(data_sample.gt_sem_seg.cpu().data).squeeze(0), None
    seg_map_path = data_sample.get('seg_map_path')
    if seg_map_path is None:
        return None
    human_map_path = data_sample.get('human_map_path')
    owner = None
    if human_map_path is not None:
        owner = read_label_map(human_map_path).astype(np.int32)
    return read_label_map(seg_map_path), owner
