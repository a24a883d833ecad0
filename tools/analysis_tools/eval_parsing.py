# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Evaluate results of human parsing; needs no torch.

The results are a results file (JSON) or a dump in the format of the
challenges: a folder with global_parsing/, instance_segmentation/ and
instance_parsing/. A dump gives mIoU, AP^r and AP^h; AP^p and PCP need the
persons' whole maps, which it does not have.
"""
import argparse
import math
import os
import sys
from pathlib import Path
from typing import Dict, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.evaluation.dumps import evaluate_dump
from projects.qanet.evaluation.functional import (METRICS, ParsingEvaluator,
                                                  format_tables, write_metrics)
from projects.qanet.structures import read_results
from projects.qanet.utils.files import check_writable
from tools.common.cli import make_parser, run_tool
from tools.common.evaluation_arguments import (RESULTS, TRUTH, check_classes,
                                               make_dump_evaluator,
                                               make_file_evaluator)

_PERSON_KEYS = ('APp', 'APp_50', 'PCP_50')


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__, [
        ('results', 'results file (JSON) or dump (folder)'),
        *TRUTH,
        ('--metrics', 'all that the results can give, if not said',
         dict(nargs='+', choices=METRICS)),
        *RESULTS,
        ('--out', 'file for the metrics, JSON'),
    ])
    return parser.parse_args()


def evaluate_file(
        args: argparse.Namespace) -> Tuple[ParsingEvaluator, Dict[str, float]]:
    info, records = read_results(args.results)
    evaluator = make_file_evaluator(args,
                                    check_classes(args, args.results, info),
                                    args.metrics)
    if not records:
        print(f'warning: {args.results} has no person', file=sys.stderr)
    return evaluator, evaluator.evaluate(
        records, args.num_workers, source=f'{args.results}: results')


def evaluate_folder(
        args: argparse.Namespace) -> Tuple[ParsingEvaluator, Dict[str, float]]:
    """Evaluate a dump; what it cannot give is NaN."""
    evaluator = make_dump_evaluator(args, args.results, metrics=args.metrics)
    values = evaluate_dump(evaluator, args.results, args.num_workers)
    if args.metrics is None:
        values.update(dict.fromkeys(_PERSON_KEYS, math.nan))
        print('AP^p and PCP are undefined: they compare whole persons, and a '
              'dump has only the pixels that no better person covers.')
    return evaluator, values


def main() -> None:
    args = parse_args()
    if args.out is not None:
        check_writable(args.out)
    is_dump = os.path.isdir(args.results)
    evaluator, values = (evaluate_folder if is_dump else evaluate_file)(args)
    print(format_tables(values, evaluator.classes, evaluator.protocol))
    if args.out:
        write_metrics(args.out, values)


if __name__ == '__main__':
    run_tool(main)
