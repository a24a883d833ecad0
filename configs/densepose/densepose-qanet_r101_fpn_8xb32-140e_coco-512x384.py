_base_ = [
    '../_base_/models/qanet_r101_fpn.py',
    '../_base_/models/densepose.py',
    '../_base_/datasets/coco_densepose_512x384.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    **_base_.dense_pose,
    symmetry_file=_base_.symmetry_file,
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
