# QANet small enough for two CPU cores, on drawn people: the parser of
# `make demo`. It differs from the paper's recipe in size, schedule and data.
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/datasets/synthetic_128x96.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

model = dict(
    # Three stages see all of such a small crop; a fourth one costs time.
    backbone=dict(
        stem_channels=32,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2)),
    neck=dict(in_channels=[32, 64, 128], out_channels=48, num_outs=3),
    decode_head=dict(
        in_channels=[48, 48, 48],
        in_index=[0, 1, 2],
        feature_strides=[4, 8, 16],
        channels=48,
        iou_branch=dict(conv_channels=64, fc_channels=(128, 128)),
        loss_decode=dict(bins=1024)),
    # Several scales make up for boxes that a small detector draws roughly.
    test_cfg=dict(
        crop_size=_base_.crop_size,
        padding=_base_.padding,
        scales=(0.9, 1.0, 1.1)))

# In a short training many small steps learn more than few large ones.
max_epochs = 20
train_dataloader = dict(batch_size=8)
param_scheduler = _base_.param_scheduler
param_scheduler[1]['T_max'] = max_epochs
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(type='BFloat16OptimWrapper', optimizer=dict(fused=True))
