_base_ = [
    '../_base_/models/qanet_hrnet-w48.py',
    '../_base_/datasets/lip_544x416.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

model = dict(test_cfg=dict(crop_size=(416, 544)))  # (width, height)
