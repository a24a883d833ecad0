# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Fuse the scores of instance segmentation results with other weights.

RESULTS is a COCO results file whose records carry the ingredients
``bbox_score``, ``pixel_score`` and, from Mask Scoring R-CNN, ``iou_score``;
``QualityCocoMetric`` with ``outfile_prefix`` writes such a file. A file of
any other detector needs ``--probs-dir`` with one probability map for each
record: 000000.npy or .png (grey, 8 or 16 bits) for the first one, and so on.

Run lengths alone hold no probabilities, so a file with neither is refused.
Results of human parsing are fused again by eval_parsing.py and
tune_quality.py.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.detection.result_files import (read_records,
                                                   rescore_records,
                                                   score_probability_maps)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_text
from tools.common.cli import make_parser, run_tool


def parse_args() -> argparse.Namespace:
    return make_parser(__doc__, [
        ('results', 'COCO results (json)'),
        ('out', 'file to write, of the same kind'),
        ('--quality-weights', '1 0 1 if not said',
         dict(
             nargs=3,
             type=float,
             default=(1.0, 0.0, 1.0),
             metavar=('BOX', 'IOU', 'PIXEL'))),
        ('--probs-dir', 'folder of probability maps'),
        ('--mode', 'form of the pixel score, with --probs-dir',
         dict(default='stability', choices=('stability', 'mean'))),
        ('--thr', 'threshold of the pixel score, with --probs-dir', 0.25),
    ]).parse_args()


def main() -> None:
    args = parse_args()
    if Path(args.out).resolve() == Path(args.results).resolve():
        raise InputError('OUT is RESULTS; give another name')
    records = read_records(args.results)
    pixel_scores = None
    if args.probs_dir is not None:
        pixel_scores = score_probability_maps(args.probs_dir, len(records),
                                              args.mode, args.thr)
    records = rescore_records(records, args.quality_weights, pixel_scores)
    write_text(args.out, json.dumps(records) + '\n')
    print(f'{len(records)} records with new scores in {args.out}')


if __name__ == '__main__':
    run_tool(main)
