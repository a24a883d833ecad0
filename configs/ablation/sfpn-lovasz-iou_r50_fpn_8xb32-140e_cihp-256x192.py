# Table 3, row 4: without the large input.
_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/cihp_256x192.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    post_processor=dict(weights=(1., 1., 0.)),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
