# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Weights of the released Parsing R-CNN and RP R-CNN in our names."""
import os.path as osp
from typing import Any, Container, Dict, Optional

import torch
from mmengine.config import Config
from torch import Tensor

from projects.qanet.utils.errors import InputError
from .conversion import ConversionReport, unwrap
from .names import Network, translate

_PARSING, _MASK_HEAD = 'Parsing_RCNN', 'roi_head.mask_head'
_LEVELS = ('fpn_{}.2', 'fpn_{}.1', 'fpn_{}.0', 'p5_{}')  # P2 .. P5
_FPN = {
    f'Conv_Body_FPN.{level.format(side)}': f'neck.{convs}.{k}'
    for k, level in enumerate(_LEVELS)
    for side, convs in (('in', 'lateral_convs'), ('out', 'fpn_convs'))
}
_SEMANTIC = {
    f'SemSeg.Head.{name}': f'semantic_head.{name}'
    for name in (*(f'lateral_convs.{k}' for k in range(5)),
                 *(f'convs.{k}' for k in range(4)), 'conv_embedding')
}
_CONTEXT = {
    f'{_PARSING}.Head.{released}': f'{_MASK_HEAD}.context.{ours}'
    for released, ours in (('im_pool.1', 'image_pool'),
                           *((f'asppv3.{k}', f'branches.{k}')
                             for k in range(4)), ('feat.0', 'bottleneck'),
                           *((f'conv_after_asppv3.{k}', f'convs.{k}')
                             for k in range(4)))
}
_IOU_CONVS = {
    f'{_PARSING}.ParsingIoU.Head.convx.{k}': f'{_MASK_HEAD}.iou_head.convs.{k}'
    for k in range(2)
}
# In sequences of a convolution, its norm if there is one, and a ReLU.
_WITH_NORMS = {
    f'{released}.{k}': f'{ours}.{kind}'
    for table in (_FPN, _SEMANTIC, _CONTEXT, _IOU_CONVS)
    for released, ours in table.items()
    for k, kind in enumerate(('conv', 'gn'))
}
# Released prefix -> ours, of both networks: Parsing R-CNN's pyramid has bare
# convolutions, whose names are shorter, and the longest known prefix counts.
_PREFIXES = {
    'Conv_Body': 'backbone',
    **{
        released: f'{ours}.conv'
        for released, ours in _FPN.items()
    },
    **_WITH_NORMS,
    'SemSeg.Output.conv_logits': 'semantic_head.conv_logits',
    'RPN.head.conv': 'rpn_head.rpn_conv',
    'RPN.head.cls_logits': 'rpn_head.rpn_cls',
    'RPN.head.bbox_pred': 'rpn_head.rpn_reg',
    'Fast_RCNN.Head.fc6': 'roi_head.bbox_head.shared_fcs.0',
    'Fast_RCNN.Head.fc7': 'roi_head.bbox_head.shared_fcs.1',
    'Fast_RCNN.Output.cls_score': 'roi_head.bbox_head.fc_cls',
    'Fast_RCNN.Output.bbox_pred': 'roi_head.bbox_head.fc_reg',
    f'{_PARSING}.Head.feat.1': f'{_MASK_HEAD}.context.non_local',
    f'{_PARSING}.Head.feat.1.gn': f'{_MASK_HEAD}.context.non_local.norm',
    f'{_PARSING}.Output.parsing_score_lowres': f'{_MASK_HEAD}.deconv',
    f'{_PARSING}.ParsingIoU.Head.parsingiou_fc1':
    f'{_MASK_HEAD}.iou_head.fcs.0',
    f'{_PARSING}.ParsingIoU.Head.parsingiou_fc2':
    f'{_MASK_HEAD}.iou_head.fcs.2',
    f'{_PARSING}.ParsingIoU.Output.parsingiou':
    f'{_MASK_HEAD}.iou_head.regressor',
}

PARSING_RCNN = Network(
    'Parsing R-CNN', 'parsing_rcnn/parsing-rcnn_r50-caffe_fpn_8xb2-3x_cihp.py',
    _PREFIXES)
RP_RCNN = Network('RP R-CNN',
                  'rp_rcnn/rp-rcnn_r50-caffe_fpn-gn_8xb2-6x_cihp.py',
                  _PREFIXES)


def _find_network(names: Container[str]) -> Optional[Network]:
    """Tell from the released names of its entries which parser a file is of.

    None if it is neither.
    """
    if 'Parsing_RCNN.Output.parsing_score_lowres.weight' not in names:
        return None
    has_semantics = 'SemSeg.Output.conv_logits.weight' in names
    return RP_RCNN if has_semantics else PARSING_RCNN


def _rearranged(name: str, value: Tensor) -> Tensor:
    """A weight of the box head as mmdet has it.

    The released background is class 0, mmdet's the last one, without box.
    """
    if name.startswith('Fast_RCNN.Output.cls_score.'):
        return value.roll(-1, dims=0)
    if name.startswith('Fast_RCNN.Output.bbox_pred.'):
        return value[4:]
    return value


def convert_region_parser(
        checkpoint: Dict[str, Any],
        filename: str = 'the checkpoint') -> ConversionReport:
    """Convert a checkpoint of the released region parsers to our names.

    Their trainer folds the statistics of the backbone's norms into weight and
    bias and writes none; such norms get mean 0 and variance 1, with which the
    released system tests them. Raises an InputError for other networks.
    """
    weights = unwrap(checkpoint, filename)
    network = _find_network(weights)
    if network is None:
        raise InputError(
            f'checkpoint {filename} is neither of {PARSING_RCNN.name} nor of '
            f'{RP_RCNN.name}; its first entry is {next(iter(weights))}')
    report = ConversionReport(network, {})
    for name, value in weights.items():
        ours = translate(name, network.prefixes)
        if ours is None:
            report.unknown.append(name)
        else:
            report.state_dict[ours] = _rearranged(name, value)
    _complete_norms(report.state_dict)
    return report


def _complete_norms(state_dict: Dict[str, Tensor]) -> None:
    """Add to the backbone's norms what the file may lack."""
    is_folded = not any(name.endswith('.running_var') for name in state_dict)
    for name, value in list(state_dict.items()):
        stem, _, kind = name.rpartition('.')
        if not stem.startswith('backbone.') or kind != 'bias':
            continue
        state_dict.setdefault(f'{stem}.num_batches_tracked', torch.tensor(0))
        if is_folded:
            state_dict[f'{stem}.running_mean'] = torch.zeros_like(value)
            state_dict[f'{stem}.running_var'] = torch.ones_like(value)


def region_parser_config(report: ConversionReport, config_dir: str) -> Config:
    """Our config of the converted network, of as many classes.

    Nothing will be downloaded when it is built.
    """
    model = Config.fromfile(osp.join(config_dir, report.network.config)).model
    model.backbone.init_cfg = None
    for head in (model.roi_head.mask_head, model.get('semantic_head')):
        if head is not None and report.num_classes is not None:
            head.num_classes = report.num_classes
    return model
