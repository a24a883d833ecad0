# A few iterations of a tiny QANet: does everything hang together? The tests
# run it; on data of your own set `data_root` with --cfg-options or below.
#   python tools/dataset_converters/synthetic.py work_dirs/demo/data --images 8
#   python tools/train.py configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/datasets/synthetic_64x48.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

model = dict(
    backbone=dict(base_channels=8),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=16),
    decode_head=dict(in_channels=[16, 16, 16, 16], channels=16),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))

train_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = []
train_cfg = dict(max_epochs=2, val_interval=1)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1))
