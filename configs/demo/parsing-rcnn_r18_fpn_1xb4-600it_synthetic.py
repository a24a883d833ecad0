# Parsing R-CNN small enough for two CPU cores, on drawn people. (There is no
# ChannelsLastHook: mmcv's RoIAlign misreads that format.)
_base_ = [
    '../_base_/models/parsing-rcnn_r18_fpn.py',
    '../_base_/datasets/synthetic_whole-images.py',
    '../_base_/schedules/schedule_600it.py',
    '../_base_/region_runtime.py',
]

default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=_base_.max_iters))
