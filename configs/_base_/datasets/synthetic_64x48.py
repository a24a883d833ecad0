# Drawn people with crops of 64 x 48 (h x w).
_base_ = './synthetic_128x96.py'

crop_size = (48, 64)  # (width, height)

train_pipeline = [
    dict(step, crop_size=crop_size) if 'crop_size' in step else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
