# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert the distances of COCO DensePose's evaluation to Pdist_matrix.npy.

Of that file an evaluation reads the distances that it needs, not all 380
million. Pdist_matrix.mat needs h5py, Pdist_matrix.pkl does not; nothing but an
array is read from it.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.densepose.evaluation import convert_distances
from tools.common.cli import make_parser, run_tool


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__, [
        ('src', 'Pdist_matrix.mat or Pdist_matrix.pkl'),
        ('out', 'file to write, in the same folder: Pdist_matrix.npy'),
    ])
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    number = convert_distances(args.src, args.out)
    print(f'{args.out}: {number} distances')


if __name__ == '__main__':
    run_tool(main)
