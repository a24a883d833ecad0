# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Make PASCAL-Person-Part of PASCAL-Part, VOC 2010 and the lists."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from projects.qanet.datasets.conversion import convert_pascal_person_part
from tools.common.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Make PASCAL-Person-Part: links images, merges the parts '
        'of Annotations_Part/*.mat to six classes')
    parser.add_argument(
        'raw',
        help='folder with Annotations_Part, JPEGImages and '
        'pascal_person_part_trainval_list, at any depth')
    parser.add_argument(
        'out', help='folder to write, e.g. data/PASCAL-Person-Part')
    parser.add_argument(
        '--label-order',
        choices=['official', 'released'],
        default='official',
        help='official: 1 Head 2 Torso 3 Upper-arms 4 Lower-arms 5 Upper-legs '
        '6 Lower-legs; released: as the published weights, 1 Lower-arms 2 '
        'Head 3 Upper-legs 4 Torso 5 Lower-legs 6 Upper-arms')
    parser.add_argument(
        '--train-ids', help='text file with the names of training images')
    parser.add_argument(
        '--val-ids', help='text file with the names of validation images')
    parser.add_argument(
        '--workers', type=int, default=4, help='number of threads')
    return parser.parse_args()


def main() -> None:
    """Convert the download."""
    convert_pascal_person_part(**vars(parse_args()))


if __name__ == '__main__':
    run_tool(main)
