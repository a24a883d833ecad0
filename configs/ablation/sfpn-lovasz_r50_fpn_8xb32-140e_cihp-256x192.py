# Table 3, row 3: and without the IoU branch, so the box score has to do.
_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/cihp_256x192.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    decode_head=dict(iou_branch=None),
    post_processor=dict(weights=(1., 0., 0.)),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
