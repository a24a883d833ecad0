# RP R-CNN small enough for two CPU cores, on drawn people.
_base_ = [
    '../_base_/models/parsing-rcnn_r18_fpn.py',
    '../_base_/datasets/synthetic_whole-images.py',
    '../_base_/schedules/schedule_600it.py',
    '../_base_/region_runtime.py',
]

norm_cfg = dict(type='GN', num_groups=8)

model = dict(
    type='RPRCNN',
    neck=dict(norm_cfg=norm_cfg),
    semantic_head=dict(
        type='GlobalSemanticHead',
        num_ins=4,
        num_convs=1,
        in_channels=64,
        conv_out_channels=64,
        num_classes=20,
        norm_cfg=norm_cfg),
    roi_head=dict(
        mask_head=dict(
            context=dict(norm_cfg=norm_cfg),
            iou_head=dict(
                type='ParsingIoUHead', conv_channels=32, fc_channels=64))),
    post_processor=dict(weights=(3., 1., 1.)))

default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=_base_.max_iters))
