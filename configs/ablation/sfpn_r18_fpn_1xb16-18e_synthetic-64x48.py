# Table 3, row 2, on drawn people: and without the Lovasz loss.
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/datasets/synthetic_64x48.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

model = dict(
    decode_head=dict(
        iou_branch=None, loss_decode=[dict(type='ParsingCrossEntropyLoss')]),
    post_processor=dict(weights=(1., 0., 0.)),
    test_cfg=dict(
        crop_size=_base_.crop_size,
        padding=_base_.padding,
        scales=(0.9, 1.0, 1.1)))
