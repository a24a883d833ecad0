# Table 3, row 1, on drawn people: and with deconvolutions instead of semantic
# FPN.
_base_ = './sfpn_r18_fpn_1xb16-18e_synthetic-64x48.py'

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
        loss_decode=dict(type='ParsingCrossEntropyLoss')))
