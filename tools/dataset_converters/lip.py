# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert LIP: links images and labels; the whole picture becomes the box of
person 1."""
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.datasets.conversion import convert_official
from tools.common.converting import run_converter


def main() -> None:
    """Read the command line and convert."""
    run_converter(
        partial(convert_official, 'LIP'), __doc__, {
            'raw': 'where the archives were unpacked',
            'out': 'folder to write, e.g. data/LIP',
        })


if __name__ == '__main__':
    main()
