# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert polygons of body parts (LabelMe or COCO) to a parsing data set, one
split per run.

Without --classes, they are those of an earlier run, OUT/annotations/
classes.txt, else the labels themselves. --person-keys are the keys of COCO
annotations that say whose a part is.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.datasets.conversion import (convert_polygons,
                                                suggest_flip_pairs)
from tools.common.converting import run_converter


def convert(**args) -> None:
    """Convert the drawings and say what the config needs."""
    _, classes = convert_polygons(**args)
    print('For the config (check the left/right pairs):\n'
          f'metainfo = dict(\n    classes={classes},\n'
          f'    flip_pairs={suggest_flip_pairs(classes)})')


def main() -> None:
    """Read the command line and convert."""
    run_converter(
        convert, __doc__, {
            'raw': 'folder of LabelMe json files, or a COCO json file',
            'out': 'folder to write, e.g. data/Custom',
            '--name': 'the annotation file is called NAME_SPLIT.json',
            '--split': dict(choices=['train', 'val', 'test']),
            '--images': 'folder of the images (default: as the json says)',
            '--classes': 'text file with one class per line',
            '--ids': 'text file with the names of the images to take',
            '--person-label': 'label of outlines of whole persons',
            '--person-keys': dict(nargs='+'),
            '--single-person': dict(action='store_true', help='one per image'),
        })


if __name__ == '__main__':
    main()
