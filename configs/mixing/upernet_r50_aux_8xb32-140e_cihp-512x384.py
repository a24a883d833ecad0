# An auxiliary head on stage 3 of the ResNet, for training only. It sees what
# the decode head sees: with a neck, `in_index` counts the neck's levels and
# `in_channels` is the neck's (256 for the FPN of QANet).
_base_ = './upernet_r50_8xb32-140e_cihp-512x384.py'

model = dict(
    auxiliary_head=dict(
        type='FCNHead',
        in_channels=1024,
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=20,
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='ParsingCrossEntropyLoss', loss_weight=0.4)))
