# The runtime of short training on a CPU.
_base_ = './default_runtime.py'

# Only the last epoch's and the best checkpoint.
default_hooks = dict(checkpoint=dict(interval=-1))
custom_hooks = [dict(type='ChannelsLastHook')]  # faster on a CPU
