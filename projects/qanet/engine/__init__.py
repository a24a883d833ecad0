# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What takes part in running, not in computing."""
from .bfloat16_optim_wrapper import BFloat16OptimWrapper
from .channels_last_hook import ChannelsLastHook
from .training_guard_hook import TrainingGuardHook, check_start

__all__ = [
    'BFloat16OptimWrapper', 'ChannelsLastHook', 'TrainingGuardHook',
    'check_start'
]
