# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Table 3 of the paper on drawn people: what does each step bring?

Trains the small configs of configs/ablation, tests each with the boxes of the
demo's detector, and writes a table with mean and spread over the seeds. Run
`make demo` first. What is finished already is not done again.
"""
import argparse
import json
import statistics
import sys
from functools import partial
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.tables import format_table
from tools.common.cli import run_tool
from tools.common.jobs import Commands

KEYS = ('mIoU', 'APp', 'APp_50', 'PCP_50', 'APr', 'APr_50')


class Row(NamedTuple):
    """One row: its name, its config, and other quality weights, if any."""
    name: str
    config: str
    weights: Tuple[float, ...] = ()

    @property
    def stem(self) -> str:
        """str: Name of the config without ending."""
        return Path(self.config).stem


_WHOLE = 'configs/ablation/qanet-no-qam_r18_fpn_1xb16-18e_synthetic-128x96.py'
ROWS = (
    Row('SimpleNet',
        'configs/ablation/simple-baseline_r18_1xb16-18e_synthetic-64x48.py'),
    Row('+ S-FPN',
        'configs/ablation/sfpn_r18_fpn_1xb16-18e_synthetic-64x48.py'),
    Row('+ Lovasz',
        'configs/ablation/sfpn-lovasz_r18_fpn_1xb16-18e_synthetic-64x48.py'),
    Row(
        '+ IoU',
        'configs/ablation/sfpn-lovasz-iou_r18_fpn_1xb16-18e_synthetic-64x48.py'
    ),
    Row('+ large input', _WHOLE),
    Row('+ QAM', _WHOLE, (1., 0.5, 3.)),
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--data',
        type=Path,
        default=Path('work_dirs/demo/data'),
        help='drawn people, as tools/dataset_converters/synthetic.py draws')
    parser.add_argument(
        '--boxes',
        type=Path,
        default=Path('work_dirs/demo/val.bbox.json'),
        help="the detector's boxes on the held-out scenes")
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument(
        '--out-dir', type=Path, default=Path('work_dirs/ablation'))
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        help='settings for all trainings, such as train_cfg.max_epochs=1')
    return parser.parse_args()


class Study:
    """Trains and tests what is not there yet.

    Args:
        args (argparse.Namespace): The command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.run = partial(Commands().run, log=args.out_dir / 'log.txt')
        annotations = args.data / 'annotations/CIHP_val.json'
        for path in (annotations, args.boxes):
            if not path.is_file():
                raise InputError(f'{path} is missing: run `make demo` first')
        self.truth = [
            '--ann-file', annotations, '--data-root', args.data / 'Validation'
        ]
        self.options = [
            *(f'{part}_dataloader.dataset.data_root={args.data}/'
              for part in ('train', 'val', 'test')),
            *(f'{part}_evaluator.{key}' for part in ('val', 'test')
              for key in (f'ann_file={annotations}',
                          f'data_root={args.data / "Validation"}')),
            f'test_dataloader.dataset.bbox_file={args.boxes.resolve()}'
        ]

    def metrics(self, row: Row, seed: int) -> Dict[str, float]:
        """Metrics of one row with one seed.

        Args:
            row (Row): The row.
            seed (int): Seed of its training.

        Returns:
            dict[str, float]: In percent, without the prefix.
        """
        folder = self.args.out_dir / row.stem / f'seed{seed}'
        out = folder / f'metrics{"_qam" if row.weights else ""}.json'
        if not out.is_file():
            results = self.test(row, seed, folder)
            weights = (['--quality-weights', *row.weights]
                       if row.weights else [])
            self.run(f'{row.name}, seed {seed}: evaluate',
                     'tools/analysis_tools/eval_parsing.py', results,
                     *self.truth, *weights, '--out', out)
        values = json.loads(out.read_text())
        return {key: values[f'parsing/{key}'] for key in KEYS}

    def test(self, row: Row, seed: int, folder: Path) -> Path:
        """Train a row and test it, unless that is done.

        Args:
            row (Row): The row.
            seed (int): Seed of the training.
            folder (Path): Where its files are.

        Returns:
            Path: The results file.
        """
        results = folder / 'results.json'
        if results.is_file():
            return results
        title = f'{row.name}, seed {seed}'
        options = ['--work-dir', folder, '--cfg-options', *self.options]
        last = folder / 'last_checkpoint'
        self.run(f'{title}: train', 'tools/train.py', row.config, *options,
                 f'randomness.seed={seed}', 'train_cfg.val_interval=1000',
                 *self.args.cfg_options)
        self.run(f'{title}: test', 'tools/test.py', row.config,
                 last.read_text().strip(), '--out', results, *options)
        return results


def format_spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation as text.

    Args:
        values (Sequence[float]): One for each seed.

    Returns:
        str: Such as ``54.3 ± 0.8``; the mean alone of a single value.
    """
    mean = f'{statistics.mean(values):.1f}'
    return (f'{mean} ± {statistics.stdev(values):.1f}'
            if len(values) > 1 else mean)


def format_rows(table: Dict[str, List[Dict[str, float]]]) -> str:
    """Write the table in Markdown.

    Args:
        table (dict[str, list[dict[str, float]]]): Metrics of each seed by the
            name of the row.

    Returns:
        str: One line for each row.
    """
    rows = [[
        name, *(format_spread([run[key] for run in runs]) for key in KEYS)
    ] for name, runs in table.items()]
    return format_table(['', *KEYS], rows, markdown=True)


def main() -> None:
    """Fill the table, seed by seed, and print it after each."""
    args = parse_args()
    study = Study(args)
    table: Dict[str, List[Dict[str, float]]] = {row.name: [] for row in ROWS}
    for seed in args.seeds:
        for row in ROWS:
            table[row.name].append(study.metrics(row, seed))
        print(
            f'\n{len(table[ROWS[0].name])} seed(s), percent, mean ± sample '
            f'standard deviation\n\n{format_rows(table)}',
            flush=True)
        (args.out_dir / 'ablation.json').write_text(
            json.dumps(table, indent=1))
    (args.out_dir / 'ablation.md').write_text(format_rows(table) + '\n')


if __name__ == '__main__':
    run_tool(main)
