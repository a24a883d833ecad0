# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Make PASCAL-Person-Part of PASCAL-Part, VOC 2010 and the lists: links
images, merges the parts of Annotations_Part/*.mat to six classes.

Label order official: 1 Head 2 Torso 3 Upper-arms 4 Lower-arms 5 Upper-legs
6 Lower-legs; released, as the published weights: 1 Lower-arms 2 Head
3 Upper-legs 4 Torso 5 Lower-legs 6 Upper-arms.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.datasets.conversion import convert_pascal_person_part
from tools.common.converting import IDS, run_converter


def main() -> None:
    """Read the command line and convert."""
    run_converter(
        convert_pascal_person_part, __doc__, {
            'raw': 'folder of Annotations_Part, JPEGImages and the lists',
            'out': 'folder to write, e.g. data/PASCAL-Person-Part',
            '--label-order': dict(choices=['official', 'released']),
            '--train-ids': IDS.format('training'),
            '--val-ids': IDS.format('validation'),
        })


if __name__ == '__main__':
    main()
