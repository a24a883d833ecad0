# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Store the model's weights in the channels-last memory format.

    Convolutions take the format of their weights and hand it on. The numbers
    stay the same; most CPUs are faster with it, and so are most GPUs in mixed
    precision. It works with any model, mmdet's (``mmseg.ChannelsLastHook``
    there) included.

    Examples:
        >>> custom_hooks = [dict(type='ChannelsLastHook')]
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model before training, validation or testing.

        Args:
            runner (Runner): Its model is converted in place.
        """
        runner.model.to(memory_format=torch.channels_last)
