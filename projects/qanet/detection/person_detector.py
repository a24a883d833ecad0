# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Any mmdet detector as a source of person boxes."""
import os.path as osp
from typing import List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import DefaultScope

from projects.qanet.utils.checkpoint import load_checkpoint


def _import_mmdet():
    """mmdet, imported when it is needed: parsing alone works without."""
    try:
        import mmdet.apis
        import mmdet.registry
        import mmdet.utils
    except ImportError as error:
        raise ImportError(
            'finding persons needs mmdet (pip install "mmdet>=3.1,<3.4"); '
            f'without it give the boxes yourself with bboxes=: {error}'
        ) from error
    return mmdet


class PersonDetector:
    """Finds persons with a detector of mmdet.

    Everything happens in mmdet's registry scope; the caller's default scope
    is left as it was.

    Args:
        model (str | Config | nn.Module): Config file, 'mmdet::' and the path
            of one of mmdet's own, config, or a built detector (with its
            config as ``cfg``).
        weights (str, optional): Checkpoint. None leaves the weights as they
            are, which is only useful for a built detector.
        cat_ids (Sequence[int]): Labels of the detector that are persons.
            Defaults to (0,), the person of COCO.
        bbox_thr (float): Boxes with a lower score are left out. Defaults to
            0.3.
        device (str): Where the detector runs. Defaults to 'cpu'.

    Raises:
        FileNotFoundError: If the config file is missing.
        ImportError: If mmdet is not installed.
        InputError: If the weights cannot be read or do not fit.

    Example:
        >>> detector = PersonDetector('configs/fcos/...', 'fcos.pth')
        >>> boxes = detector([bgr_image])[0]  # (N, 5) xyxy and score
    """

    def __init__(self,
                 model: Union[str, Config, torch.nn.Module],
                 weights: Optional[str] = None,
                 cat_ids: Sequence[int] = (0, ),
                 bbox_thr: float = 0.3,
                 device: str = 'cpu') -> None:
        self._mmdet = _import_mmdet()
        self.cat_ids = tuple(cat_ids)
        self.bbox_thr = bbox_thr
        with DefaultScope.overwrite_default_scope('mmdet'):
            if not isinstance(model, torch.nn.Module):
                model = self._build(model)
            if weights is not None:
                load_checkpoint(model, weights, map_location='cpu')
            self.model = model.to(device).eval()
            self._pipeline = self._build_pipeline(model.cfg)

    def _build(self, config: Union[str, Config]) -> torch.nn.Module:
        """Build the detector without downloading a backbone's weights."""
        if not isinstance(config, Config):
            path = str(config)
            if '::' in path:
                config = get_config(path)
            elif osp.isfile(path):
                config = Config.fromfile(path)
            else:
                raise FileNotFoundError(f'detector config {path} not found')
        model = self._mmdet.registry.MODELS.build(config.model)
        model.cfg = config
        return model

    def _build_pipeline(self, config: Config):
        """The config's test pipeline, fed with arrays instead of files."""
        from mmcv.transforms import Compose
        pipeline = self._mmdet.utils.get_test_pipeline_cfg(config.copy())
        pipeline[0].type = 'mmdet.LoadImageFromNDArray'
        return Compose(pipeline)

    def __call__(self, images: Sequence[np.ndarray]) -> List[np.ndarray]:
        """Find the persons of each image.

        Args:
            images (Sequence[np.ndarray]): BGR images of shape (H, W, 3),
                uint8.

        Returns:
            list[np.ndarray]: One (N, 5) float32 array per image, xyxy in
            pixels and score, best first; N may be 0.
        """
        with DefaultScope.overwrite_default_scope('mmdet'):
            samples = self._mmdet.apis.inference_detector(
                self.model, list(images), self._pipeline)
        return [self._persons(sample.pred_instances) for sample in samples]

    def _persons(self, instances) -> np.ndarray:
        """Boxes of the persons that reach the threshold, best first."""
        scores = instances.scores.cpu().numpy().astype(np.float32)
        labels = instances.labels.cpu().numpy()
        bboxes = instances.bboxes.cpu().numpy().astype(np.float32)
        size = bboxes[:, 2:] - bboxes[:, :2]
        chosen = (
            np.isin(labels, self.cat_ids) & (scores >= self.bbox_thr)
            & (size > 0).all(1))
        order = np.argsort(-scores[chosen], kind='stable')
        return np.concatenate([bboxes[chosen], scores[chosen, None]],
                              axis=1)[order]
