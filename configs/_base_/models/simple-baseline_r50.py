# SimpleNet, the first row of Table 3: three deconvolutions on ResNet-50 and
# cross-entropy alone.
_base_ = './qanet_r50_fpn.py'

norm_cfg = dict(type='BN', requires_grad=True)

model = dict(
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='SimpleBaselineHead',
        in_channels=2048,
        in_index=3,
        channels=256,
        num_classes=20,
        dropout_ratio=0,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='ParsingCrossEntropyLoss')),
    # Persons and parts are ranked by the detector's score alone.
    post_processor=dict(weights=(1., 0., 0.)))
