# QANet on ConvNeXt-T of mmpretrain. For another size change `arch`, the
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
checkpoint = 'https://download.openmmlab.com/mmclassification/v0/convnext/downstream/convnext-tiny_3rdparty_32xb128-noema_in1k_20220301-795e9634.pth'  # noqa: E501

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.ConvNeXt',
        arch='tiny',
        out_indices=[0, 1, 2, 3],
        drop_path_rate=0.4,
        layer_scale_init_value=1.0,
        gap_before_final_norm=False,  # maps, not pooled vectors
        init_cfg=dict(
            type='Pretrained', checkpoint=checkpoint, prefix='backbone.')),
    neck=dict(in_channels=[96, 192, 384, 768]),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
