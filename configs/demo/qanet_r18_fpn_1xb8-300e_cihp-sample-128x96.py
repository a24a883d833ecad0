# Overfits a handful of real photos: a check that everything is connected,
# not a recipe. It trains and tests on the same persons.
#   python tools/dataset_converters/cihp.py RAW data/CIHP_sample
_base_ = [
    '../_base_/models/qanet_r18_fpn.py',
    '../_base_/datasets/synthetic_128x96.py',
    '../_base_/schedules/schedule_18e.py',
    '../_base_/cpu_runtime.py',
]

data_root = 'data/CIHP_sample/'
max_epochs = 300

model = dict(
    test_cfg=dict(
        crop_size=_base_.crop_size,
        padding=_base_.padding,
        scales=(0.9, 1.0, 1.1)))

train_dataloader = dict(batch_size=8, dataset=dict(data_root=data_root))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/CIHP_train.json',
        data_prefix=dict(img='Training/Images')))
test_dataloader = val_dataloader
val_evaluator = dict(
    ann_file=data_root + 'annotations/CIHP_train.json',
    data_root=data_root + 'Training')
test_evaluator = val_evaluator

param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        convert_to_iter_based=True,
        T_max=max_epochs,
        eta_min=1e-5),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=100)
default_hooks = dict(logger=dict(interval=5))
