# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Test a parser, an ensemble of parsers, or a person detector."""
import argparse
import logging
import os.path as osp
import sys
from typing import Optional, Sequence

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '..')))

import projects.qanet  # noqa: F401, operators for an mmcv without

# isort: split
from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.models.segmentors import BaseSegmentor

from projects.qanet.datasets.metainfo import checkpoint_meta
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.configs import read_config, type_name
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import check_state_dict
from tools.common.cli import plain_parser
from tools.common.launch import (add_common_arguments, load_config,
                                 run_distributed)
from tools.common.test_time import enable_tta, make_ensemble, pair_models

_PARSING_METRICS = ('ParsingMetric', 'PixelThresholdMetric')


def parse_args() -> argparse.Namespace:
    parser = plain_parser('Test a human parser, or several as an ensemble', [
        ('config', 'config file'),
        ('checkpoint', 'checkpoint file'),
        ('more_models', 'further parsers whose probabilities and IoU scores '
         'are averaged with those of the first; data, evaluation, score '
         'fusion and --cfg-options are those of the first config',
         dict(nargs='*', metavar='CONFIG CHECKPOINT')),
        ('--work-dir', 'folder for the log and the metrics as json'),
        ('--out', 'results file (json) to write'),
        ('--show', 'show the predictions', False),
        ('--show-dir', 'folder for painted images, inside work_dir/timestamp'),
        ('--wait-time', 'seconds per shown image', 2.0),
        ('--pixel-score-thrs', 'also report the metrics at each of these '
         'thresholds of the pixel score, all in one pass',
         dict(type=float, nargs='+', metavar='T')),
        ('--tta', 'test-time augmentation: the tta_cfg of every config',
         False),
    ])
    add_common_arguments(parser)
    # Models may follow options too, as they do behind dist_test.sh.
    return parser.parse_intermixed_args()


def enable_visualization(cfg: Config, args: argparse.Namespace) -> None:
    hook = cfg.default_hooks.get('visualization')
    if hook is None:
        raise InputError('--show and --show-dir need '
                         'default_hooks.visualization in the config')
    hook.draw = True
    if args.show:
        hook.show, hook.wait_time = True, args.wait_time
    if args.show_dir:
        hook.test_out_dir = args.show_dir


def find_metric(cfg: Config, option: str, *others: str) -> ConfigDict:
    """The config's part for its parsing metric, which ``option`` needs.

    Metrics of the names ``others`` will do as well.
    """
    found = cfg.test_evaluator
    for item in found if isinstance(found, (list, tuple)) else [found]:
        if type_name(item.type) in (*_PARSING_METRICS, *others):
            return item
    raise InputError(
        f'{option} needs a ParsingMetric in test_evaluator; a detector writes '
        'its boxes with --cfg-options test_evaluator.outfile_prefix=PREFIX')


def set_out_file(cfg: Config, path: str) -> None:
    """Let the metric of the config write its results file."""
    metric = find_metric(cfg, '--out', 'DensePoseMetric')
    metric.out_file = path
    if type_name(metric.type) not in _PARSING_METRICS:
        return
    # The file says how its scores were fused.
    names = dict(weights='quality_weights', pixel_score_thr='pixel_score_thr')
    fusion = cfg.model.get('post_processor', {})
    metric.result_info = {names[k]: fusion[k] for k in names if k in fusion}


def set_pixel_thresholds(cfg: Config, thrs: Sequence[float]) -> None:
    """Score persons at several pixel thresholds and report each."""
    wrong = [thr for thr in thrs if not 0 <= thr <= 1]
    if wrong:
        raise InputError(f'--pixel-score-thrs must be in [0, 1], not {wrong}')
    metric = find_metric(cfg, '--pixel-score-thrs')
    metric.type = 'mmseg.PixelThresholdMetric'
    metric.pixel_score_thrs = list(thrs)
    module = cfg.model.setdefault('post_processor',
                                  ConfigDict(type='QualityAwareModule'))
    module.extra_pixel_score_thrs = list(thrs)


def load_models(args: argparse.Namespace) -> Config:
    """Read the first config; of several models it gets a ParserEnsemble."""
    others = [path for path, _ in pair_models(args.more_models)]
    cfg = load_config(args)
    configs = [cfg, *map(read_config, others)]
    if args.tta:
        for config, path in zip(configs, (args.config, *others)):
            enable_tta(config, path)
    if others:
        make_ensemble(cfg, configs[1:])
    return cfg


def warn_of_other_classes(runner: Runner, meta: Optional[dict]) -> None:
    """Warn if the parser learnt other classes than it is tested on.

    LIP and CIHP have 20 classes each, but not the same.
    """
    model = getattr(runner.model, 'module', runner.model)
    if not (isinstance(model, BaseSegmentor)
            or getattr(model, 'finds_persons', False)):
        return
    dataset = runner.test_loop.dataloader.dataset
    pairs = zip((meta or {}).get('classes') or (),
                (getattr(dataset, 'metainfo', None) or {}).get('classes')
                or ())
    differences = [
        f'{label} ({ours!r}, here {theirs!r})'
        for label, (ours, theirs) in enumerate(pairs) if ours != theirs
    ]
    if differences:
        print_log(
            'the checkpoint was trained on other classes than those of '
            f'test_dataloader: {", ".join(differences)}; the metrics compare '
            'them by number',
            logger='current',
            level=logging.WARNING)


def main() -> None:
    args = parse_args()
    checkpoints = [path for _, path in pair_models(args.more_models)]
    cfg = load_models(args)
    if args.show or args.show_dir:
        enable_visualization(cfg, args)
    if args.out is not None:
        set_out_file(cfg, args.out)
    if args.pixel_score_thrs is not None:
        set_pixel_thresholds(cfg, args.pixel_score_thrs)
    # An ensemble is filled below, a single model by the runner.
    cfg.load_from = None if checkpoints else args.checkpoint
    checkpoint = None if checkpoints else read_checkpoint(args.checkpoint)

    runner = Runner.from_cfg(cfg)
    model = getattr(runner.model, 'module', runner.model)
    if checkpoint is None:
        model.load_checkpoints([args.checkpoint, *checkpoints])
        meta = model.dataset_meta
    else:
        check_state_dict(model, checkpoint['state_dict'], args.checkpoint)
        meta = checkpoint_meta(checkpoint)
    del checkpoint
    warn_of_other_classes(runner, meta)
    runner.test()


if __name__ == '__main__':
    run_distributed(main)
