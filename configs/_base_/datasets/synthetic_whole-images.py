# Drawn people, as tools/dataset_converters/synthetic.py writes them in CIHP's
# layout, whole images: a network of two CPU cores.
_base_ = './cihp_whole-images.py'

data_root = 'work_dirs/demo/data/'
scale = (256, 208)  # longer and shorter side of an image at most

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='LoadPersonLabels'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='ParsingRandomFlip', prob=0.5),
    dict(type='PackRegionInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='PackRegionInputs')
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(
    num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(
    ann_file=data_root + 'annotations/CIHP_val.json',
    data_root=data_root + 'Validation')
test_evaluator = val_evaluator
