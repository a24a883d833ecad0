_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/atr_512x384.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    decode_head=dict(num_classes=18),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
