# A cascade of decode heads: OCRNet, whose OCRHead refines what an FCNHead
# says. Both are trained; the last one's maps are the result.
_base_ = [
    '../_base_/models/qanet_hrnet-w48.py',
    '../_base_/datasets/cihp_512x384.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

# What the two heads have in common: all four branches, concatenated.
branches = dict(
    in_channels=[48, 96, 192, 384],
    in_index=(0, 1, 2, 3),
    input_transform='resize_concat',
    dropout_ratio=-1,
    num_classes=20,
    norm_cfg=dict(type='BN', requires_grad=True),
    align_corners=False)

model = dict(
    type='CascadeTopDownParser',
    num_stages=2,
    decode_head=[
        dict(
            type='FCNHead',
            channels=48 + 96 + 192 + 384,
            kernel_size=1,
            num_convs=1,
            concat_input=False,
            loss_decode=dict(type='ParsingCrossEntropyLoss', loss_weight=0.4),
            **branches),
        dict(
            type='OCRHead',
            channels=512,
            ocr_channels=256,
            loss_decode=[
                dict(type='ParsingCrossEntropyLoss'),
                dict(type='LovaszSoftmaxLoss')
            ],
            **branches),
    ],
    # These heads regress no IoU: the IoU score is 1 and gets no weight.
    post_processor=dict(weights=(1., 0., 3.)),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
