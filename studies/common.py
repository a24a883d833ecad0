# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the studies share."""
import argparse
import json
import statistics
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_text
from projects.qanet.utils.json_values import write_json
from projects.qanet.utils.tables import format_table
from tools.common.jobs import Commands, num_threads

#: The columns of the paper's Tables 2 and 3.
KEYS = ('mIoU', 'APp', 'APp_50', 'PCP_50', 'APr', 'APr_50')


def data_options(data: Path, **evaluator: Any) -> List[str]:
    """Settings that point a config to a drawn data set."""
    return [
        *(f'{part}_dataloader.dataset.data_root={data}/'
          for part in ('train', 'val', 'test')),
        *(f'{part}_evaluator.{key}={value}' for part in ('val', 'test')
          for key, value in evaluator.items())
    ]


def write_report(stem: Path, document: Any, text: str) -> None:
    """Leave the figures as ``stem.json`` and the tables as ``stem.md``."""
    write_json(f'{stem}.json', document, indent=1)
    write_text(f'{stem}.md', text)


class Row(NamedTuple):
    """A row of a table of parsers: what is trained, and how it is ranked."""
    config: str
    weights: Sequence[float] = ()  # quality weights, () for the config's
    finds_persons: bool = False  # so that it needs no boxes


class TableStudy:
    """A table of parsers on drawn people, mean and spread over the seeds.

    It trains, tests and evaluates what is not there yet.
    """

    def __init__(self, doc: str, name: str, rows: Dict[str, Row]) -> None:
        """Read the command line; ``name`` is that of the output."""
        self.name, self.rows = name, rows
        parser = argparse.ArgumentParser(description=doc)
        folder = 'work_dirs/demo'
        drawn = 'drawn people, as tools/dataset_converters/synthetic.py draws'
        boxes = "the detector's boxes on the held-out scenes"
        options = (('--data', f'{folder}/data',
                    drawn), ('--boxes', f'{folder}/val.bbox.json', boxes),
                   ('--out-dir', f'work_dirs/{name}', None))
        for option, path, text in options:
            parser.add_argument(
                option, type=Path, default=Path(path), help=text)
        parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
        parser.add_argument(
            '--jobs', type=int, default=1, help='trainings at the same time')
        parser.add_argument(
            '--cfg-options',
            nargs='+',
            default=[],
            help='settings for all trainings, such as train_cfg.max_epochs=1')
        self.args = args = parser.parse_args()
        if args.jobs < 1:
            parser.error(f'--jobs must be >= 1, not {args.jobs}')
        self.commands = Commands(max(1, num_threads() // args.jobs))
        self.run = partial(self.commands.run, log=args.out_dir / 'log.txt')
        self.ann_file = args.data / 'annotations/CIHP_val.json'
        self.data_root = args.data / 'Validation'
        for path in (self.ann_file, args.boxes):
            if not path.is_file():
                raise InputError(f'{path} is missing: run `make demo` first')

    def work(self) -> None:
        """Fill the table, seed by seed, and print it after each."""
        table: Dict[str, List[Dict[str, float]]] = {r: [] for r in self.rows}
        configs = dict.fromkeys(row.config for row in self.rows.values())
        for number, seed in enumerate(self.args.seeds, 1):
            self.commands.run_jobs(
                [partial(self._train_and_test, c, seed) for c in configs],
                self.args.jobs)
            for row, runs in table.items():
                runs.append(self._metrics(row, seed))
            text = format_table(['', *KEYS], [[
                row, *(format_spread([run[key] for run in runs])
                       for key in KEYS)
            ] for row, runs in table.items()], True)
            print(
                f'\n{number} seed(s), percent, mean ± sample standard '
                f'deviation\n\n{text}',
                flush=True)
            write_report(self.args.out_dir / self.name, table, text + '\n')

    def _results(self, config: str, seed: int) -> Path:
        folder = self.args.out_dir / Path(config).stem
        return folder / f'seed{seed}' / 'results.json'

    def _metrics(self, name: str, seed: int) -> Dict[str, float]:
        """Metrics of one row with one seed, in percent."""
        row = self.rows[name]
        results = self._results(row.config, seed)
        weights = ''.join(f'_{weight:g}' for weight in row.weights)
        out = results.with_name(f'metrics{weights}.json')
        if not out.is_file():
            self.run(f'{name}, seed {seed}: evaluate',
                     'tools/analysis_tools/eval_parsing.py', results,
                     '--ann-file', self.ann_file, '--data-root',
                     self.data_root,
                     *(['--quality-weights', *row.weights] if weights else []),
                     '--out', out)
        values = json.loads(out.read_text())
        return {key: values[f'parsing/{key}'] for key in KEYS}

    def _train_and_test(self, config: str, seed: int) -> None:
        """Train a config and leave a results file."""
        results = self._results(config, seed)
        if results.is_file():
            return
        title, folder = f'{Path(config).stem}, seed {seed}', results.parent
        options = [
            '--work-dir', folder, '--cfg-options', *data_options(
                self.args.data,
                ann_file=self.ann_file,
                data_root=self.data_root)
        ]
        if not any(row.finds_persons
                   for row in self.rows.values() if row.config == config):
            boxes = self.args.boxes.resolve()
            options.append(f'test_dataloader.dataset.bbox_file={boxes}')
        self.run(f'{title}: train', 'tools/train.py', config, *options,
                 f'randomness.seed={seed}', 'train_cfg.val_interval=100000',
                 *self.args.cfg_options)
        checkpoint = (folder / 'last_checkpoint').read_text().strip()
        self.run(f'{title}: test', 'tools/test.py', config, checkpoint,
                 '--out', results, *options)


def format_spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation; the mean alone of one value."""
    mean = f'{statistics.mean(values):.1f}'
    return (f'{mean} ± {statistics.stdev(values):.1f}'
            if len(values) > 1 else mean)
