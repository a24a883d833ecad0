# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert ATR: links images and labels; the whole picture becomes the box of
person 1. There is no official split."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.datasets.conversion import convert_atr
from tools.common.converting import IDS, run_converter


def main() -> None:
    """Read the command line and convert."""
    run_converter(
        convert_atr, __doc__, {
            'raw': 'where humanparsing.zip was unpacked',
            'out': 'folder to write, e.g. data/ATR',
            '--val': dict(
                dest='num_val', type=int, help='number to validate on'),
            '--test': dict(
                dest='num_test', type=int, help='number to test on'),
            '--seed': dict(type=int, help='another one splits otherwise'),
            '--train-ids': IDS.format('training'),
            '--val-ids': IDS.format('validation'),
            '--test-ids': IDS.format('test'),
        })


if __name__ == '__main__':
    main()
