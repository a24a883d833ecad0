# Table 3, row 4, on drawn people: without the large input.
_base_ = './qanet-no-qam_r18_fpn_1xb16-18e_synthetic-128x96.py'

crop_size = (48, 64)  # (width, height)

train_pipeline = [
    dict(step, crop_size=crop_size) if 'crop_size' in step else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

model = dict(test_cfg=dict(crop_size=crop_size))
