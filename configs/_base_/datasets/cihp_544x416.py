# CIHP with crops of 544 x 416 (h x w).
_base_ = './cihp_512x384.py'

crop_size = (416, 544)  # (width, height)

train_pipeline = [
    dict(step, crop_size=crop_size) if 'crop_size' in step else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
