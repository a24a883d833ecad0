# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Does QAM help instance segmentation? Train, test and compare, several seeds.

    python tools/analysis_tools/qam_study.py --seeds 0 1 2 --jobs 2

draws a data set, trains a small Mask R-CNN and a small SOLOv2 with each seed,
tests every checkpoint with the scores kept apart, and evaluates the same
masks with and without QAM. What is there already is not done again, so an
interrupted study continues when it is started again. Leaves qam_study.md and
qam_study.json in the work dir.
"""
import argparse
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from mmengine.config import Config
from pycocotools.coco import COCO

from projects.qanet.evaluation.analysis.instances import (aggregate,
                                                          evaluate_run,
                                                          format_study)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import write_json
from tools.common.cli import run_tool
from tools.common.jobs import ROOT, Commands

#: Forms of the pixel score: mode and threshold.
FORMS = {'stability': ('stability', .25), 'mean': ('mean', .25)}


class Model(NamedTuple):
    """One network of the study.

    Attributes:
        config (str): Its config, without QAM.
        head (str): Where the config says what the mask head is.
        quality_head (str): Its type with QAM.
        forms (dict): Forms of the pixel score to keep.
    """
    config: str
    head: str
    quality_head: str
    forms: Dict[str, Tuple[str, float]]


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
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--models', nargs='+', default=list(MODELS), choices=list(MODELS))
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--images', type=int, default=600, help='scenes to train on')
    parser.add_argument(
        '--val-images', type=int, default=240, help='held-out scenes')
    parser.add_argument('--data-seed', type=int, default=0)
    parser.add_argument(
        '--epochs', type=int, help="instead of the configs' own")
    parser.add_argument(
        '--gammas',
        nargs='+',
        type=float,
        default=[.5, 1., 2.],
        help='weights of the pixel score to try; 1 is always among them')
    parser.add_argument(
        '--jobs',
        type=int,
        default=1,
        help='networks to train at the same time; fastest is one per core')
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
    """One network trained with one seed, and its results.

    Args:
        name (str): A key of :data:`MODELS`.
        seed (int): Seed of the training.
        args (argparse.Namespace): The command line.
    """

    def __init__(self, name: str, seed: int, args: argparse.Namespace) -> None:
        self.name, self.model = name, MODELS[name]
        self.title = f'{name}, seed {seed}'
        self.seed = seed
        self.folder = args.work_dir.resolve() / f'{name}_seed{seed}'
        self.log = self.folder / 'study.log'
        self.data = args.work_dir.resolve() / 'data'
        self.epochs = args.epochs or Config.fromfile(
            ROOT / self.model.config).max_epochs
        self.checkpoint = self.folder / f'epoch_{self.epochs}.pth'

    def commands(self) -> Iterator[Tuple[str, List[Any]]]:
        """What is still to be done, one after the other.

        Yields:
            tuple[str, list]: What it is, and the arguments for Python.
        """
        if not self._is_trained():
            yield 'train', self._train_command()
        for form in self.model.forms:
            if not self._result(form).is_file():
                yield f'test ({form})', self._test_command(form)
                # Only now the file is known to be whole.
                written = self.folder / 'test' / f'{form}.segm.json'
                written.replace(self._result(form))

    def work(self, commands: Commands) -> None:
        """Do what is still to be done.

        Args:
            commands (Commands): Runs it.

        Raises:
            InputError: If a step fails.
        """
        for step, arguments in self.commands():
            commands.run(f'{self.title}: {step}', *arguments, log=self.log)

    def _is_trained(self) -> bool:
        """mmengine names a checkpoint there once it is written."""
        last = self.folder / 'last_checkpoint'
        return last.is_file() and self.checkpoint.is_file() and Path(
            last.read_text().strip()).name == self.checkpoint.name

    def _result(self, form: str) -> Path:
        return self.folder / f'{form}.segm.json'

    def _data_options(self) -> List[str]:
        annotations = self.data / 'annotations' / 'instances_val.json'
        return [
            *(f'{part}_dataloader.dataset.data_root={self.data}/'
              for part in ('train', 'val', 'test')),
            *(f'{part}_evaluator.ann_file={annotations}'
              for part in ('val', 'test'))
        ]

    def _train_command(self) -> List[Any]:
        return [
            'tools/train.py', self.model.config, '--work-dir', self.folder,
            '--resume', '--cfg-options', f'randomness.seed={self.seed}',
            f'train_cfg.max_epochs={self.epochs}',
            f'param_scheduler.1.T_max={self.epochs}',
            f'train_cfg.val_begin={self.epochs + 1}', *self._data_options()
        ]

    def _test_command(self, form: str) -> List[Any]:
        mode, thr = self.model.forms[form]
        head = self.model.head
        # 'mask_scores' leave the order alone: the files can be compared.
        return [
            'tools/test.py', self.model.config, self.checkpoint, '--work-dir',
            self.folder / 'test', '--cfg-options',
            f'{head}.type={self.model.quality_head}',
            f'{head}.quality.mode={mode}', f'{head}.quality.thr={thr}',
            f'{head}.quality.score_key=mask_scores',
            'test_evaluator.type=QualityCocoMetric',
            f'test_evaluator.outfile_prefix={self.folder}/test/{form}',
            'test_evaluator.format_only=True', *self._data_options()
        ]

    def ingredients(
            self) -> Tuple[List[dict], np.ndarray, Dict[str, np.ndarray]]:
        """Read what the tests left.

        Returns:
            tuple: N COCO results with masks, box or class scores (N,), pixel
            scores (N,) by form.

        Raises:
            InputError: If there are none, or the masks of two tests differ.
        """
        found = {
            form: json.loads(self._result(form).read_text())
            for form in self.model.forms
        }
        records = found['stability']
        if not records:
            raise InputError(f'{self.title}: nothing was found in any image; '
                             'train for longer')
        for others in found.values():
            if _column(others,
                       'segmentation') != _column(records, 'segmentation'):
                raise InputError('the tests have different masks; remove '
                                 f'{self.folder}/*.segm.json and start again')
        pixels = {
            form: np.array(_column(others, 'pixel_score'))
            for form, others in found.items()
        }
        return records, np.array(_column(records, 'bbox_score')), pixels


def _column(records: Sequence[dict], key: str) -> list:
    return [record[key] for record in records]


def remember_settings(args: argparse.Namespace) -> Dict[str, Any]:
    """Write down what the data and checkpoints in the work dir depend on.

    Args:
        args (argparse.Namespace): The command line.

    Returns:
        dict: The settings.

    Raises:
        InputError: If the work dir was begun with others.
    """
    names = ('images', 'val_images', 'data_seed', 'epochs')
    settings = {name: getattr(args, name) for name in names}
    path = args.work_dir / 'settings.json'
    if not path.is_file() and (args.work_dir / 'data').exists():
        raise InputError(f'{args.work_dir}/data is not of this tool; choose '
                         'another --work-dir or remove it')
    if path.is_file() and json.loads(path.read_text()) != settings:
        raise InputError(f'{args.work_dir} was begun with other settings '
                         f'({path.read_text().strip()}); choose another '
                         '--work-dir or remove it')
    args.work_dir.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings) + '\n')
    return settings


def draw(args: argparse.Namespace, commands: Commands) -> None:
    """Draw the data set unless it is there.

    Args:
        args (argparse.Namespace): The command line.
        commands (Commands): Runs it.

    Raises:
        InputError: If drawing fails.
    """
    data = args.work_dir / 'data'
    if (data / 'annotations' / 'instances_val.json').is_file():
        return
    commands.run(f'draw {args.images} + {args.val_images} scenes',
                 'tools/dataset_converters/synthetic_instances.py',
                 data.resolve(), '--images', args.images, '--val-images',
                 args.val_images, '--seed', args.data_seed)


def main() -> None:
    """Run what is missing, then write and print the tables."""
    args = parse_args()
    # Each of the networks gets its share of the cores.
    commands = Commands(max(1, (os.cpu_count() or 1) // args.jobs))
    # Ended from outside, it must not leave a training behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    settings = remember_settings(args)
    draw(args, commands)
    # All models of a seed first, so that early figures compare all models.
    runs = [
        Run(name, seed, args) for seed in args.seeds for name in args.models
    ]
    commands.run_jobs([partial(run.work, commands) for run in runs], args.jobs)
    truth = COCO(args.work_dir / 'data' / 'annotations' / 'instances_val.json')
    figures: Dict[str, List[dict]] = {name: [] for name in args.models}
    for run in runs:
        commands.say(f'{run.title}: evaluate')
        figures[run.name].append(
            evaluate_run(truth, *run.ingredients(), gammas=args.gammas))
    models = {name: aggregate(found) for name, found in figures.items()}
    text = format_study(models)
    (args.work_dir / 'qam_study.md').write_text(text)
    write_json(
        str(args.work_dir / 'qam_study.json'),
        dict(settings, seeds=args.seeds, models=models),
        indent=1)
    print(f'\n{text}')
    commands.say(f'written to {args.work_dir}/qam_study.md and .json')


if __name__ == '__main__':
    run_tool(main)
