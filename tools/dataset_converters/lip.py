# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert the LIP download to the layout that the data set reads."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from projects.qanet.datasets.conversion import convert_lip
from tools.common.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Convert LIP: links images and labels; the whole picture '
        'becomes the box of person 1')
    parser.add_argument('raw', help='where the archives were unpacked')
    parser.add_argument('out', help='folder to write, e.g. data/LIP')
    parser.add_argument(
        '--workers', type=int, default=4, help='number of threads')
    return parser.parse_args()


def main() -> None:
    """Convert the download."""
    convert_lip(**vars(parse_args()))


if __name__ == '__main__':
    run_tool(main)
