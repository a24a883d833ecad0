# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From a released checkpoint to ours and back."""
import os.path as osp
from dataclasses import dataclass, field
from typing import Any, Dict, List

import torch
from mmengine.config import Config
from torch import Tensor, nn

from projects.qanet.utils.checkpoint import strip_module
from projects.qanet.utils.errors import InputError
from .names import NETWORKS, Network, find_network, translate

_COUNTER = 'num_batches_tracked'


@dataclass
class ConversionReport:
    """What became of the entries of a checkpoint.

    Attributes:
        network (Network): What the checkpoint is of.
        state_dict (dict[str, Tensor]): The converted entries.
        unknown (list[str]): Entries that have no counterpart; they are left
            out.
        is_backbone (bool): The file holds a backbone alone, as it comes from
            ImageNet; the converted names have no ``backbone.`` then.
    """
    network: Network
    state_dict: Dict[str, Tensor]
    unknown: List[str] = field(default_factory=list)
    is_backbone: bool = False


def unwrap(checkpoint: Dict[str, Any], filename: str) -> Dict[str, Tensor]:
    """Find the weights in a checkpoint.

    Args:
        checkpoint (dict): The weights themselves, or a dictionary with them
            under ``model`` or ``state_dict``. Names may begin with
            ``module.``, as those of a network trained on several GPUs.
        filename (str): For the message.

    Returns:
        dict[str, Tensor]: The weights.

    Raises:
        InputError: If there are none.
    """
    for key in ('state_dict', 'model'):
        if isinstance(checkpoint.get(key), dict):
            return unwrap(checkpoint[key], filename)
    weights = strip_module(
        {
            name: value
            for name, value in checkpoint.items() if isinstance(value, Tensor)
        }, filename)
    if not weights:
        raise InputError(
            f'checkpoint {filename} has no weights: expected a dictionary of '
            "them, bare or under 'model', but its keys are "
            f'{sorted(map(str, checkpoint))[:10]}')
    return weights


def convert_released(checkpoint: Dict[str, Any],
                     filename: str = 'the checkpoint') -> ConversionReport:
    """Convert a checkpoint of the released system.

    Args:
        checkpoint (dict): What was read from the file. QANet with ResNet-50,
            ResNet-101 or HRNet-W48, SimpleNet, or the ImageNet backbone of
            one of them.
        filename (str): For messages.

    Returns:
        ConversionReport: The weights in the names of our configs.

    Raises:
        InputError: If it is none of these networks.
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
    for name, value in weights.items():
        ours = _translate_entry(name, report)
        if ours is None:
            report.unknown.append(name)
        else:
            report.state_dict[ours] = value
    _complete_counters(report.state_dict)
    return report


def _translate_entry(name: str, report: ConversionReport) -> str:
    prefixes = report.network.prefixes
    if not report.is_backbone:
        return translate(name, prefixes)
    ours = translate(f'Conv_Body.{name}', prefixes)
    return ours[len('backbone.'):] if ours else None


def _complete_counters(state_dict: Dict[str, Tensor]) -> None:
    """Old files lack the counter of batches that each norm has now."""
    for name in list(state_dict):
        if name.endswith('running_var'):
            counter = name[:-len('running_var')] + _COUNTER
            state_dict.setdefault(counter, torch.tensor(0))


def model_config(report: ConversionReport, config_dir: str) -> Config:
    """Our config of the converted network, as wide as the checkpoint is.

    Args:
        report (ConversionReport): The converted checkpoint.
        config_dir (str): The folder ``configs``.

    Returns:
        Config: Config of the model, or of its backbone if the checkpoint has
        nothing else. Nothing will be downloaded when it is built.
    """
    model = Config.fromfile(osp.join(config_dir, report.network.config)).model
    model.backbone.init_cfg = None
    if report.is_backbone:
        return model.backbone
    head = model.decode_head
    classifier = report.state_dict.get('decode_head.conv_seg.weight')
    if classifier is not None:
        head.num_classes, head.channels = classifier.shape[:2]
    if not any('.iou_branch.' in name for name in report.state_dict):
        head.pop('iou_branch', None)
    conv = report.state_dict.get('decode_head.iou_branch.conv.weight')
    if conv is not None:
        head.iou_branch.conv_channels = len(conv)
    return model


def fill_network(report: ConversionReport, model: nn.Module,
                 filename: str) -> None:
    """Fill a network with the converted entries, all of them.

    Args:
        report (ConversionReport): The converted checkpoint. Entries that the
            model does not have are moved to ``unknown``.
        model (nn.Module): The network, or its backbone.
        filename (str): For messages.

    Raises:
        InputError: If entries are missing or of another shape; all of
            them are listed.
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

    Args:
        state_dict (dict[str, Tensor]): Weights of one of our networks.

    Returns:
        dict[str, Tensor]: The same weights, all of them.

    Raises:
        InputError: If it is none of the four networks, or has entries
            that the released one lacks.
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
