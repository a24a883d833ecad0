# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert pictures of one person each (LIP and the like)."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from projects.qanet.datasets.conversion import convert_single_person
from tools.common.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Convert pictures of one person each with label PNGs of '
        'the same name; the whole picture becomes the box of person 1')
    parser.add_argument('image_dir', help='folder of the images')
    parser.add_argument('label_dir', help='folder of the label PNGs')
    parser.add_argument('out', help='folder to write, e.g. data/LIP')
    parser.add_argument(
        '--train-ids', help='text file with the names of training images')
    parser.add_argument(
        '--val-ids', help='text file with the names of validation images')
    parser.add_argument(
        '--name',
        default='LIP',
        help='annotation files are called NAME_train.json, NAME_val.json')
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
    convert_single_person(**vars(parse_args()))


if __name__ == '__main__':
    run_tool(main)
