# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Try quality weights on a results file, without running the network.

Evaluates a grid of weights of the box, IoU and pixel score and the rows of
the paper's Table 1, prints the best, and writes all values (JSON) and heat
maps (PNG). Each value is what ``eval_parsing.py --quality-weights`` gives.
"""
import argparse
import sys
from pathlib import Path
from typing import Dict, Iterable, Sequence, Tuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.evaluation.analysis.figures import draw
from projects.qanet.evaluation.functional import (METRICS, SUMMARY_KEYS,
                                                  Thresholds, WeightSearch,
                                                  best_point, format_value,
                                                  weight_grid)
from projects.qanet.structures import read_results
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable
from projects.qanet.utils.json_values import write_json
from projects.qanet.utils.tables import format_table
from tools.common.cli import plain_parser, run_tool
from tools.common.evaluation_arguments import (PROTOCOL, TRUTH, classes_of,
                                               make_evaluator)

Point, Metrics = Tuple[float, ...], Dict[str, float]
# Rows of the paper's Table 1: weights of the box, IoU and pixel score.
PAPER_TABLE_1 = dict(
    zip('abcdefgh', ((1., 0., 0.), (0., 1., 0.), (0., 0., 1.), (1., 1., 0.),
                     (1., 0., 1.), (0., 1., 1.), (1., 1., 1.), (1., .5, 3.))))
# The global map follows the box score alone, so weights change only these.
TUNED_KEYS = tuple(
    key for key in SUMMARY_KEYS if key not in ('mIoU', 'pixAcc', 'mAcc'))
MAP_TITLES = {'APp': r'AP$^p$', 'APr': r'AP$^r$', 'APh': r'AP$^h$'}
LETTER = dict(color='white', fontsize=8, ha='center', va='center')
FRAME = dict(facecolor='black', alpha=.6, pad=1, linewidth=0)


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('results', 'results file (JSON)'),
        *TRUTH,
        *PROTOCOL,
        ('--metrics', None,
         dict(nargs='+', default=list(METRICS), choices=METRICS)),
        ('--grid', 'values of each of the three weights, 0 3 0.5 if not said',
         dict(
             nargs=3,
             type=float,
             default=(0.0, 3.0, 0.5),
             metavar=('START', 'STOP', 'STEP'))),
        ('--num-workers', 'processes beside this one', 0),
        ('--out-dir', 'folder for quality_weights.json and '
         'quality_weights.png', 'work_dirs/tune_quality'),
    ]).parse_args()


def list_best(points: Sequence[Point], values: Sequence[Metrics]) -> dict:
    best = {key: best_point(values, key) for key in TUNED_KEYS}
    return {key: points[i] for key, i in best.items() if i is not None}


def make_document(args: argparse.Namespace, points: Sequence[Point],
                  best: Dict[str, Point], found: Dict[Point, Metrics]) -> dict:
    """All values, of the grid and of the rows of Table 1, for a JSON file."""

    def entry(point: Point) -> dict:
        named = {f'parsing/{key}': found[point][key] for key in found[point]}
        return dict(quality_weights=point, metrics=named)

    return dict(
        results=args.results,
        protocol=args.protocol,
        nms_thr=args.nms_thr,
        grid=dict(zip(('start', 'stop', 'step'), args.grid)),
        best={
            f'parsing/{key}':
            dict(quality_weights=point, value=found[point][key])
            for key, point in best.items()
        },
        paper_table_1={
            key: entry(PAPER_TABLE_1[key])
            for key in PAPER_TABLE_1
        },
        points=[entry(point) for point in points])


def make_table(chosen: Dict[str, Point], found: Dict[Point, Metrics],
               keys: Iterable[str]) -> str:
    rows = [[
        title, *(f'{weight:g}'
                 for weight in point), *(format_value(found[point], key)
                                         for key in keys)
    ] for title, point in chosen.items()]
    return format_table(['', 'box', 'IoU', 'pixel', *keys], rows)


def fill_heat_maps(axes: np.ndarray, points: Sequence[Point],
                   values: Sequence[Metrics], keys: Sequence[str]) -> None:
    """A row of maps for each metric, a map for each pixel weight.

    A star marks the best point, letters the rows of Table 1 that are on the
    grid. The colours of a row go from its 5th percentile up: few very bad
    points would hide everything else.
    """
    weights = [np.unique(column) for column in np.transpose(points)]
    for key, row in zip(keys, axes):
        # By ascending weights, NaN where the grid has no point.
        cube = np.full([len(axis) for axis in weights], np.nan)
        for point, metrics in zip(points, values):
            cube[tuple(map(np.searchsorted, weights, point))] = metrics[key]
        if np.isnan(cube).all():
            continue
        low, high = np.nanpercentile(cube, 5), np.nanmax(cube)
        best = np.unravel_index(np.nanargmax(cube), cube.shape)
        for i, panel in enumerate(row):
            image = panel.imshow(
                cube[..., i], 'viridis', vmin=low, vmax=high, origin='lower')
            panel.set_title(f'pixel weight {weights[2][i]:g}', fontsize=9)
            for name, point in PAPER_TABLE_1.items():
                if point in points and point[2] == weights[2][i]:
                    y, x, _ = map(np.searchsorted, weights, point)
                    panel.text(x, y, name, bbox=FRAME, **LETTER)
            panel.grid(False)
            for axis, ticks in zip((panel.yaxis, panel.xaxis), weights):
                # Every other one where there are many.
                step = 2 if len(ticks) > 4 else 1
                axis.set_ticks(
                    range(0, len(ticks), step),
                    [f'{weight:g}' for weight in ticks[::step]])
        row[best[2]].plot(
            best[1], best[0], 'r*', markeredgecolor='white', markersize=13)
        row[0].set_ylabel('box weight')
        row[0].figure.colorbar(
            image, ax=row, extend='min', label=f'{MAP_TITLES[key]} (%)')
    for panel in axes[-1]:
        panel.set_xlabel('IoU weight')
    axes[0, 0].figure.suptitle('star: best point of the row; letters: Table 1')


def main() -> None:
    args = parse_args()
    points = weight_grid(*args.grid)
    if not set(args.metrics) - {'mIoU'}:
        raise InputError('mIoU does not depend on quality weights')
    path = Path(args.out_dir) / 'quality_weights.json'
    check_writable(str(path))
    info, records = read_results(args.results)
    if not records:
        raise InputError(f'{args.results} has no person: there are no scores '
                         'to fuse')
    evaluator = make_evaluator(
        args,
        classes_of(info),
        metrics=args.metrics,
        thresholds=Thresholds(nms_iou=args.nms_thr))
    search = WeightSearch(evaluator, records, f'{args.results}: results')
    wanted = list(dict.fromkeys([*points, *PAPER_TABLE_1.values()]))
    found = dict(zip(wanted, search.evaluate_all(wanted, args.num_workers)))
    values = [found[point] for point in points]
    best = list_best(points, values)
    print(f'Protocol: {args.protocol}')
    if 'mIoU' in args.metrics:
        print(f'mIoU {values[0]["mIoU"]:.2f} whatever the weights')
    paper = {f'({key})': point for key, point in PAPER_TABLE_1.items()}
    print("Rows of the paper's Table 1\n" + make_table(paper, found, best))
    tops = {f'best {key}': point for key, point in best.items()}
    print(f'Best of {len(points)} points\n' + make_table(tops, found, best))
    write_json(str(path), make_document(args, points, best, found))
    print(f'Wrote {path}')
    keys = [key for key in MAP_TITLES if key in values[0]]
    columns = len({point[2] for point in points})
    picture = path.with_suffix('.png')
    picture.write_bytes(
        draw((1.8 * columns + 1.2, 2.1 * len(keys) + .6), (len(keys), columns),
             fill_heat_maps, points, values, keys))
    print(f'Wrote {picture}')


if __name__ == '__main__':
    run_tool(main)
