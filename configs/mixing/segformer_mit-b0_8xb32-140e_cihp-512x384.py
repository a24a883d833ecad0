# TopDownParser with SegFormer: mmseg's MixVisionTransformer and
# SegformerHead. For a larger one take `embed_dims`, `num_layers`, the
# checkpoint and the head's `in_channels` from mmseg's segformer configs.
_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/cihp_512x384.py',
    '../_base_/schedules/schedule_140e_adamw.py',
    '../_base_/default_runtime.py',
]

checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b0_20220624-7e0fe6dd.pth'  # noqa: E501

model = dict(
    backbone=dict(
        _delete_=True,
        type='MixVisionTransformer',
        in_channels=3,
        embed_dims=32,
        num_stages=4,
        num_layers=[2, 2, 2, 2],
        num_heads=[1, 2, 5, 8],
        patch_sizes=[7, 3, 3, 3],
        sr_ratios=[8, 4, 2, 1],
        out_indices=(0, 1, 2, 3),
        mlp_ratio=4,
        qkv_bias=True,
        drop_path_rate=0.1,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint)),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='SegformerHead',
        in_channels=[32, 64, 160, 256],
        in_index=[0, 1, 2, 3],
        channels=256,
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
