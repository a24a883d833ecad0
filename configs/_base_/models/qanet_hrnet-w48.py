# HRNet-W48: its four branches are the pyramid, so there is no neck.
# mmseg.HRNet has the same weights but upsamples bilinearly where the published
# networks take the nearest pixel.
_base_ = './qanet_r50_fpn.py'

norm_cfg = dict(type='BN', requires_grad=True)

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.HRNet',
        arch='w48',
        norm_cfg=norm_cfg,
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w48')),
    neck=None,
    decode_head=dict(in_channels=[48, 96, 192, 384]))
