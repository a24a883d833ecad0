# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Test a parser or a person detector."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '..')))

from mmengine.config import Config
from mmengine.runner import Runner

from projects.qanet.utils.checkpoint import check_state_dict, read_checkpoint
from projects.qanet.utils.launch import (UsageError, add_common_arguments,
                                         load_config, run_tool)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Test a human parser')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--work-dir', help='folder for the log and the metrics as json')
    parser.add_argument('--out', help='results file (json) to write')
    parser.add_argument(
        '--show', action='store_true', help='show the predictions')
    parser.add_argument(
        '--show-dir',
        help='folder for painted images, inside work_dir/timestamp')
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds per shown image')
    add_common_arguments(parser)
    return parser.parse_args()


def enable_visualization(cfg: Config, args: argparse.Namespace) -> None:
    """Switch on the visualization hook of the config.

    Args:
        cfg (Config): The config, changed in place.
        args (argparse.Namespace): The command line.

    Raises:
        UsageError: If the config has no visualization hook.
    """
    hook = cfg.default_hooks.get('visualization')
    if hook is None:
        raise UsageError('--show and --show-dir need '
                         'default_hooks.visualization in the config')
    hook.draw = True
    if args.show:
        hook.show, hook.wait_time = True, args.wait_time
    if args.show_dir:
        hook.test_out_dir = args.show_dir


def set_out_file(cfg: Config, path: str) -> None:
    """Let the parsing metric of the config write its results file.

    Args:
        cfg (Config): The config, changed in place.
        path (str): The json file.

    Raises:
        UsageError: If no evaluator is a ParsingMetric.
    """
    evaluators = cfg.test_evaluator
    if not isinstance(evaluators, (list, tuple)):
        evaluators = [evaluators]
    metrics = [item for item in evaluators if item.type == 'ParsingMetric']
    if not metrics:
        raise UsageError(
            '--out needs a ParsingMetric in test_evaluator; a detector '
            'writes its boxes with --cfg-options '
            'test_evaluator.outfile_prefix=PREFIX')
    metrics[0].out_file = path
    # The file says how its scores were fused.
    settings = dict(
        quality_weights='weights', pixel_score_thr='pixel_score_thr')
    module = cfg.model.get('post_processor', {})
    metrics[0].result_info = {
        key: module[name]
        for key, name in settings.items() if name in module
    }


def main() -> None:
    """Build the runner from the config and test."""
    args = parse_args()
    cfg = load_config(args)
    if args.show or args.show_dir:
        enable_visualization(cfg, args)
    if args.out is not None:
        set_out_file(cfg, args.out)
    cfg.load_from = args.checkpoint
    weights = read_checkpoint(args.checkpoint)['state_dict']

    runner = Runner.from_cfg(cfg)
    model = getattr(runner.model, 'module', runner.model)
    check_state_dict(model, weights, args.checkpoint)
    del weights
    runner.test()


if __name__ == '__main__':
    run_tool(main)
