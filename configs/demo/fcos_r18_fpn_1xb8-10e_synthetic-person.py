# FCOS small enough for two CPU cores, on drawn people: the detector of
# `make demo`. Nothing is downloaded.
_base_ = '../fcos/fcos_r50_fpn_8xb2-1x_cihp-person.py'

custom_imports = dict(
    imports=['projects.qanet.plugin'], allow_failed_imports=False)
custom_hooks = [dict(type='mmseg.ChannelsLastHook')]  # faster on a CPU

data_root = 'work_dirs/demo/data/'
scale = (256, 208)  # longer and shorter side of an image at most
max_epochs = 10

model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        depth=18,
        base_channels=32,
        style='pytorch',
        frozen_stages=-1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        init_cfg=None),
    # Two levels: most people are 100 to 170 pixels high at this scale.
    neck=dict(
        in_channels=[32, 64, 128, 256],
        out_channels=64,
        start_level=2,
        add_extra_convs=False,
        num_outs=2),
    bbox_head=dict(
        in_channels=64,
        feat_channels=64,
        stacked_convs=1,
        strides=[16, 32],
        regress_ranges=((-1, 96), (96, 1e8)),
        center_sampling=True,
        norm_on_bbox=True,
        centerness_on_reg=True,
        loss_bbox=dict(_delete_=True, type='GIoULoss', loss_weight=1.0)),
    test_cfg=dict(score_thr=0.1))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor')),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(
    num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'annotations/CIHP_val.json')
test_evaluator = val_evaluator

optim_wrapper = dict(
    type='mmseg.BFloat16OptimWrapper',
    optimizer=dict(_delete_=True, type='Adam', lr=2e-3, fused=True),
    paramwise_cfg=dict(_delete_=True),
    clip_grad=dict(max_norm=10, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        convert_to_iter_based=True,
        T_max=max_epochs,
        eta_min=1e-5),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=max_epochs))
