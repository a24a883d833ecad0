# Table 3, row 5, on drawn people: the whole network, ranked without the pixel
# score. studies/ablation_study.py trains this file and the next.
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/datasets/synthetic_128x96.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

model = dict(
    post_processor=dict(weights=(1., 1., 0.)),
    test_cfg=dict(
        crop_size=_base_.crop_size,
        padding=_base_.padding,
        scales=(0.9, 1.0, 1.1)))
