# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Does QAM help instance segmentation? Train, test and compare, several seeds.

    python studies/qam_study.py --seeds 0 1 2 --jobs 2

draws a data set, trains a small Mask R-CNN and a small SOLOv2 with each seed,
tests every checkpoint with the scores kept apart, and evaluates the same
masks with and without QAM. What is there already is not done again, so an
interrupted study continues when it is started again. Leaves qam_study.md and
qam_study.json in the work dir.
"""
import argparse
import json
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from mmengine.config import Config
from pycocotools.coco import COCO

from projects.qanet.evaluation.analysis.instances import (aggregate,
                                                          evaluate_run,
                                                          format_study)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import write_json
from studies.common import data_options, write_report
from tools.common.cli import make_parser, run_tool
from tools.common.jobs import ROOT, Commands, num_threads

#: Forms of the pixel score: mode and threshold.
FORMS = {'stability': ('stability', .25), 'mean': ('mean', .25)}


class Model(NamedTuple):
    """A network: its config, without QAM, and what testing changes in it."""
    config: str
    head: str  # where the config says what the mask head is
    quality_head: str  # its type with QAM
    forms: Dict[str, Tuple[str, float]]  # forms of the pixel score to keep


MODELS = {
    'mask-rcnn':
    Model('configs/demo/mask-rcnn_r18_fpn_1xb4-8e_synthetic-instances.py',
          'model.roi_head.mask_head', 'QualityFCNMaskHead', FORMS),
    # The mean probability inside the mask is what SOLOv2 multiplies in itself.
    'solov2':
    Model('configs/demo/solov2_r18_fpn_1xb4-8e_synthetic-instances.py',
          'model.mask_head', 'QualitySOLOv2Head',
          dict(FORMS, maskness=('mean', .5)))
}


def parse_args() -> argparse.Namespace:
    """Read and check the command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        '--models', nargs='+', default=list(MODELS), choices=list(MODELS))
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    for option, default, text in (
        ('--images', 600, 'scenes to train on'), ('--val-images', 240,
                                                  'held-out scenes'),
        ('--data-seed', 0, 'of the drawing'), ('--epochs', None,
                                               "instead of the configs' own"),
        ('--jobs', 1, 'networks to train at the same time; fastest is one '
         'per core')):
        parser.add_argument(option, type=int, default=default, help=text)
    text = 'weights of the pixel score to try; 1 is always among them'
    parser.add_argument(
        '--gammas', nargs='+', type=float, default=[.5, 1., 2.], help=text)
    parser.add_argument('--work-dir', default='work_dirs/qam_study', type=Path)
    args = parser.parse_args()
    for name in ('images', 'val_images', 'jobs', 'epochs'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name.replace("_", "-")} must be at least 1, '
                         f'got {value}')
    if len(set(args.seeds)) < len(args.seeds) or min(args.seeds) < 0:
        parser.error('--seeds must be different and not negative')
    if min(args.gammas) <= 0:
        parser.error('--gammas must be positive')
    args.gammas = sorted({1., *args.gammas})
    return args


