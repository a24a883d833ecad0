# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert polygons of body parts (LabelMe or COCO) to a parsing data set."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from projects.qanet.datasets.conversion import (convert_polygons,
                                                suggest_flip_pairs)
from tools.common.cli import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Convert polygons of body parts, one split per run')
    parser.add_argument(
        'raw', help='folder of LabelMe json files, or a COCO json file')
    parser.add_argument('out', help='folder to write, e.g. data/Custom')
    parser.add_argument(
        '--name',
        default='Custom',
        help='the annotation file is called NAME_SPLIT.json')
    parser.add_argument(
        '--split', choices=['train', 'val', 'test'], default='train')
    parser.add_argument(
        '--images',
        help='folder of the images (default: where the json says, or is)')
    parser.add_argument(
        '--classes',
        help='text file with one class per line (default: that of an earlier '
        'run, OUT/annotations/classes.txt, else the labels themselves)')
    parser.add_argument(
        '--ids', help='text file with the names of the images to take')
    parser.add_argument(
        '--person-label',
        default='person',
        help='label of outlines of whole persons')
    parser.add_argument(
        '--person-keys',
        nargs='+',
        default=['person_id', 'group_id'],
        help='keys of COCO annotations that say whose a part is')
    parser.add_argument(
        '--single-person',
        action='store_true',
        help='all parts of an image belong to one person')
    parser.add_argument(
        '--workers', type=int, default=4, help='number of threads')
    return parser.parse_args()


def main() -> None:
    """Convert the drawings and say what the config needs."""
    _, classes = convert_polygons(**vars(parse_args()))
    print('For the config (check the left/right pairs):\n'
          f'metainfo = dict(\n    classes={classes},\n'
          f'    flip_pairs={suggest_flip_pairs(classes)})')


if __name__ == '__main__':
    run_tool(main)
