# SOLOv2 small enough for two CPU cores, on drawn people and things: what
# tools/analysis_tools/qam_study.py trains. Nothing is downloaded.
_base_ = 'mmdet::solov2/solov2_r50_fpn_1x_coco.py'

custom_imports = dict(
    imports=['projects.qanet.plugin', 'projects.qanet.detection.qam'],
    allow_failed_imports=False)
custom_hooks = [dict(type='mmseg.ChannelsLastHook')]  # faster on a CPU

data_root = 'work_dirs/qam_study/data/'
classes = ('person', 'ball', 'balloon', 'crate', 'bottle', 'umbrella', 'sign')
num_classes = len(classes)
scale = (256, 208)  # longer and shorter side of an image at most
max_epochs = 8

model = dict(
    backbone=dict(
        depth=18,
        base_channels=32,
        frozen_stages=-1,
        norm_eval=False,
        init_cfg=None),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64, num_outs=4),
    mask_head=dict(
        num_classes=num_classes,
        in_channels=64,
        feat_channels=64,
        stacked_convs=2,
        strides=[8, 8, 16, 16],
        # Side of a square as large as the box, px.
        scale_ranges=((1, 32), (20, 56), (40, 104), (80, 1024)),
        num_grids=[28, 20, 14, 10],
        norm_cfg=dict(type='GN', num_groups=16, requires_grad=True),
        mask_feature_head=dict(
            feat_channels=32,
            out_channels=64,
            norm_cfg=dict(type='GN', num_groups=8, requires_grad=True))),
    test_cfg=dict(nms_pre=200, score_thr=0.05))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor')),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        metainfo=dict(classes=classes),
        ann_file='annotations/instances_train.json',
        data_prefix=dict(img='train/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        metainfo=dict(classes=classes),
        ann_file='annotations/instances_val.json',
        data_prefix=dict(img='val/'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(
    ann_file=data_root + 'annotations/instances_val.json', metric='segm')
test_evaluator = val_evaluator

optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=1e-3),
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
    logger=dict(interval=20), checkpoint=dict(interval=1, max_keep_ckpts=1))
