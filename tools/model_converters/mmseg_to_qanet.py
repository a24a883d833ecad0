# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert a checkpoint of configs/qanet or configs/simple_baseline to the
names of the released system
"""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

import torch

from projects.qanet.released_weights import to_released
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.files import check_writable
from tools.common.cli import plain_parser, run_tool


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('src', 'our checkpoint'),
        ('dst', 'checkpoint to write'),
    ]).parse_args()


def main() -> None:
    args = parse_args()
    check_writable(args.dst)
    weights = to_released(read_checkpoint(args.src)['state_dict'])
    torch.save(dict(model=weights), args.dst)
    print(f'{args.dst}: {len(weights)} entries')


if __name__ == '__main__':
    run_tool(main)
