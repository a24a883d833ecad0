# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From a trained person detector to an ONNX file."""
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.detectors import SingleStageDetector
from torch import Tensor, nn

from projects.qanet.runtime.person_detector import ENTRIES
from projects.qanet.runtime.session import VERSION, Session
from projects.qanet.utils.configs import type_name
from projects.qanet.utils.errors import InputError
from .export import write_torchscript

OUTPUT_NAMES = ('boxes', 'scores', 'levels', 'centerness')
#: Steps of a test pipeline that the runtime does, or that it can do without.
_STEPS = ('LoadImageFromFile', 'LoadImageFromNDArray', 'LoadAnnotations',
          'Resize', 'PackDetInputs')


class DetectorDifference(NamedTuple):
    """The largest absolute differences of onnxruntime from torch."""
    size: Tuple[int, int]  # width and height of the input
    scores: float  # of classes and centerness
    boxes: float  # in pixels


class _DetectorNetwork(nn.Module):
    """All boxes of a picture, before any of them is left out."""

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> Tuple[Tensor, ...]:
        head = self.detector.bbox_head
        scores, boxes, *factors = head(self.detector.extract_feat(image))
        priors = head.prior_generator.grid_priors(
            [level.shape[-2:] for level in scores], image.dtype, image.device)
        decoded = [
            head.bbox_coder.decode(prior, _rows(box, 4))
            for prior, box in zip(priors, boxes)
        ]
        levels = [
            torch.full_like(one[:, 0], k, dtype=torch.int64)
            for k, one in enumerate(decoded)
        ]
        outputs = [
            torch.cat(decoded),
            torch.cat([_rows(one, head.cls_out_channels) for one in scores]),
            torch.cat(levels)
        ]
        outputs[1] = outputs[1].sigmoid()
        if factors:
            rows = [_rows(one, 1)[:, 0] for one in factors[0]]
            outputs.append(torch.cat(rows).sigmoid())
        return tuple(outputs)


def _rows(level: Tensor, channels: int) -> Tensor:
    """A level's map (1, A * channels, H, W) as rows of channels."""
    return level[0].permute(1, 2, 0).reshape(-1, channels)


def check_detector(detector: nn.Module) -> None:
    """Raise an InputError unless it can be exported.

    Its head must predict as mmdet's :class:`BaseDenseHead` does, from sigmoid
    scores: FCOS, ATSS, RetinaNet and the like.
    """
    head = getattr(detector, 'bbox_head', None)
    plain = isinstance(detector, SingleStageDetector) and isinstance(
        head, BaseDenseHead) and all(
            getattr(type(head), name) is getattr(BaseDenseHead, name)
            for name in ('predict_by_feat', '_predict_by_feat_single',
                         '_bbox_post_process'))
    if not (plain and head.use_sigmoid_cls
            and head.bbox_coder.encode_size == 4):
        whose = '' if head is None else f' with {type(head).__name__}'
        raise InputError(
            f'a {type(detector).__name__}{whose} cannot be exported; top-down '
            'parsers can, and one-stage detectors that predict as FCOS, ATSS '
            'and RetinaNet do')
    nms = head.test_cfg.get('nms', {})
    if nms.get('type', 'nms') != 'nms':
        raise InputError(f'test_cfg.nms of the detector is {nms["type"]}, '
                         'only nms can be exported')


@torch.no_grad()
def export_detector(detector: nn.Module, opset: Optional[int] = None) -> bytes:
    """Write the network of a detector as ONNX, without metadata.

    Its input is ``image`` (1, 3, H, W), normalised and padded; its outputs
    are ``boxes`` (M, 4), xyxy in pixels of the input, ``scores`` (M, K) and
    the ``levels`` (M,) of the pyramid that they come from, with ``centerness``
    (M,) if the head has some. ``opset`` is the version of the operator set, 17
    by default. Raises an InputError as :func:`check_detector` does.
    """
    check_detector(detector)
    network = _DetectorNetwork(detector).eval()
    image = torch.zeros(1, 3, 192, 256)
    names = list(OUTPUT_NAMES[:len(network(image))])
    axes: Dict[str, Dict[int, str]] = {name: {0: 'boxes'} for name in names}
    axes['image'] = {2: 'height', 3: 'width'}
    return write_torchscript(
        network, image,
        dict(
            input_names=['image'],
            output_names=names,
            dynamic_axes=axes,
            opset_version=opset or 17))


