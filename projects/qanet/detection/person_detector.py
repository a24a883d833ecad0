# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Any mmdet detector as a source of person boxes."""
import copy
from types import ModuleType
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import nn

from projects.qanet.utils.configs import read_config
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_whole, plain_number
from projects.qanet.utils.weights import load_checkpoint

# Thinner pictures are padded: a side must not become 0 pixels when resized.
_THINNEST = 32


def _import_mmdet() -> ModuleType:
    """mmdet, imported when it is needed: parsing alone works without."""
    try:
        import mmdet.registry
        import mmdet.utils
    except ImportError as error:
        raise ImportError(
            'finding persons needs mmdet (docs/installation.md); without it '
            f'give the boxes yourself with bboxes=: {error}') from error
    return mmdet


def _padded(image: np.ndarray) -> np.ndarray:
    """An image with black below or beside it if it is very thin."""
    size = image.shape[:2]
    least = -(-max(size) // _THINNEST)
    if min(size) >= least:
        return image
    return mmcv.impad(image, shape=tuple(max(side, least) for side in size))


def _build(mmdet: ModuleType, config: Config) -> nn.Module:
    """The detector of a config; one of something else is refused."""
    problem = 'it has no model and test_dataloader'
    if 'model' in config and 'test_dataloader' in config:
        try:
            return mmdet.registry.MODELS.build(config.model)
        except KeyError as error:
            problem = str(error.args[0]).split('. ')[0]
    raise InputError(f'det_model {config.filename or "(a config)"} must be '
                     f'the config of a detector of mmdet: {problem}')


def _checked_labels(cat_ids: Any) -> Tuple[int, ...]:
    """Labels as a tuple; one may be given alone."""
    labels = list(cat_ids) if isinstance(cat_ids, (set, frozenset)) else (
        [cat_ids] if np.ndim(cat_ids) == 0 else cat_ids)
    labels = tuple(map(plain_number, labels))
    if not labels or not all(map(is_whole, labels)):
        raise InputError('det_cat_ids must be a label of the detector, which '
                         'is a whole number, or a list of at least one, not '
                         f'{cat_ids!r}')
    return labels


class PersonDetector:
    """Finds persons with a detector of mmdet, in mmdet's registry scope.

    Args:
        model (str | Config | nn.Module): Config file, 'mmdet::' and the path
            of one of mmdet's own, config, or a built detector (with its
            config as ``cfg``).
        weights (str, optional): Checkpoint; only a built detector needs none.
        cat_ids (int | Sequence[int]): Labels of the detector that are persons.
        bbox_thr (float): Boxes with a lower score are left out.
        device (str): Where the detector runs.

    Raises a FileNotFoundError if the config file is missing, an ImportError
    without mmdet, and an InputError if the weights are missing, cannot be read
    or do not fit, or the detector has no such labels.
    """

    def __init__(self,
                 model: Union[str, Config, nn.Module],
                 weights: Optional[str] = None,
                 cat_ids: Union[int, Sequence[int]] = (0, ),
                 bbox_thr: float = 0.3,
                 device: str = 'cpu') -> None:
        mmdet = _import_mmdet()
        self.cat_ids = _checked_labels(cat_ids)
        self.bbox_thr = bbox_thr
        if weights is None and not isinstance(model, nn.Module):
            raise InputError('a detector without weights is untrained: give '
                             'its checkpoint (det_weights=)')
        with DefaultScope.overwrite_default_scope('mmdet'):
            if not isinstance(model, nn.Module):
                # Building changes a config, and it is the caller's.
                config = copy.deepcopy(read_config(model))
                model = _build(mmdet, config)
                model.cfg = config
            if weights is not None:
                meta = load_checkpoint(model, weights).get('meta') or {}
                model.dataset_meta = meta.get('dataset_meta')
            # The networks would find nobody, without an error.
            if not all(value.isfinite().all() for value in model.parameters()):
                raise InputError(f'the detector {weights or ""} has weights '
                                 'that are not finite; it has diverged')
            self._check_labels(model)
            self.model = model.to(device).eval()
            pipeline = mmdet.utils.get_test_pipeline_cfg(
                copy.deepcopy(model.cfg))
            pipeline[0].type = 'mmdet.LoadImageFromNDArray'
            self._pipeline = Compose(pipeline)

    def _check_labels(self, model: nn.Module) -> None:
        """Refuse labels that do not exist, warn where persons are others."""
        names = (getattr(model, 'dataset_meta', None) or {}).get('classes')
        names = [names] if isinstance(names, str) else list(names or ())
        in_heads = [
            module.num_classes for name, module in model.named_modules()
            if 'head' in name and is_whole(getattr(module, 'num_classes', ''))
        ]
        count = len(names) or max(in_heads, default=None)
        for label in self.cat_ids:
            if label < 0 or count is not None and label >= count:
                raise InputError(
                    f'det_cat_ids has {label}, but the detector has '
                    f'{count or "no negative"} labels, counted from 0')
        lower = [str(name).lower() for name in names]
        if 'person' in lower and lower.index('person') not in self.cat_ids:
            MMLogger.get_current_instance().warning(
                f'the detector calls label {lower.index("person")} person, '
                f'but det_cat_ids is {list(self.cat_ids)}')

    @torch.no_grad()
    def __call__(self,
                 images: Sequence[np.ndarray],
                 bbox_thr: Optional[float] = None) -> List[np.ndarray]:
        """Find the persons of some images, (H, W, 3) uint8, BGR.

        ``bbox_thr`` goes before the constructor's. Gives one (N, 5) float32
        array per image, xyxy in pixels and score, best first; N may be 0.
        Raises an InputError if boxes or scores are not finite.
        """
        thr = self.bbox_thr if bbox_thr is None else bbox_thr
        found: Dict[int, np.ndarray] = {}
        with DefaultScope.overwrite_default_scope('mmdet'):
            packed = [
                self._pipeline(dict(img=_padded(image), img_id=k))
                for k, image in enumerate(images)
            ]
            # mmdet would pad the smaller ones of a batch, and find others.
            shapes = [sample['inputs'].shape for sample in packed]
            for shape in dict.fromkeys(shapes):
                alike = [k for k, other in enumerate(shapes) if other == shape]
                samples = self.model.test_step(
                    pseudo_collate([packed[k] for k in alike]))
                for k, sample in zip(alike, samples):
                    found[k] = self._persons(sample.pred_instances, thr,
                                             images[k].shape)
        return [found[k] for k in range(len(images))]

    def _persons(self, instances: InstanceData, thr: float,
                 shape: Sequence[int]) -> np.ndarray:
        """Boxes of the persons that reach the threshold, best first."""
        scores = instances.scores.cpu().numpy().astype(np.float32)
        bboxes = instances.bboxes.cpu().numpy().astype(np.float32)
        if not (np.isfinite(scores).all() and np.isfinite(bboxes).all()):
            raise InputError('the detector gave boxes or scores that are not '
                             'finite; its weights have diverged')
        # Nobody is in the padding.
        bboxes = bboxes.clip(0, np.float32([shape[1], shape[0]] * 2))
        chosen = (
            np.isin(instances.labels.cpu().numpy(), self.cat_ids)
            & (scores >= thr) & (bboxes[:, 2:] > bboxes[:, :2]).all(1))
        rows = np.column_stack([bboxes, scores])[chosen]
        return rows[np.argsort(-rows[:, 4], kind='stable')]
