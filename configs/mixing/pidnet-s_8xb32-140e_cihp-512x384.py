# TopDownParser with mmseg's PIDNet, whose boundary branch learns from edge
# maps: a step of mmseg between the crop and the packing.
_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/cihp_512x384.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

norm_cfg = dict(type='BN', requires_grad=True)

model = dict(
    backbone=dict(
        _delete_=True,
        type='PIDNet',
        in_channels=3,
        channels=32,
        ppm_channels=96,
        num_stem_blocks=2,
        num_branch_blocks=3,
        align_corners=False,
        norm_cfg=norm_cfg,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmsegmentation/v0.5/'
            'pretrain/pidnet/pidnet-s_imagenet1k_20230306-715e6273.pth')),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='PIDHead',
        in_channels=128,
        channels=128,
        num_classes=20,
        norm_cfg=norm_cfg,
        align_corners=True,
        # Of the detail branch, the output, the edges and the output near them.
        loss_decode=[
            dict(type='ParsingCrossEntropyLoss', loss_weight=0.4),
            dict(type='OhemCrossEntropy', thres=0.9, min_kept=131072),
            dict(type='BoundaryLoss', loss_weight=20.0),
            dict(type='OhemCrossEntropy', thres=0.9, min_kept=131072)
        ]),
    # This head regresses no IoU: its IoU score is 1 and gets no weight.
    post_processor=dict(weights=(1., 0., 3.)),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))

train_pipeline = [
    *_base_.train_pipeline[:-1],
    dict(type='GenerateEdge', edge_width=4),
    _base_.train_pipeline[-1],
]
# PIDNet pools a crop to one pixel, where a batch norm needs two persons.
train_dataloader = dict(drop_last=True, dataset=dict(pipeline=train_pipeline))
