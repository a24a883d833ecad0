# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Evaluate a results file of human parsing; needs numpy and Pillow only."""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.evaluation.functional import METRICS  # noqa: E402
from projects.qanet.evaluation.functional import (PROTOCOLS, ParsingEvaluator,
                                                  Thresholds, format_tables,
                                                  write_metrics)
from projects.qanet.structures import read_results  # noqa: E402
from projects.qanet.utils.errors import InputError  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('results', help='results file, JSON')
    parser.add_argument(
        '--ann-file', required=True, help='COCO style annotations of persons')
    parser.add_argument(
        '--data-root',
        required=True,
        help='folder of the split, with Category_ids/, Human_ids/ and '
        'Instance_ids/')
    parser.add_argument(
        '--img-subdir', default='Images', help='name of the image folder')
    parser.add_argument(
        '--metrics', nargs='+', default=list(METRICS), choices=METRICS)
    parser.add_argument(
        '--quality-weights',
        nargs=3,
        type=float,
        metavar=('BOX', 'IOU', 'PIXEL'),
        help='fuse the scores again with these weights; without it the '
        'stored scores count')
    parser.add_argument(
        '--protocol',
        default='released',
        choices=sorted(PROTOCOLS),
        help='released: comparable with published tables; strict: its quirks '
        'mended')
    parser.add_argument(
        '--nms-thr',
        type=float,
        default=0.6,
        help='parsing IoU of persons found twice; above 1 keeps all')
    parser.add_argument(
        '--num-workers', type=int, default=0, help='processes beside this one')
    parser.add_argument('--out', help='file for the metrics, JSON')
    return parser.parse_args()


def evaluate(args: argparse.Namespace) -> None:
    """Read, evaluate, print and write."""
    info, records = read_results(args.results)
    classes = info.get('classes') or [
        str(label) for label in range(info['num_classes'])
    ]
    evaluator = ParsingEvaluator(
        args.ann_file,
        args.data_root,
        classes,
        img_subdir=args.img_subdir,
        metrics=args.metrics,
        protocol=args.protocol,
        quality_weights=args.quality_weights,
        thresholds=Thresholds(nms_iou=args.nms_thr))
    values = evaluator.evaluate(
        records, args.num_workers, source=f'{args.results}: results')
    print(format_tables(values, classes, evaluator.protocol))
    if args.out:
        write_metrics(args.out, values)


def main() -> None:
    """Run the tool; bad input ends in one sentence and exit code 2."""
    try:
        evaluate(parse_args())
    except (InputError, OSError) as error:
        print(f'{Path(__file__).name}: error: {error}', file=sys.stderr)
        sys.exit(2)


if __name__ == '__main__':
    main()
