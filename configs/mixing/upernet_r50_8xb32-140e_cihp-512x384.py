# TopDownParser with mmseg's UPerHead, which takes the backbone's stages
# directly.
_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/cihp_512x384.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='UPerHead',
        in_channels=[256, 512, 1024, 2048],
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=512,
        dropout_ratio=0.1,
        num_classes=20,
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=[
            dict(type='ParsingCrossEntropyLoss'),
            dict(type='LovaszSoftmaxLoss')
        ]),
    # This head regresses no IoU: its IoU score is 1 and gets no weight.
    post_processor=dict(weights=(1., 0., 3.)),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))

# UPerHead pools a crop to one pixel, where a batch norm needs two persons.
train_dataloader = dict(drop_last=True)
