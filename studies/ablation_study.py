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
from typing import Dict, List, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.tables import format_table
from studies.common import KEYS, data_options, write_report
from tools.common.cli import run_tool
from tools.common.jobs import Commands

_WHOLE = 'qanet-no-qam_r18_fpn_1xb16-18e_synthetic-128x96'
#: Name of a row, its config, and other quality weights, if any.
ROWS: Dict[str, Tuple[str, Sequence[float]]] = {
    'SimpleNet': ('simple-baseline_r18_1xb16-18e_synthetic-64x48', ()),
    '+ S-FPN': ('sfpn_r18_fpn_1xb16-18e_synthetic-64x48', ()),
    '+ Lovasz': ('sfpn-lovasz_r18_fpn_1xb16-18e_synthetic-64x48', ()),
    '+ IoU': ('sfpn-lovasz-iou_r18_fpn_1xb16-18e_synthetic-64x48', ()),
    '+ large input': (_WHOLE, ()),
    '+ QAM': (_WHOLE, (1., 0.5, 3.)),
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    folder = 'work_dirs/demo'
    drawn = 'drawn people, as tools/dataset_converters/synthetic.py draws'
    boxes = "the detector's boxes on the held-out scenes"
    options = (('--data', f'{folder}/data',
                drawn), ('--boxes', f'{folder}/val.bbox.json', boxes),
               ('--out-dir', 'work_dirs/ablation', None))
    for option, path, text in options:
        parser.add_argument(option, type=Path, default=Path(path), help=text)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        help='settings for all trainings, such as train_cfg.max_epochs=1')
    return parser.parse_args()


class Study:
    """Trains, tests and evaluates what is not there yet."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.run = partial(Commands().run, log=args.out_dir / 'log.txt')
        self.ann_file = args.data / 'annotations/CIHP_val.json'
        self.data_root = args.data / 'Validation'
        for path in (self.ann_file, args.boxes):
            if not path.is_file():
                raise InputError(f'{path} is missing: run `make demo` first')

    def metrics(self, row: str, seed: int) -> Dict[str, float]:
        """Metrics of one row with one seed, in percent."""
        config, weights = ROWS[row]
        folder = self.args.out_dir / config / f'seed{seed}'
        results = folder / 'results.json'
        out = folder / f'metrics{"_qam" if weights else ""}.json'
        title = f'{row}, seed {seed}'
        if not out.is_file():
            if not results.is_file():
                self._train_and_test(title, config, seed, results)
            self.run(f'{title}: evaluate',
                     'tools/analysis_tools/eval_parsing.py', results,
                     '--ann-file', self.ann_file, '--data-root',
                     self.data_root,
                     *(['--quality-weights', *weights] if weights else []),
                     '--out', out)
        values = json.loads(out.read_text())
        return {key: values[f'parsing/{key}'] for key in KEYS}

    def _train_and_test(self, title: str, name: str, seed: int,
                        results: Path) -> None:
        """Train a config and leave a results file."""
        folder, config = results.parent, f'configs/ablation/{name}.py'
        options = [
            '--work-dir', folder, '--cfg-options', *data_options(
                self.args.data,
                ann_file=self.ann_file,
                data_root=self.data_root),
            f'test_dataloader.dataset.bbox_file={self.args.boxes.resolve()}'
        ]
        self.run(f'{title}: train', 'tools/train.py', config, *options,
                 f'randomness.seed={seed}', 'train_cfg.val_interval=1000',
                 *self.args.cfg_options)
        checkpoint = (folder / 'last_checkpoint').read_text().strip()
        self.run(f'{title}: test', 'tools/test.py', config, checkpoint,
                 '--out', results, *options)


def format_spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation; the mean alone of one value."""
    mean = f'{statistics.mean(values):.1f}'
    return (f'{mean} ± {statistics.stdev(values):.1f}'
            if len(values) > 1 else mean)


def main() -> None:
    """Fill the table, seed by seed, and print it after each."""
    args = parse_args()
    study = Study(args)
    table: Dict[str, List[Dict[str, float]]] = {row: [] for row in ROWS}
    for number, seed in enumerate(args.seeds, 1):
        for row, runs in table.items():
            runs.append(study.metrics(row, seed))
        text = format_table(['', *KEYS], [[
            row, *(format_spread([run[key] for run in runs]) for key in KEYS)
        ] for row, runs in table.items()], True)
        print(
            f'\n{number} seed(s), percent, mean ± sample standard deviation'
            f'\n\n{text}',
            flush=True)
        write_report(args.out_dir / 'ablation', table, text + '\n')


if __name__ == '__main__':
    run_tool(main)
