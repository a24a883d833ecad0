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

from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import projects.qanet.plugin  # noqa: F401, registers every part
from projects.qanet.released_weights import (METAINFOS, convert_released,
                                             fill_network, model_config,
                                             training_data)
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.files import check_writable
from tools.common.cli import plain_parser, run_tool
from tools.common.converted_weights import save_converted


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
    save_converted(report, dataset, args.src, args.dst, CONFIGS)


if __name__ == '__main__':
    run_tool(main)
