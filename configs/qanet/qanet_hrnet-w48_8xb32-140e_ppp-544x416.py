_base_ = [
    '../_base_/models/qanet_hrnet-w48.py',
    '../_base_/datasets/ppp_512x384.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

crop_size = (416, 544)  # (width, height)
train_pipeline = [
    dict(step, crop_size=crop_size) if 'crop_size' in step else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

# As wide as the released networks of this size; at 512x384 both are 256.
model = dict(
    decode_head=dict(
        num_classes=7, channels=384, iou_branch=dict(conv_channels=384)),
    test_cfg=dict(crop_size=crop_size, padding=_base_.padding))
