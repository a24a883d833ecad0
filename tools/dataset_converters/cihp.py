# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert CIHP, or other data in its layout: links images and labels, writes
annotations/NAME_{train,val,test}.json and what is missing of Instance_ids."""
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.datasets.conversion import convert_official
from tools.common.converting import NUM_CLASSES, run_converter


def main() -> None:
    """Read the command line and convert."""
    run_converter(
        partial(convert_official, 'CIHP'), __doc__, {
            'raw': 'where instance-level_human_parsing.tar.gz was unpacked',
            'out': 'folder to write, e.g. data/CIHP',
            '--name': 'for data of your own in this layout',
            '--num-classes': NUM_CLASSES,
        })


if __name__ == '__main__':
    main()
