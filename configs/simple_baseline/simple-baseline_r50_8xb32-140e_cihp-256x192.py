_base_ = [
    '../_base_/models/simple-baseline_r50.py',
    '../_base_/datasets/cihp_256x192.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

model = dict(test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
