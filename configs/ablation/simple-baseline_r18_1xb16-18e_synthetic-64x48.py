# Table 3, row 1, on drawn people: and with deconvolutions instead of semantic
# FPN.
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/datasets/synthetic_64x48.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

norm_cfg = dict(type='BN', requires_grad=True)

model = dict(
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='SimpleBaselineHead',
        in_channels=256,
        in_index=3,
        channels=64,
        deconv_channels=(64, 64, 64),
        num_classes=20,
        dropout_ratio=0,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='ParsingCrossEntropyLoss')),
    post_processor=dict(weights=(1., 0., 0.)),
    test_cfg=dict(
        crop_size=_base_.crop_size,
        padding=_base_.padding,
        scales=(0.9, 1.0, 1.1)))
