# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Evaluate dense pose as COCO DensePose does; needs no torch.

The results are those of the COCO DensePose challenge: a JSON list of persons
with uv_shape and uv_data. The evaluation data is densepose_eval_data.tar.gz,
unpacked; convert its Pdist_matrix first, which otherwise is read whole, with
tools/dataset_converters/densepose_pdist.py.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.densepose.evaluation import (MASK_RESIZES, MODES,
                                                 DensePoseEvaluator,
                                                 format_metrics)
from projects.qanet.densepose.evaluation.accumulate import PREFIX
from projects.qanet.densepose.submission import read_submission
from projects.qanet.evaluation.functional import write_metrics
from projects.qanet.utils.files import check_writable
from tools.common.cli import make_parser, run_tool


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__, [
        ('results', 'results file (JSON)'),
        ('--ann-file', 'annotations of COCO DensePose', dict(required=True)),
        ('--eval-data', 'folder of the evaluation data', dict(required=True)),
        ('--mode', 'what makes persons alike: geodesic points and masks '
         '(default), points alone, masks alone',
         dict(default='GPSm', choices=MODES)),
        ('--mask-resize', 'how annotated masks are enlarged: as in the '
         'released system (default) or as in detectron2',
         dict(default='label_linear', choices=tuple(MASK_RESIZES))),
        ('--out', 'file for the metrics, JSON'),
    ])
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.out is not None:
        check_writable(args.out)
    records = read_submission(args.results)
    if not records:
        print(f'warning: {args.results} has no person', file=sys.stderr)
    evaluator = DensePoseEvaluator(args.ann_file, args.eval_data, args.mode,
                                   args.mask_resize)
    values = evaluator.evaluate(records, args.results, title='evaluating')
    print(format_metrics(values, args.mode))
    if args.out is not None:
        write_metrics(args.out, values, PREFIX)


if __name__ == '__main__':
    run_tool(main)
