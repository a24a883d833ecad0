# A few iterations of a tiny QANet: does everything hang together? The tests
# run it; on data of your own set `data_root` with --cfg-options or below.
#   python tools/dataset_converters/synthetic.py work_dirs/demo/data --images 8
#   python tools/train.py configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py
_base_ = './qanet_r18_fpn_1xb16-18e_synthetic-128x96.py'

crop_size = (48, 64)  # (width, height)

model = dict(
    backbone=dict(base_channels=8),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=16),
    decode_head=dict(in_channels=[16, 16, 16, 16], channels=16),
    test_cfg=dict(crop_size=crop_size, scales=(1., )))

train_pipeline = [
    dict(step, crop_size=crop_size) if 'crop_size' in step else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = []
train_cfg = dict(max_epochs=2, val_interval=1)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1))