class Run:
    """One network of MODELS trained with one seed, and its results."""

    def __init__(self, name: str, seed: int, args: argparse.Namespace) -> None:
        self.name, self.model, self.seed = name, MODELS[name], seed
        self.title = f'{name}, seed {seed}'
        self.folder = args.work_dir.resolve() / f'{name}_seed{seed}'
        self.results = {
            form: self.folder / f'{form}.segm.json'
            for form in self.model.forms
        }
        data = args.work_dir.resolve() / 'data'
        self.data_options = data_options(
            data, ann_file=data / 'annotations/instances_val.json')
        self.epochs = args.epochs or Config.fromfile(
            ROOT / self.model.config).max_epochs

    def work(self, commands: Commands) -> None:
        """Train and test, as far as it is still to be done."""
        run = partial(commands.run, log=self.folder / 'study.log')
        model, head, epochs = self.model, self.model.head, self.epochs
        checkpoint = self.folder / f'epoch_{epochs}.pth'
        last = self.folder / 'last_checkpoint'
        # mmengine names a checkpoint there once it is written.
        if not (last.is_file() and checkpoint.is_file()
                and Path(last.read_text().strip()).name == checkpoint.name):
            run(f'{self.title}: train', 'tools/train.py', model.config,
                '--work-dir', self.folder, '--resume', '--cfg-options',
                f'randomness.seed={self.seed}',
                f'train_cfg.max_epochs={epochs}',
                f'param_scheduler.1.T_max={epochs}',
                f'train_cfg.val_begin={epochs + 1}', *self.data_options)
        for form, (mode, thr) in model.forms.items():
            if self.results[form].is_file():
                continue
            prefix = self.folder / 'test' / form
            # 'mask_scores' leave the order alone: the files can be compared.
            run(f'{self.title}: test ({form})', 'tools/test.py', model.config,
                checkpoint, '--work-dir', self.folder / 'test',
                '--cfg-options', f'{head}.type={model.quality_head}',
                f'{head}.quality.mode={mode}', f'{head}.quality.thr={thr}',
                f'{head}.quality.score_key=mask_scores',
                'test_evaluator.type=QualityCocoMetric',
                f'test_evaluator.outfile_prefix={prefix}',
                'test_evaluator.format_only=True', *self.data_options)
            # Only now the file is known to be whole.
            Path(f'{prefix}.segm.json').replace(self.results[form])

    def ingredients(
            self) -> Tuple[List[dict], np.ndarray, Dict[str, np.ndarray]]:
        """Read N COCO results with masks, the box or class scores (N,), and
        the pixel scores (N,) by form.
        """
        pixels, masks = {}, []
        for form, path in self.results.items():
            records = json.loads(path.read_text())
            if not records:
                raise InputError(f'{self.title}: nothing was found in any '
                                 'image; train for longer')
            pixels[form] = np.array([r['pixel_score'] for r in records])
            masks.append([record['segmentation'] for record in records])
        if any(others != masks[0] for others in masks):
            raise InputError('the tests have different masks; remove '
                             f'{self.folder}/*.segm.json and start again')
        return records, np.array([r['bbox_score'] for r in records]), pixels


def remember_settings(args: argparse.Namespace) -> Dict[str, Any]:
    """Write down what the data and checkpoints in the work dir depend on."""
    names = ('images', 'val_images', 'data_seed', 'epochs')
    settings = {name: getattr(args, name) for name in names}
    path = args.work_dir / 'settings.json'
    problem = ''
    if path.is_file():
        if json.loads(path.read_text()) != settings:
            problem = (' was begun with other settings '
                       f'({path.read_text().strip()})')
    elif (args.work_dir / 'data').exists():
        problem = '/data is not of this tool'
    if problem:
        raise InputError(f'{args.work_dir}{problem}; choose another '
                         '--work-dir or remove it')
    write_json(str(path), settings)
    return settings


def main() -> None:
    """Run what is missing, then write and print the tables."""
    args = parse_args()
    # Each of the networks gets its share of the cores.
    commands = Commands(max(1, num_threads() // args.jobs))
    # Ended from outside, it must not leave a training behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    settings = remember_settings(args)
    data = args.work_dir / 'data'
    ann_file = data / 'annotations' / 'instances_val.json'
    if not ann_file.is_file():
        commands.run(f'draw {args.images} + {args.val_images} scenes',
                     'tools/dataset_converters/synthetic_instances.py',
                     data.resolve(), '--images', args.images, '--val-images',
                     args.val_images, '--seed', args.data_seed)
    # All models of a seed first, so that early figures compare all models.
    runs = [
        Run(name, seed, args) for seed in args.seeds for name in args.models
    ]
    commands.run_jobs([partial(run.work, commands) for run in runs], args.jobs)
    truth = COCO(ann_file)
    figures: Dict[str, List[dict]] = {name: [] for name in args.models}
    for run in runs:
        commands.say(f'{run.title}: evaluate')
        figures[run.name].append(
            evaluate_run(truth, *run.ingredients(), gammas=args.gammas))
    models = {name: aggregate(found) for name, found in figures.items()}
    text = format_study(models)
    write_report(args.work_dir / 'qam_study',
                 dict(settings, seeds=args.seeds, models=models), text)
    print(f'\n{text}')
    commands.say(f'written to {args.work_dir}/qam_study.md and .json')


if __name__ == '__main__':
    run_tool(main)