@torch.no_grad()
def compare_detector(detector: nn.Module,
                     model: bytes) -> List[DetectorDifference]:
    """Run both on random inputs, N(0, 1), of two sizes, on the CPU.

    Outputs of different shapes or levels, or none, are infinitely far apart.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, 'detector.onnx')
        path.write_bytes(model)
        session = Session(str(path))
    network = _DetectorNetwork(detector).eval()
    step = max(32, detector.data_preprocessor.pad_size_divisor)
    generator = torch.Generator().manual_seed(0)
    differences = []
    for width, height in ((6 * step, 4 * step), (3 * step, 7 * step)):
        image = torch.randn(1, 3, height, width, generator=generator)
        boxes, scores, levels, *others = map(Tensor.numpy, network(image))
        try:
            found = session(image=image.numpy())
        except InputError:  # the size is built in
            found = {}
        others = list(zip(others, OUTPUT_NAMES[3:]))
        scored = [(scores, 'scores'), (levels, 'levels'), *others]
        differences.append(
            DetectorDifference((width, height),
                               max(
                                   _distance(wanted, found.get(name))
                                   for wanted, name in scored),
                               _distance(boxes, found.get('boxes'))))
    return differences


def _distance(wanted: np.ndarray, found: Any) -> float:
    if found is None or wanted.shape != found.shape:
        return float('inf')
    return float(np.nan_to_num(abs(wanted - found), nan=np.inf).max())


def write_detector_metadata(detector: nn.Module, pipeline: Sequence[dict],
                            cat_ids: Sequence[int]) -> str:
    """What :class:`~projects.qanet.runtime.person_detector.PersonDetector`
    has to know, in JSON.

    Args:
        detector (nn.Module): The detector.
        pipeline (Sequence[dict]): Its test pipeline, with one ``Resize``.
        cat_ids (Sequence[int]): Labels that are persons.

    Raises:
        InputError: If the runtime could not prepare images like that.
    """
    steps = {type_name(step['type']): step for step in pipeline}
    resize, unknown = steps.get('Resize', {}), set(steps).difference(_STEPS)
    scale = resize.get('scale')
    if unknown or not (resize.get('keep_ratio') and isinstance(scale, tuple)
                       and resize.get('interpolation', '') in
                       ('', 'bilinear')):
        raise InputError(
            "the detector's test pipeline needs one Resize with scale=(W, H) "
            f'and keep_ratio=True, and may have {", ".join(_STEPS)}, but has '
            f'{", ".join(steps)}')
    preprocessor, test_cfg = detector.data_preprocessor, detector.test_cfg
    if preprocessor.pad_value:
        raise InputError('data_preprocessor.pad_value of the detector is '
                         f'{preprocessor.pad_value}, only 0 can be exported')
    normalizes = preprocessor._enable_normalize
    nms_pre = test_cfg.get('nms_pre', -1)
    values = dict(
        version=VERSION,
        scale=list(scale),
        size_divisor=preprocessor.pad_size_divisor,
        mean=preprocessor.mean.flatten().tolist() if normalizes else [0.],
        std=preprocessor.std.flatten().tolist() if normalizes else [1.],
        bgr_to_rgb=preprocessor._channel_conversion,
        score_thr=test_cfg.get('score_thr', 0),
        nms_pre=nms_pre if nms_pre > 0 else 2**31,
        min_bbox_size=test_cfg.get('min_bbox_size', -1),
        iou_thr=test_cfg['nms']['iou_threshold'],
        max_per_img=test_cfg['max_per_img'],
        cat_ids=list(cat_ids))
    return json.dumps({name: values[name] for name in ('version', *ENTRIES)})
