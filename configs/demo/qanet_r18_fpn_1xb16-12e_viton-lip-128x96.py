# Single persons with LIP's labels, on two CPU cores. The pictures are
# VITON's, 192 x 256, one person filling each of them.
#   python tools/dataset_converters/single_person.py IMAGES LABELS \
#       data/VITON --name VITON --train-ids T.txt --val-ids V.txt
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/datasets/synthetic_128x96.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

dataset_type = 'LIPParsingDataset'
data_root = 'data/VITON/'
max_epochs = 12

model = dict(
    backbone=dict(base_channels=64),
    neck=dict(in_channels=[64, 128, 256, 512]),
    # No padding: the box is the whole picture, with nothing around it.
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPersonParsing'),
    dict(
        type='GetParsingBox',
        crop_size=_base_.crop_size,
        padding=_base_.padding),
    dict(type='RandomParsingAffine', scale_std=0.15, rotate_std=10),
    dict(type='RandomParsingFlip'),
    dict(type='TopDownAffine', crop_size=_base_.crop_size),
    dict(type='PackParsingInputs'),
]
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/VITON_train.json',
        pipeline=train_pipeline))
val_dataloader = dict(
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
