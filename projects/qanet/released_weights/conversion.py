# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From a released checkpoint to ours and back, and to the data it knows."""
import os.path as osp
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import torch
from mmengine.config import Config
from torch import Tensor, nn

from projects.qanet.datasets import registered as datasets
from projects.qanet.datasets.metainfo import RELEASED_ORDER
from projects.qanet.utils.checkpoint import strip_module
from projects.qanet.utils.errors import InputError
from .names import NETWORKS, Network, find_network, translate

_PPP = datasets.PPPParsingDataset.METAINFO
#: Classes, colours and flip pairs by the name that configs use. Those of
#: PASCAL-Person-Part have the order of the released files.
METAINFOS: Dict[str, dict] = {
    'cihp': datasets.CIHPParsingDataset.METAINFO,
    'lip': datasets.LIPParsingDataset.METAINFO,
    'mhp-v2': datasets.MHPv2ParsingDataset.METAINFO,
    'ppp': {
        'classes': tuple(_PPP['classes'][label] for label in RELEASED_ORDER),
        'palette': [_PPP['palette'][label] for label in RELEASED_ORDER],
        'flip_pairs': _PPP['flip_pairs']
    },
    'atr': datasets.ATRParsingDataset.METAINFO
}


@dataclass
class ConversionReport:
    """What became of the entries of a checkpoint."""
    network: Network
    state_dict: Dict[str, Tensor]  # the converted entries
    #: Entries without a counterpart, left out.
    unknown: List[str] = field(default_factory=list)
    #: A backbone alone, from ImageNet: converted names lack ``backbone.``.
    is_backbone: bool = False

    @property
    def classifier(self) -> Optional[Tensor]:
        """Weights (classes, channels, 1, 1) of the classifier, if any."""
        return self.state_dict.get('decode_head.conv_seg.weight')

    @property
    def num_classes(self) -> Optional[int]:
        """Classes with the background, None without classifier."""
        weights = (self.classifier,
                   self.state_dict.get('roi_head.mask_head.deconv.bias'))
        return next((len(each) for each in weights if each is not None), None)


def unwrap(checkpoint: Dict[str, Any], filename: str) -> Dict[str, Tensor]:
    """The weights, bare or under a key, without the ``module.`` of DDP.

    Raises an InputError if there are none.
    """
    for key in ('state_dict', 'model'):
        if isinstance(checkpoint.get(key), dict):
            return unwrap(checkpoint[key], filename)
    tensors = {
        name: value
        for name, value in checkpoint.items() if isinstance(value, Tensor)
    }
    weights = strip_module(tensors, filename)
    if not weights:
        raise InputError(
            f'checkpoint {filename} has no weights: expected a dictionary of '
            "them, bare or under 'model', but its keys are "
            f'{sorted(map(str, checkpoint))[:10]}')
    return weights


def convert_released(checkpoint: Dict[str, Any],
                     filename: str = 'the checkpoint') -> ConversionReport:
    """Convert a checkpoint of the released system to our configs' names.

    It is of QANet with ResNet-50, ResNet-101 or HRNet-W48, of SimpleNet, or
    the ImageNet backbone of one of them. Raises an InputError for others.
    """
    weights = unwrap(checkpoint, filename)
    network = find_network(weights)
    if network is None:
        raise InputError(
            f'checkpoint {filename} is of none of the released networks '
            f'({", ".join(known.name for known in NETWORKS.values())}); its '
            f'first entry is {next(iter(weights))}')
    is_backbone = not any(name.startswith('Conv_Body.') for name in weights)
    report = ConversionReport(network, {}, is_backbone=is_backbone)
    before = 'Conv_Body.' if is_backbone else ''
    for name, value in weights.items():
        ours = translate(before + name, network.prefixes)
        if ours is None:
            report.unknown.append(name)
            continue
        if is_backbone:
            ours = ours.removeprefix('backbone.')
        report.state_dict[ours] = value
        # Old files lack the counter of batches that each norm has now.
        stem, _, kind = ours.rpartition('.')
        if kind == 'running_var':
            report.state_dict.setdefault(f'{stem}.num_batches_tracked',
                                         torch.tensor(0))
    return report


def model_config(report: ConversionReport, config_dir: str) -> Config:
    """Our config of the converted network (or backbone), of the same width.

    Nothing will be downloaded when it is built.
    """
    model = Config.fromfile(osp.join(config_dir, report.network.config)).model
    model.backbone.init_cfg = None
    if report.is_backbone:
        return model.backbone
    head = model.decode_head
    if report.classifier is not None:
        head.num_classes, head.channels = report.classifier.shape[:2]
    if not any('.iou_branch.' in name for name in report.state_dict):
        head.pop('iou_branch', None)
    conv = report.state_dict.get('decode_head.iou_branch.conv.weight')
    if conv is not None:
        head.iou_branch.conv_channels = len(conv)
    return model


def fill_network(report: ConversionReport, model: nn.Module,
                 filename: str) -> None:
    """Fill a network, or its backbone, with all of the converted entries.

    Entries that the model does not have are moved to ``unknown``. Raises an
    InputError that lists all entries that are missing or of another shape.
    """
    own = model.state_dict()
    for name in [name for name in report.state_dict if name not in own]:
        report.unknown.append(name)
        del report.state_dict[name]
    try:
        model.load_state_dict(report.state_dict, strict=True)
    except RuntimeError as error:
        raise InputError(
            f'checkpoint {filename} is no complete '
            f'{report.network.name} (in our names): {error}') from error


def to_released(state_dict: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """The other direction: our weights in the released system's names.

    Raises an InputError if they are of none of the four networks, or have
    entries that the released one lacks.
    """
    for network in NETWORKS.values():
        back = {ours: name for name, ours in network.prefixes.items()}
        names = {name: translate(name, back) for name in state_dict}
        if all(names.values()) and find_network(set(
                names.values())) is network:
            return {names[name]: value for name, value in state_dict.items()}
    raise InputError(
        'these weights are of none of the networks that the released system '
        f'has ({", ".join(known.name for known in NETWORKS.values())})')


def training_data(report: ConversionReport, dataset: Optional[str],
                  filename: str) -> Optional[str]:
    """Tell which data set, a key of :data:`METAINFOS`, was trained on.

    ``dataset`` is what the user says, None concludes from the number of
    classes. Gives None if there is no classifier, or no data set with so many
    classes. Raises an InputError if data sets with so many classes have
    different ones, or the one that was named has another number.
    """
    num_classes = report.num_classes
    if num_classes is None:
        return None
    fitting = [
        name for name, meta in METAINFOS.items()
        if len(meta['classes']) == num_classes
    ]
    if dataset is None and len(fitting) < 2:
        return fitting[0] if fitting else None
    if dataset not in fitting:
        allowed = ' or '.join(fitting) or 'no data set'
        raise InputError(
            f'checkpoint {filename} has {num_classes} classes: --dataset must '
            f'say what they are, {allowed}')
    return dataset


def training_config(report: ConversionReport, dataset: Optional[str],
                    config_dir: str) -> Optional[str]:
    """Our config of a network and its data in ``config_dir``, or None."""
    name = report.network.config.replace('cihp', dataset or 'cihp')
    # As wide as the released networks for larger crops.
    if report.classifier is not None and report.classifier.shape[1] == 384:
        name = name.replace('512x384', '544x416')
    return name if osp.isfile(osp.join(config_dir, name)) else None
