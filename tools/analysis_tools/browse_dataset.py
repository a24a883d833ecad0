# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write pictures of samples with their labels, each of its own and all on
contact_sheet.png
"""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

import projects.qanet.plugin  # noqa: F401, registers every part
from projects.qanet.utils.configs import read_config
from projects.qanet.visualization.browsing import browse
from tools.common.cli import plain_parser, run_tool
from tools.common.launch import CFG_OPTIONS


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('config', 'config file'),
        ('--output-dir', 'folder to write', 'work_dirs/browse'),
        ('--number', 'how many samples', 16),
        ('--split', 'train: crops or images as the network sees them; val, '
         'test: images, with boxes if the network is given them',
         dict(choices=['train', 'val', 'test'], default='train')),
        ('--seed', 'of choice and augmentation', 0),
        CFG_OPTIONS,
    ]).parse_args()


def main() -> None:
    args = parse_args()
    cfg = read_config(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    paths = browse(dataset, args.output_dir, args.number, args.seed)
    print(f'{len(paths) - 1} of {len(dataset)} samples in {paths[-1]}')


if __name__ == '__main__':
    run_tool(main)
