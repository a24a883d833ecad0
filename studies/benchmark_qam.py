# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Measure what quality scores cost in instance segmentation.

Runs a detector of configs/qam with random weights and noise for images, with
QAM and without, in turns, and compares the fastest runs. Thresholds are
lowered until there are as many instances as the detector may return.
"""
import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import Dict, List

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.registry import init_default_scope

from projects.qanet.utils.configs import read_config
from projects.qanet.utils.device import choose_device
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.tables import format_table
from tools.common.cli import run_tool
from tools.common.stopwatch import Stopwatch

DEFAULT = 'configs/qam/mask-rcnn_r50_fpn_1x_coco_qam.py'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', nargs='?', default=DEFAULT)
    parser.add_argument(
        '--size', type=int, nargs=2, default=(640, 480), metavar=('W', 'H'))
    parser.add_argument(
        '--repeat', type=int, default=7, help='runs with and without QAM')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def build_model(path: str, device: str) -> torch.nn.Module:
    """Build the detector with random weights and low thresholds."""
    config = read_config(path)
    config.model.backbone.init_cfg = None
    if 'rcnn' in config.model.test_cfg:
        config.model.test_cfg.rcnn.score_thr = 0.
    else:
        config.model.test_cfg.filter_thr = 0.
    init_default_scope('mmdet')
    torch.manual_seed(0)
    return MODELS.build(config.model).to(device).eval()


def find_heads(model: torch.nn.Module) -> List[torch.nn.Module]:
    """The heads that score masks."""
    heads = [
        module for module in model.modules()
        if getattr(module, 'quality', None) is not None
    ]
    if not heads:
        raise InputError('the config has no head with QAM')
    return heads


def lower_threshold(model: torch.nn.Module, image: torch.Tensor,
                    candidates: int) -> None:
    """Let a SOLO head keep so many candidates; others are left alone."""
    if hasattr(model, 'roi_head'):
        return
    with torch.no_grad():
        outputs = model.mask_head(model.extract_feat(image))
    scores = torch.cat([level.sigmoid().flatten() for level in outputs[1]])
    # Half of them are no local maximum, and drop out.
    thr = scores.topk(2 * candidates).values[-1]
    model.mask_head.test_cfg.score_thr = float(thr)


def now() -> float:
    """Seconds of this process on a CPU, which other processes leave alone.

    With a GPU, seconds of the clock after the GPU has finished.
    """
    if not torch.cuda.is_available():
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def measure(model: torch.nn.Module, image: torch.Tensor,
            repeat: int) -> Dict[str, np.ndarray]:
    """Run with and without QAM in turns, after one turn that does not count.

    Returns arrays of shape (repeat, 2), without and with QAM: seconds of the
    whole inference, ``total``, and of the mask heads' post-processing,
    ``post``; and ``instances``.
    """
    heads = find_heads(model)
    settings = [head.quality for head in heads]
    posts = [head.predict_by_feat for head in heads]
    size = tuple(image.shape[-2:])
    meta = dict(
        img_shape=size,
        ori_shape=size,
        scale_factor=(1., 1.),
        batch_input_shape=size)
    rows: Dict[str, List[list]] = dict(total=[], post=[], instances=[])
    for _ in range(repeat + 1):
        pair: Dict[str, list] = {key: [] for key in rows}
        for on in (False, True):
            watch = Stopwatch(now)
            for head, quality, post in zip(heads, settings, posts):
                head.quality = quality if on else None
                head.predict_by_feat = partial(watch.run, 'post', post)
            with torch.no_grad():
                result, = watch.run('total', model.predict, image,
                                    [DetDataSample(metainfo=meta)])
            pair['total'].append(watch.seconds['total'][0])
            pair['post'].append(sum(watch.seconds['post']))
            pair['instances'].append(len(result.pred_instances))
        for key, values in pair.items():
            rows[key].append(values)
    return {key: np.array(values[1:]) for key, values in rows.items()}


def main() -> None:
    """Measure and report."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    model = build_model(args.config, choose_device(args.device))
    width, height = args.size
    image = torch.randn(1, 3, height, width, device=args.device)
    lower_threshold(model, image, 300)
    found = measure(model, image, args.repeat)
    print(f'{args.config}, {width}x{height}, {args.device}, {args.threads} '
          f'thread(s), {found["instances"][-1][1]} instances')
    rows = [[
        name, *(f'{1e3 * value:.1f} ms' for value in found[key].min(axis=0))
    ] for key, name in (('total', 'inference'), ('post',
                                                 'mask post-processing'))]
    print(
        format_table([f'fastest of {args.repeat}', 'without', 'with QAM'],
                     rows))
    added = np.diff(found['post'].min(axis=0))[0]
    share = 100 * added / found['total'][:, 0].min()
    print(f'QAM adds {1e3 * added:+.2f} ms to the post-processing, '
          f'{share:+.2f} % of the inference')


if __name__ == '__main__':
    run_tool(main)
