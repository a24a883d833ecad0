# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Measure what quality scores cost in instance segmentation.

Runs a detector of configs/qam with random weights and noise for images, with
QAM and without, in turns, and compares the fastest runs. Thresholds are
lowered until there are as many instances as the detector may return.
"""
import argparse
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# isort: off
import numpy as np  # noqa: E402
import torch  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmdet.registry import MODELS  # noqa: E402
from mmdet.structures import DetDataSample  # noqa: E402
from projects.qanet.utils.configs import read_config  # noqa: E402
from projects.qanet.utils.device import choose_device  # noqa: E402
from projects.qanet.utils.errors import InputError  # noqa: E402
from tools.common.cli import run_tool  # noqa: E402
# isort: on

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
    """Build the detector with random weights and low thresholds.

    Args:
        path (str): Config file.
        device (str): Where it runs.

    Returns:
        nn.Module: The detector, in evaluation mode.
    """
    config = read_config(path)
    config.model.backbone.init_cfg = None
    if 'rcnn' in config.model.test_cfg:
        config.model.test_cfg.rcnn.score_thr = 0.
    else:
        config.model.test_cfg.filter_thr = 0.
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    return model.to(device).eval()


def find_heads(model: torch.nn.Module) -> List[torch.nn.Module]:
    """The heads that score masks.

    Args:
        model (nn.Module): The detector.

    Returns:
        list[nn.Module]: All modules with ``quality`` settings.

    Raises:
        InputError: If there is none.
    """
    heads = [
        module for module in model.modules()
        if getattr(module, 'quality', None) is not None
    ]
    if not heads:
        raise InputError('the config has no head with QAM')
    return heads


def lower_threshold(model: torch.nn.Module, image: torch.Tensor,
                    candidates: int) -> None:
    """Let a SOLO head keep so many candidates; others are left alone.

    Args:
        model (nn.Module): The detector, changed in place.
        image (Tensor): Shape (1, 3, H, W).
        candidates (int): How many.
    """
    if hasattr(model, 'roi_head'):
        return
    with torch.no_grad():
        outputs = model.mask_head(model.extract_feat(image))
    scores = torch.cat([level.sigmoid().flatten() for level in outputs[1]])
    # Half of them are no local maximum, and drop out.
    thr = scores.topk(2 * candidates).values[-1]
    model.mask_head.test_cfg.score_thr = float(thr)


class Stopwatch:
    """Wraps a method and keeps the seconds of its last call.

    Args:
        owner (object): The object.
        name (str): Name of the method.
    """

    def __init__(self, owner: Any, name: str) -> None:
        self.seconds = 0.
        self._method: Callable = getattr(owner, name)
        setattr(owner, name, self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method and book its time."""
        start = now()
        try:
            return self._method(*args, **kwargs)
        finally:
            self.seconds = now() - start


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
    """Run with and without QAM in turns.

    Args:
        model (nn.Module): The detector.
        image (Tensor): Shape (1, 3, H, W).
        repeat (int): Number of turns, after one that does not count.

    Returns:
        dict[str, np.ndarray]: Seconds of shape (repeat, 2), without and with
        QAM: of the whole inference, ``total``, and of the mask heads'
        post-processing, ``post``; and ``instances``.
    """
    heads = find_heads(model)
    settings = [head.quality for head in heads]
    posts = [Stopwatch(head, 'predict_by_feat') for head in heads]
    size = tuple(image.shape[-2:])
    rows: Dict[str, List[list]] = dict(total=[], post=[], instances=[])
    for _ in range(repeat + 1):
        pair: Dict[str, list] = {key: [] for key in rows}
        for on in (False, True):
            for head, quality in zip(heads, settings):
                head.quality = quality if on else None
            meta = dict(img_shape=size, ori_shape=size, scale_factor=(1., 1.))
            sample = DetDataSample(metainfo=dict(meta, batch_input_shape=size))
            start = now()
            with torch.no_grad():
                found = model.predict(image, [sample])[0].pred_instances
            pair['total'].append(now() - start)
            pair['post'].append(sum(post.seconds for post in posts))
            pair['instances'].append(len(found))
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
    print(f'{"fastest of " + str(args.repeat):24s} {"without":>10s} '
          f'{"with QAM":>10s}')
    for key, name in (('total', 'inference'), ('post',
                                               'mask post-processing')):
        without, with_qam = 1e3 * found[key].min(axis=0)
        print(f'{name:24s} {without:7.1f} ms {with_qam:7.1f} ms')
    added = np.diff(found['post'].min(axis=0))[0]
    share = 100 * added / found['total'][:, 0].min()
    print(f'QAM adds {1e3 * added:+.2f} ms to the post-processing, '
          f'{share:+.2f} % of the inference')


if __name__ == '__main__':
    run_tool(main)
