# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert pictures of one person each (LIP and the like) with label PNGs of
the same name; the whole picture becomes the box of person 1."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.datasets.conversion import convert_single_person
from tools.common.converting import IDS, NUM_CLASSES, run_converter


def main() -> None:
    """Read the command line and convert."""
    run_converter(
        convert_single_person, __doc__, {
            'image_dir': 'folder of the images',
            'label_dir': 'folder of the label PNGs',
            'out': 'folder to write, e.g. data/LIP',
            '--name': 'annotation files are NAME_train.json, NAME_val.json',
            '--num-classes': NUM_CLASSES,
            '--train-ids': IDS.format('training'),
            '--val-ids': IDS.format('validation'),
        })


if __name__ == '__main__':
    main()
