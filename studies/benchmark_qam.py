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

import projects.qanet  # noqa: F401, operators for an mmcv without

# isort: split
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
    model = read_config(path).model
    model.backbone.init_cfg = None
    if 'rcnn' in model.test_cfg:
        model.test_cfg.rcnn.score_thr = 0.
    else:
        model.test_cfg.filter_thr = 0.
    init_default_scope('mmdet')
    torch.manual_seed(0)
    return MODELS.build(model).to(device).eval()


def find_heads(model: torch.nn.Module) -> List[torch.nn.Module]:
    """The heads that score masks."""
    heads = [m for m in model.modules() if getattr(m, 'quality', None)]
    if not heads:
        raise InputError('the config has no head with QAM')
    return heads


def lower_threshold(model: torch.nn.Module, image: torch.Tensor,
                    candidates: int) -> None:
    """Let a SOLO head keep so many candidates."""
    if hasattr(model, 'roi_head'):
        return
    with torch.no_grad():
        outputs = model.mask_head(model.extract_feat(image))
    scores = torch.cat([level.sigmoid().flatten() for level in outputs[1]])
    # Half of them are no local maximum, and drop out.
    thr = scores.topk(2 * candidates).values[-1]
    model.mask_head.test_cfg.score_thr = float(thr)


def now() -> float:
    """Seconds of this process, or of the clock once a GPU has finished."""
    if not torch.cuda.is_available():
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def measure(model: torch.nn.Module, image: torch.Tensor,
            repeat: int) -> Dict[str, np.ndarray]:
    """Run with and without QAM in turns, after one turn that does not count.

    Gives arrays (repeat, 2), without and with QAM: ``instances`` and seconds
    of the inference, ``total``, and of the heads' post-processing, ``post``.
    """
    heads = find_heads(model)
    settings = [(head, head.quality, head.predict_by_feat) for head in heads]
    sizes = ('img_shape', 'ori_shape', 'batch_input_shape')
    meta = dict.fromkeys(sizes, tuple(image.shape[-2:]))
    found: Dict[str, list] = dict(total=[], post=[], instances=[])
    for on in (False, True) * (repeat + 1):
        watch = Stopwatch(now)
        for head, quality, post in settings:
            head.quality = quality if on else None
            head.predict_by_feat = partial(watch.run, 'post', post)
        sample = DetDataSample(metainfo=dict(meta, scale_factor=(1., 1.)))
        with torch.no_grad():
            result, = watch.run('total', model.predict, image, [sample])
        found['total'].append(watch.seconds['total'][0])
        found['post'].append(sum(watch.seconds['post']))
        found['instances'].append(len(result.pred_instances))
    return {
        key: np.reshape(values, (-1, 2))[1:]
        for key, values in found.items()
    }


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
    total, post = found['total'].min(axis=0), found['post'].min(axis=0)
    head = [f'fastest of {args.repeat}', 'without', 'with QAM']
    rows = [[name, *(f'{1e3 * value:.1f} ms' for value in fastest)]
            for name, fastest in (('inference', total),
                                  ('mask post-processing', post))]
    print(format_table(head, rows))
    added = post[1] - post[0]
    share = 100 * added / total[0]
    print(f'QAM adds {1e3 * added:+.2f} ms to the post-processing, '
          f'{share:+.2f} % of the inference')


if __name__ == '__main__':
    run_tool(main)
