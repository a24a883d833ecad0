# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Look at training crops with their labels before training on them."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

import projects.qanet.plugin  # noqa: F401, registers every part
from projects.qanet.utils.configs import read_config
from projects.qanet.visualization.browsing import browse
from tools.common.cli import run_tool
from tools.common.launch import add_cfg_options


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Write pictures of samples with their labels, each of '
        'its own and all on contact_sheet.png')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--output-dir', default='work_dirs/browse', help='folder to write')
    parser.add_argument(
        '--number', type=int, default=16, help='how many samples')
    parser.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='train',
        help='train: crops as the network sees them; val, test: images with '
        'their boxes')
    parser.add_argument(
        '--seed', type=int, default=0, help='of choice and augmentation')
    add_cfg_options(parser)
    return parser.parse_args()


def main() -> None:
    """Build the data set of the config and draw its samples."""
    args = parse_args()
    cfg = read_config(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    paths = browse(dataset, args.output_dir, args.number, args.seed)
    print(f'{len(paths) - 1} of {len(dataset)} samples in {paths[-1]}')


if __name__ == '__main__':
    run_tool(main)
