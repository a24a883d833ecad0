# Dense pose for two CPU cores, on drawn people (docs/densepose.md).
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/models/densepose.py',
    '../_base_/datasets/synthetic-densepose_128x96.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

model = dict(
    **_base_.dense_pose,
    symmetry_file=_base_.symmetry_file,
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))

max_epochs = 12
param_scheduler = _base_.param_scheduler
param_scheduler[1]['T_max'] = max_epochs
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(type='BFloat16OptimWrapper', optimizer=dict(fused=True))
