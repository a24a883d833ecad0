# ResNet-101 with a deep stem and average pooling in the shortcuts.
# mmpretrain's class is mmseg's ResNetV1d with weights that can be downloaded.
_base_ = './qanet_r50_fpn.py'

norm_cfg = dict(type='BN', requires_grad=True)

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.ResNetV1d',
        depth=101,
        out_indices=(0, 1, 2, 3),
        norm_cfg=norm_cfg,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'resnet/resnetv1d101_b32x8_imagenet_20210531-6e13bcd3.pth',
            prefix='backbone.')))
