# TopDownParser with mmseg's UPerHead, which takes the backbone's stages
# directly.
_base_ = '../qanet/qanet_r50_fpn_8xb32-140e_cihp-512x384.py'

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
    post_processor=dict(weights=(1., 0., 3.)))
