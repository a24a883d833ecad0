# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert the ATR download to the layout that the data set reads."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from projects.qanet.datasets.conversion import convert_atr
from tools.common.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Convert ATR: links images and labels; the whole picture '
        'becomes the box of person 1. There is no official split')
    parser.add_argument('raw', help='where humanparsing.zip was unpacked')
    parser.add_argument('out', help='folder to write, e.g. data/ATR')
    parser.add_argument(
        '--val',
        dest='num_val',
        type=int,
        default=700,
        help='number of validation images')
    parser.add_argument(
        '--test',
        dest='num_test',
        type=int,
        default=1000,
        help='number of test images')
    parser.add_argument(
        '--seed', type=int, default=0, help='another one splits otherwise')
    parser.add_argument(
        '--train-ids', help='text file with the names of training images')
    parser.add_argument(
        '--val-ids', help='text file with the names of validation images')
    parser.add_argument(
        '--test-ids', help='text file with the names of test images')
    parser.add_argument(
        '--workers', type=int, default=4, help='number of threads')
    return parser.parse_args()


def main() -> None:
    """Convert the download."""
    convert_atr(**vars(parse_args()))


if __name__ == '__main__':
    run_tool(main)
