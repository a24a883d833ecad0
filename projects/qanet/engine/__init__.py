# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What takes part in running, not in computing."""
from .channels_last_hook import ChannelsLastHook
from .start_of_run import check_start
from .training_guard_hook import TrainingGuardHook

__all__ = ['ChannelsLastHook', 'TrainingGuardHook', 'check_start']
