# QANet small enough for two CPU cores, on drawn people: the parser of
# `make demo`. It differs from the paper's recipe in size, schedule and data.
_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/cihp_512x384.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

data_root = 'work_dirs/demo/data/'
crop_size = (96, 128)  # (width, height)
padding = 1.0  # 1.25 in the recipe: a small crop is all spent on the person

model = dict(
    # Nothing is downloaded.
    backbone=dict(depth=18, base_channels=32, init_cfg=None),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64),
    decode_head=dict(in_channels=[64, 64, 64, 64], channels=64),
    # Several scales make up for boxes that a small detector draws roughly.
    test_cfg=dict(
        crop_size=crop_size, padding=padding, scales=(0.9, 1.0, 1.1)))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPersonParsing'),
    dict(type='GetParsingBox', crop_size=crop_size, padding=padding),
    # Less to learn than in the recipe: few people lie down, and the time is
    # short.
    dict(type='RandomParsingAffine', scale_std=0.2, rotate_std=10),
    dict(type='RandomParsingFlip'),
    dict(type='TopDownAffine', crop_size=crop_size),
    dict(type='PackParsingInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
val_evaluator = dict(
    ann_file=data_root + 'annotations/CIHP_val.json',
    data_root=data_root + 'Validation')
test_evaluator = val_evaluator

max_epochs = 18
optim_wrapper = dict(optimizer=dict(lr=3e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        convert_to_iter_based=True,
        T_max=max_epochs,
        eta_min=1e-5),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
custom_hooks = [dict(type='ChannelsLastHook')]  # faster on a CPU
