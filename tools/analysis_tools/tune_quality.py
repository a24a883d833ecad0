# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Try quality weights on a results file, without running the network.

Evaluates a grid of weights of the box, IoU and pixel score and the rows of
the paper's Table 1, prints the best, and writes all values (JSON) and heat
maps (PNG). Each value is what ``eval_parsing.py --quality-weights`` gives.
"""
import argparse
import json
import math
import sys
from pathlib import Path
from typing import Dict, List, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.evaluation.functional import (METRICS, SUMMARY_KEYS,
                                                  ParsingEvaluator, Thresholds,
                                                  WeightSearch, best_point,
                                                  format_value, weight_grid)
from projects.qanet.structures import read_results
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable, write_text
from projects.qanet.utils.tables import format_table
from tools.common.cli import run_tool
from tools.common.evaluation_arguments import (add_protocol_arguments,
                                               add_truth_arguments)

# Rows of the paper's Table 1: weights of the box, IoU and pixel score.
PAPER_TABLE_1 = {
    'a': (1., 0., 0.),
    'b': (0., 1., 0.),
    'c': (0., 0., 1.),
    'd': (1., 1., 0.),
    'e': (1., 0., 1.),
    'f': (0., 1., 1.),
    'g': (1., 1., 1.),
    'h': (1., .5, 3.)
}
# The global map follows the box score alone, so weights change only these.
TUNED_KEYS = tuple(
    key for key in SUMMARY_KEYS if key not in ('mIoU', 'pixAcc', 'mAcc'))


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('results', help='results file (JSON)')
    add_truth_arguments(parser)
    add_protocol_arguments(parser)
    parser.add_argument(
        '--metrics', nargs='+', default=list(METRICS), choices=METRICS)
    parser.add_argument(
        '--grid',
        nargs=3,
        type=float,
        default=(0., 3., .5),
        metavar=('START', 'STOP', 'STEP'),
        help='values of each of the three weights, 0 3 0.5 if not said')
    parser.add_argument(
        '--num-workers', type=int, default=0, help='processes beside this one')
    parser.add_argument(
        '--out-dir',
        default='work_dirs/tune_quality',
        help='folder for quality_weights.json and quality_weights.png')
    return parser.parse_args()


def list_best(points: Sequence[tuple],
              values: Sequence[Dict[str, float]]) -> Dict[str, int]:
    """Position of the best point of each metric that was measured."""
    best = {key: best_point(values, key) for key in TUNED_KEYS}
    return {key: i for key, i in best.items() if i is not None}


def write_document(path: Path, args: argparse.Namespace,
                   points: Sequence[tuple], values: Sequence[Dict[str, float]],
                   paper: Dict[str, Dict[str, float]]) -> None:
    """Write all values; undefined ones become null.

    Args:
        path (Path): File to write.
        args (argparse.Namespace): The command line.
        points (Sequence[tuple]): The grid.
        values (Sequence[dict[str, float]]): Metrics of each point.
        paper (dict[str, dict[str, float]]): Metrics of the rows of Table 1.
    """

    def entry(weights: tuple, metrics: Dict[str, float]) -> dict:
        return dict(
            quality_weights=list(weights),
            metrics={
                f'parsing/{key}': None if math.isnan(value) else value
                for key, value in metrics.items()
            })

    document = dict(
        results=args.results,
        protocol=args.protocol,
        nms_thr=args.nms_thr,
        grid=dict(zip(('start', 'stop', 'step'), args.grid)),
        best={
            f'parsing/{key}':
            dict(quality_weights=list(points[i]), value=values[i][key])
            for key, i in list_best(points, values).items()
        },
        paper_table_1={
            name: entry(PAPER_TABLE_1[name], metrics)
            for name, metrics in paper.items()
        },
        points=[entry(*pair) for pair in zip(points, values)])
    write_text(str(path), json.dumps(document) + '\n')


def print_tables(points: Sequence[tuple], values: Sequence[Dict[str, float]],
                 paper: Dict[str, Dict[str, float]]) -> None:
    """Print the rows of Table 1 and the best points of the grid."""
    best = list_best(points, values)
    keys = [key for key in TUNED_KEYS if key in best]

    def row(name: str, weights: tuple, metrics: Dict[str, float]) -> List[str]:
        return [name, *(f'{weight:g}' for weight in weights)
                ] + [format_value(metrics, key) for key in keys]

    head = ['', 'box', 'IoU', 'pixel', *keys]
    rows = [
        row(f'({name})', PAPER_TABLE_1[name], metrics)
        for name, metrics in paper.items()
    ]
    print("Rows of the paper's Table 1\n" + format_table(head, rows))
    rows = [
        row(f'best {key}', points[i], values[i]) for key, i in best.items()
    ]
    print(f'Best of {len(points)} points\n' + format_table(head, rows))


def tune(args: argparse.Namespace) -> None:
    """Read, evaluate, print, write and draw.

    Args:
        args (argparse.Namespace): The command line.
    """
    points = weight_grid(*args.grid)
    if not set(args.metrics) - {'mIoU'}:
        raise InputError('mIoU does not depend on quality weights')
    path = Path(args.out_dir) / 'quality_weights.json'
    check_writable(str(path))
    info, records = read_results(args.results)
    if not records:
        raise InputError(f'{args.results} has no person: there are no scores '
                         'to fuse')
    evaluator = ParsingEvaluator(
        args.ann_file,
        args.data_root,
        info.get('classes') or [str(i) for i in range(info['num_classes'])],
        img_subdir=args.img_subdir,
        person_cat_ids=args.person_cat_ids,
        metrics=args.metrics,
        protocol=args.protocol,
        thresholds=Thresholds(nms_iou=args.nms_thr))
    search = WeightSearch(evaluator, records, f'{args.results}: results')
    wanted = list(dict.fromkeys([*points, *PAPER_TABLE_1.values()]))
    found = dict(zip(wanted, search.evaluate_all(wanted, args.num_workers)))
    values = [found[point] for point in points]
    paper = {name: found[point] for name, point in PAPER_TABLE_1.items()}
    print(f'Protocol: {args.protocol}')
    if 'mIoU' in args.metrics:
        print(f'mIoU {values[0]["mIoU"]:.2f} whatever the weights')
    print_tables(points, values, paper)
    write_document(path, args, points, values, paper)
    print(f'Wrote {path}')
    # Imported here, so that all else works without matplotlib.
    from quality_heat_map import draw_heat_maps
    picture = path.with_suffix('.png')
    draw_heat_maps(picture, points, values, PAPER_TABLE_1)
    print(f'Wrote {picture}')


def main() -> None:
    """Run the tool."""
    tune(parse_args())


if __name__ == '__main__':
    run_tool(main)
