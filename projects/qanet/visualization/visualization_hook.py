# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw what the model predicts while it is validated or tested."""
import os.path as osp
from typing import Dict, Optional, Sequence

import mmcv
import mmengine.fileio as fileio
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.engine import SegVisualizationHook
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample

from projects.qanet.utils.names import unique_name
from .windows import check_window


@HOOKS.register_module()
class ParsingVisualizationHook(SegVisualizationHook):
    """Hands images and predictions to the runner's visualizer.

    Args:
        draw (bool): Whether to draw at all.
        interval (int): Draw every this many iterations.
        show, wait_time: See :func:`check_window`.
        test_out_dir (str, optional): Folder for the pictures of a test, one
            ``<image stem>.png`` each, with a number where two images have
            one stem. A relative folder is put into ``work_dir/timestamp``.
            Without it pictures go to the visualizer's backends.
        backend_args (dict, optional): File backend that images are read with.
    """

    def __init__(self,
                 draw: bool = False,
                 interval: int = 1,
                 show: bool = False,
                 wait_time: float = 0.,
                 test_out_dir: Optional[str] = None,
                 backend_args: Optional[dict] = None) -> None:
        super().__init__(draw, interval, show, wait_time, backend_args)
        if draw and show:
            self.wait_time = check_window(wait_time)
        self.test_out_dir = test_out_dir
        self._written: Dict[str, str] = {}

    # mmseg of the forks draws here by itself, without asking `_after_iter`.
    after_val_iter = Hook.after_val_iter
    after_test_iter = Hook.after_test_iter

    def _after_iter(self,
                    runner: Runner,
                    batch_idx: int,
                    data_batch: dict,
                    outputs: Sequence[SegDataSample],
                    mode: str = 'val') -> None:
        """Draw the batch's images, once in ``interval`` iterations."""
        if (not self.draw or mode == 'train'
                or not self.every_n_inner_iters(batch_idx, self.interval)):
            return
        # Asked for its iteration, a runner builds the training data.
        step = runner.iter if mode == 'val' else batch_idx
        for output in outputs:
            image = mmcv.imfrombytes(
                fileio.get(output.img_path, backend_args=self.backend_args),
                channel_order='rgb')
            name, out_file = osp.basename(output.img_path), None
            if mode == 'test' and self.test_out_dir is not None:
                out_file = osp.join(
                    runner.work_dir, runner.timestamp, self.test_out_dir,
                    unique_name(f'{osp.splitext(name)[0]}.png',
                                output.img_path, self._written))
            name = unique_name(f'{mode}_{name}', output.img_path,
                               self._written)
            self._visualizer.add_datasample(
                name,
                image,
                output,
                show=self.show,
                wait_time=self.wait_time,
                out_file=out_file,
                step=step)
