# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert the CIHP download, or other data in its layout."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from projects.qanet.datasets.conversion import convert_cihp
from tools.common.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Convert CIHP: links images and labels, writes '
        'annotations/NAME_{train,val,test}.json and what is missing of '
        'Instance_ids')
    parser.add_argument(
        'raw', help='where instance-level_human_parsing.tar.gz was unpacked')
    parser.add_argument('out', help='folder to write, e.g. data/CIHP')
    parser.add_argument(
        '--name', default='CIHP', help='for data of your own in this layout')
    parser.add_argument(
        '--num-classes',
        type=int,
        default=20,
        help='number of classes, background included')
    parser.add_argument(
        '--workers', type=int, default=4, help='number of threads')
    return parser.parse_args()


def main() -> None:
    """Convert the download."""
    convert_cihp(**vars(parse_args()))


if __name__ == '__main__':
    run_tool(main)
