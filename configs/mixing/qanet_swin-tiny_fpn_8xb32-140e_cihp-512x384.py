# QANet on Swin-T of mmpretrain. For another size change `arch`, the
# checkpoint and the neck's `in_channels`.
_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/cihp_512x384.py',
    '../_base_/schedules/schedule_140e_adamw.py',
    '../_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['projects.qanet.plugin', 'mmpretrain.models'],
    allow_failed_imports=False)
checkpoint = 'https://download.openmmlab.com/mmclassification/v0/swin-transformer/swin_tiny_224_b16x64_300e_imagenet_20210616_090925-66df6be6.pth'  # noqa: E501

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.SwinTransformer',
        arch='tiny',
        out_indices=(0, 1, 2, 3),
        pad_small_map=True,  # maps need not be multiples of the window
        drop_path_rate=0.3,
        init_cfg=dict(
            type='Pretrained', checkpoint=checkpoint, prefix='backbone.')),
    neck=dict(in_channels=[96, 192, 384, 768]),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
