# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What takes part in running, not in computing."""
from .channels_last_hook import ChannelsLastHook
from .training_guard_hook import TrainingGuardHook, check_start

__all__ = ['ChannelsLastHook', 'TrainingGuardHook', 'check_start']
