# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert MHP v2: links images, merges the masks of persons."""
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.datasets.conversion import convert_official
from tools.common.converting import run_converter


def main() -> None:
    """Read the command line and convert."""
    run_converter(
        partial(convert_official, 'MHP-v2'), __doc__, {
            'raw': 'where LV-MHP-v2.zip was unpacked',
            'out': 'folder to write, e.g. data/MHP-v2',
        })


if __name__ == '__main__':
    main()
