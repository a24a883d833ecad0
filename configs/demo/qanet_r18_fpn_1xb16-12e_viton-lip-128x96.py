# Single persons with LIP's labels, on two CPU cores. The pictures are
# VITON's, 192 x 256, one person filling each of them.
#   python tools/dataset_converters/single_person.py IMAGES LABELS \
#       data/VITON --name VITON --train-ids T.txt --val-ids V.txt
_base_ = './qanet_r18_fpn_1xb16-18e_synthetic-128x96.py'

dataset_type = 'LIPParsingDataset'
data_root = 'data/VITON/'
crop_size = (96, 128)  # (width, height)
padding = 1.0  # the box is the whole picture: there is nothing around it
max_epochs = 12

model = dict(
    backbone=dict(base_channels=64),
    neck=dict(in_channels=[64, 128, 256, 512]),
    test_cfg=dict(padding=padding, scales=(1., )))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPersonParsing'),
    dict(type='GetParsingBox', crop_size=crop_size, padding=padding),
    dict(type='RandomParsingAffine', scale_std=0.15, rotate_std=10),
    dict(type='RandomParsingFlip'),
    dict(type='TopDownAffine', crop_size=crop_size),
    dict(type='PackParsingInputs'),
]
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/VITON_train.json',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/VITON_val.json'))
test_dataloader = val_dataloader
val_evaluator = dict(
    ann_file=data_root + 'annotations/VITON_val.json',
    data_root=data_root + 'Validation',
    metric=('mIoU', ))
test_evaluator = val_evaluator

param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        convert_to_iter_based=True,
        T_max=max_epochs,
        eta_min=1e-5),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
