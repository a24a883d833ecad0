# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Count the parameters of a parser and the FLOPs of one crop.

As mmengine counts: a multiply-add is one FLOP, additions of feature maps,
activations and pooling are none. Heads that only serve training are left out.
No weights are downloaded. For a detector use mmdet's own get_flops.py.
"""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from typing import Dict, NamedTuple, Optional, Sequence, Tuple

import torch
from mmengine.analysis import FlopAnalyzer, parameter_count
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn

from projects.qanet.utils.configs import read_config
from projects.qanet.utils.errors import InputError
from tools.common.cli import make_parser, run_tool
from tools.common.launch import CFG_OPTIONS


class Complexity(NamedTuple):
    """What a network costs for one crop."""
    params: int
    flops: int  # multiply-adds
    by_operator: Dict[str, int]
    uncounted: Dict[str, int]  # how often operators run that do not count


def parse_args() -> argparse.Namespace:
    return make_parser(__doc__, [
        ('config', 'config file of a parser'),
        ('--shape', "height and width of the crop (default: the config's)",
         dict(type=int, nargs=2, metavar=('H', 'W'))),
        CFG_OPTIONS,
    ]).parse_args()


def crop_shape(cfg: Config, shape: Optional[Sequence[int]]) -> Tuple[int, int]:
    """Height and width of a crop: the asked ones, else the config's."""
    if shape is None:
        size = (cfg.model.get('test_cfg') or {}).get('crop_size')
        if size is None:
            raise InputError(f'{cfg.filename} has no model.test_cfg.crop_size:'
                             ' give --shape H W')
        shape = size[1], size[0]
    if min(shape) < 1:
        raise InputError(f'--shape is {tuple(shape)}, allowed are whole '
                         'numbers from 1')
    return tuple(shape)


def build_network(cfg: Config) -> nn.Module:
    """Build the part of a parser that runs at test time, untrained."""
    if 'decode_head' not in cfg.model:
        raise InputError(
            f'{cfg.filename} has a {cfg.model.type} without decode_head: for '
            "a detector use mmdet's tools/analysis_tools/get_flops.py, for an "
            'ensemble the config of each parser')
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    model = MODELS.build(cfg.model)
    if hasattr(model, 'auxiliary_head'):
        model.auxiliary_head = None
    return revert_sync_batchnorm(model).eval()


def count(model: nn.Module, shape: Tuple[int, int]) -> Complexity:
    analyzer = FlopAnalyzer(model, torch.zeros(1, 3, *shape))
    # They are part of what is returned. Losses are not called, of course.
    analyzer.unsupported_ops_warnings(False)
    analyzer.uncalled_modules_warnings(False)
    return Complexity(
        params=parameter_count(model)[''],
        flops=int(analyzer.total()),
        by_operator=dict(analyzer.by_operator()),
        uncounted=dict(analyzer.unsupported_ops()))


def short(value: int) -> str:
    """A number with three digits after the point and a prefix: 0.636M."""
    for unit, size in (('T', 1e12), ('G', 1e9), ('M', 1e6), ('K', 1e3)):
        if value > size / 10:
            return f'{value / size:.3f}'.rstrip('0').rstrip('.') + unit
    return str(value)


def report(cfg: Config, shape: Tuple[int, int], result: Complexity) -> None:
    parts = ', '.join(f'{name} {short(int(value))}' for name, value in sorted(
        result.by_operator.items(), key=lambda item: -item[1]))
    test_cfg = cfg.model.get('test_cfg') or {}
    # The network runs for each scale, and again with the flip.
    crops = len(test_cfg.get('scales', (1., )))
    crops *= 2 if test_cfg.get('flip', False) else 1
    print(f'Crop:       {shape[0]} x {shape[1]} (height x width)')
    print(f'Parameters: {short(result.params)} ({result.params})')
    print(f'FLOPs:      {short(result.flops)} (multiply-adds: {parts})')
    print(f'Per person: {short(crops * result.flops)} ({crops} crops '
          'at the test_cfg of the config)')
    if result.uncounted:
        names = ', '.join(f'{name} x {times}'
                          for name, times in result.uncounted.items())
        print(f'Not counted: {names}')


def main() -> None:
    args = parse_args()
    cfg = read_config(args.config)
    if 'model' not in cfg:
        raise InputError(f'config {args.config} has no model')
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    network = build_network(cfg)
    shape = crop_shape(cfg, args.shape)
    report(cfg, shape, count(network, shape))


if __name__ == '__main__':
    run_tool(main)
