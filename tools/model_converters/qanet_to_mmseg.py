# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert a checkpoint of the released QANet (ResNet-50, ResNet-101 or
HRNet-W48), of SimpleNet, or of one of their ImageNet backbones. The result
fits our configs with strict=True; entries without a counterpart are listed.
"""
import argparse
import os.path as osp
import sys

ROOT = osp.abspath(osp.join(osp.dirname(__file__), '../..'))
CONFIGS = osp.join(ROOT, 'configs')
sys.path.insert(0, ROOT)

import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import projects.qanet.plugin  # noqa: F401, registers every part
from projects.qanet.released_weights import (METAINFOS, convert_released,
                                             fill_network, model_config,
                                             training_config, training_data)
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.files import check_writable
from tools.common.cli import plain_parser, run_tool


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('src', 'released checkpoint'),
        ('dst', 'checkpoint to write'),
        ('--dataset', 'what it was trained on, which the file does not say; '
         'needed where the number of classes leaves a choice: class 10 of '
         'cihp is Torso-skin, that of lip Jumpsuits. ppp has the released '
         'order', dict(choices=METAINFOS)),
    ]).parse_args()


def main() -> None:
    args = parse_args()
    check_writable(args.dst)
    report = convert_released(read_checkpoint(args.src), args.src)
    dataset = training_data(report, args.dataset, args.src)
    init_default_scope('mmseg')
    model = MODELS.build(model_config(report, CONFIGS))
    fill_network(report, model, args.src)

    meta = dict(
        network=report.network.name, converted_from=osp.basename(args.src))
    if dataset is not None:
        meta['dataset_meta'] = METAINFOS[dataset]
    torch.save(dict(meta=meta, state_dict=report.state_dict), args.dst)
    if report.unknown:
        print(f'left out {len(report.unknown)} entries that the network does '
              'not have:')
        for name in report.unknown:
            print(f'  {name}')
    part = 'backbone of ' if report.is_backbone else ''
    print(f'{args.dst}: {part}{report.network.name}, '
          f'{len(report.state_dict)} entries')
    if report.is_backbone:
        print('use it with --cfg-options model.backbone.init_cfg.checkpoint='
              f'{args.dst} model.backbone.init_cfg.prefix=None')
        return
    config = training_config(report, dataset, CONFIGS)
    if dataset is None:
        print('names of its classes: unknown, the config has to say them')
    else:
        print(f'trained on {dataset}: '
              f'{", ".join(METAINFOS[dataset]["classes"])}')
    print(f'test it with configs/{config}' if config else
          f'no config fits as it is, configs/{report.network.config} is next')


if __name__ == '__main__':
    run_tool(main)
