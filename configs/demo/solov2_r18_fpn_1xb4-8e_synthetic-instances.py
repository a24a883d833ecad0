# SOLOv2 small enough for two CPU cores, on drawn people and things: what
# studies/qam_study.py trains. Nothing is downloaded.
_base_ = [
    'mmdet::solov2/solov2_r50_fpn_1x_coco.py',
    '../_base_/datasets/synthetic_instances.py',
]

custom_imports = dict(
    imports=['projects.qanet.plugin', 'projects.qanet.detection.qam'],
    allow_failed_imports=False)
custom_hooks = [dict(type='mmseg.ChannelsLastHook')]  # faster on a CPU

num_classes = len(_base_.instances_classes)
max_epochs = _base_.instances_epochs

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

train_dataloader = _base_.instances_train_dataloader
val_dataloader = _base_.instances_val_dataloader
test_dataloader = val_dataloader
val_evaluator = _base_.instances_evaluator
test_evaluator = val_evaluator
optim_wrapper = _base_.instances_optim_wrapper
param_scheduler = _base_.instances_param_scheduler
train_cfg = _base_.instances_train_cfg
default_hooks = _base_.instances_hooks
