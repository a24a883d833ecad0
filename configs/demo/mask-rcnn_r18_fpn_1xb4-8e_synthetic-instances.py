# Mask R-CNN small enough for two CPU cores, on drawn people and things: what
# studies/qam_study.py trains. Nothing is downloaded.
_base_ = [
    'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py',
    '../_base_/datasets/synthetic_instances.py',
]

custom_imports = dict(
    imports=['projects.qanet.plugin', 'projects.qanet.detection.qam'],
    allow_failed_imports=False)
# No ChannelsLastHook: mmcv's RoIAlign misreads that format.

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
    rpn_head=dict(
        in_channels=64,
        feat_channels=64,
        # Boxes of 16 to 128 px, some of them long and thin.
        anchor_generator=dict(
            scales=[4], ratios=[0.4, 1.0, 2.5], strides=[4, 8, 16, 32])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64, finest_scale=24),
        bbox_head=dict(
            in_channels=64, fc_out_channels=256, num_classes=num_classes),
        mask_roi_extractor=dict(out_channels=64, finest_scale=24),
        mask_head=dict(
            num_convs=2,
            in_channels=64,
            conv_out_channels=64,
            num_classes=num_classes)),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=500, max_per_img=300),
        rcnn=dict(sampler=dict(num=96))),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=200)))

train_dataloader = _base_.instances_train_dataloader
val_dataloader = _base_.instances_val_dataloader
test_dataloader = val_dataloader
val_evaluator = _base_.instances_evaluator
test_evaluator = val_evaluator
optim_wrapper = _base_.instances_optim_wrapper
param_scheduler = _base_.instances_param_scheduler
train_cfg = _base_.instances_train_cfg
default_hooks = _base_.instances_hooks
