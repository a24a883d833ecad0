_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/lip_512x384.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]
