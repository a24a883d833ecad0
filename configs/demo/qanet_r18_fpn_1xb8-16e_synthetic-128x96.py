# QANet small enough for two CPU cores, on drawn people: the parser of
# `make demo`. It differs from the paper's recipe in size, schedule and data.
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/datasets/synthetic_128x96.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

model = dict(
    # As narrow as the rest: half of the stem, a quarter of the branch.
    backbone=dict(stem_channels=32),
    decode_head=dict(
        iou_branch=dict(conv_channels=64, fc_channels=(128, 128)),
        loss_decode=dict(bins=1024)),
    # Several scales make up for boxes that a small detector draws roughly.
    test_cfg=dict(
        crop_size=_base_.crop_size,
        padding=_base_.padding,
        scales=(0.9, 1.0, 1.1)))

# In a short training many small steps learn more than few large ones.
max_epochs = 16
train_dataloader = dict(batch_size=8)
param_scheduler = _base_.param_scheduler
param_scheduler[1]['T_max'] = max_epochs
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(type='BFloat16OptimWrapper', optimizer=dict(fused=True))
