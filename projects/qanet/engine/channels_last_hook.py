# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from projects.qanet.utils.errors import InputError


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Store the model's weights in the channels-last memory format.

    The numbers stay the same; most CPUs are faster with it, and so are most
    GPUs in mixed precision. It is ``mmseg.ChannelsLastHook`` for models of
    mmdet.

    Raises:
        InputError: If the model has an operator of mmcv, such as the RoIAlign
            of two-stage detectors: these would read the memory as if it were
            in the usual order, and compute nonsense without a word.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model in place before training, validation or testing.
        """
        wrapped = is_model_wrapper(runner.model)
        model = runner.model.module if wrapped else runner.model
        for name, module in model.named_modules():
            if type(module).__module__.startswith('mmcv.ops'):
                raise InputError(
                    f'ChannelsLastHook: the model has a '
                    f'{type(module).__name__} of mmcv ({name}), which does '
                    'not know this format; take the hook out of custom_hooks')
        model.to(memory_format=torch.channels_last)
        if wrapped:  # it has laid out its buckets of gradients as weights were
            runner.model = runner.wrap_model(
                runner.cfg.get('model_wrapper_cfg'), model)
