# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Table 2 of the paper: what are QAM and the ground-truth boxes worth?

Tests a parser with a detector's boxes and with those of the ground truth, and
ranks each result by the box score alone and by the config's quality weights.
"""
import argparse
import sys
from pathlib import Path
from typing import Any, Dict, List

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmengine.config import DictAction

from projects.qanet.evaluation.functional import ParsingEvaluator, format_value
from projects.qanet.structures import read_results
from projects.qanet.utils.configs import read_config
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.tables import format_table
from studies.common import KEYS, write_report
from tools.common.cli import run_tool
from tools.common.jobs import Commands
from tools.test import find_metric

BOX_SCORE = (1., 0., 0.)
NOTE = '''Without QAM persons and parts are ranked by the box score alone, as \
in row (a) of
Table 1. (Table 3 also has a row without QAM, but ranked by box and IoU score.)
Boxes of the ground truth all have the score 1: then everything without QAM is
a tie, which the order of the annotations settles, so AP says little there.'''


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, text in (('config', 'config of the parser'), ('checkpoint',
                                                            'its checkpoint'),
                       ('bbox_file', "the detector's boxes (json)")):
        parser.add_argument(name, help=text)
    folder = Path('work_dirs/box_study')
    text = 'folder for the two results files and the table'
    parser.add_argument('--out-dir', type=Path, default=folder, help=text)
    text = 'settings of the config, as in tools/test.py'
    parser.add_argument('--cfg-options', nargs='+', default=[], help=text)
    return parser.parse_args()


def read_truth(args: argparse.Namespace) -> Dict[str, Any]:
    """Arguments of the evaluator, as the config's ParsingMetric has them."""
    config = read_config(args.config)
    if args.cfg_options:
        parser = argparse.ArgumentParser()
        parser.add_argument('options', nargs='+', action=DictAction)
        config.merge_from_dict(parser.parse_args(args.cfg_options).options)
    metric = find_metric(config, 'Table 2')
    names = ('ann_file', 'data_root', 'img_subdir', 'protocol')
    return {name: metric[name] for name in names if name in metric}


def evaluate(path: Path, truth: Dict[str, Any]) -> List[Dict[str, float]]:
    """Metrics of a results file in percent, without and with QAM."""
    info, records = read_results(str(path))
    metrics = ('mIoU', 'APp', 'APr')
    return [
        ParsingEvaluator(
            classes=info['classes'],
            metrics=metrics,
            quality_weights=weights,
            **truth).evaluate(records, source=f'{path}: results')
        for weights in (BOX_SCORE, None)
    ]


def main() -> None:
    """Test twice, evaluate four times, print and write the table."""
    args = parse_args()
    if not Path(args.bbox_file).is_file():
        raise InputError(f'{args.bbox_file} is missing: it is the box file of '
                         'a detector, see docs/detection_boxes.md')
    truth = read_truth(args)
    commands, found = Commands(), {}
    boxes = dict(detector=Path(args.bbox_file).resolve(), truth=None)
    for name, bbox_file in boxes.items():
        results = args.out_dir / f'{name}.json'
        commands.run(f'boxes of the {name}',
                     'tools/test.py', args.config, args.checkpoint, '--out',
                     results.resolve(), '--work-dir', args.out_dir / name,
                     '--cfg-options', *args.cfg_options,
                     f'test_dataloader.dataset.bbox_file={bbox_file}')
        found[name] = evaluate(results, truth)
    # The order of the paper: without QAM first.
    table = [
        dict(truth_boxes=name == 'truth', qam=bool(qam), **found[name][qam])
        for qam in (0, 1) for name in boxes
    ]
    head = ['GT-box', 'QAM', *KEYS]
    rows = [[
        'yes' if row['truth_boxes'] else '', 'yes' if row['qam'] else '',
        *(format_value(row, key) for key in KEYS)
    ] for row in table]
    write_report(args.out_dir / 'table2', table,
                 format_table(head, rows, True) + '\n')
    print(format_table(head, rows))
    print(NOTE)


if __name__ == '__main__':
    run_tool(main)
