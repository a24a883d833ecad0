# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert the MHP v2 download to the layout that the data set reads."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from projects.qanet.datasets.conversion import convert_mhp_v2
from tools.common.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Convert MHP v2: links images, merges the masks of persons'
    )
    parser.add_argument('raw', help='where LV-MHP-v2.zip was unpacked')
    parser.add_argument('out', help='folder to write, e.g. data/MHP-v2')
    parser.add_argument(
        '--workers', type=int, default=4, help='number of threads')
    return parser.parse_args()


def main() -> None:
    """Convert the download."""
    convert_mhp_v2(**vars(parse_args()))


if __name__ == '__main__':
    run_tool(main)
