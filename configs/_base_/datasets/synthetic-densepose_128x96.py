# Drawn people with dense poses, crops of 128 x 96 (h x w), for two CPU cores.
# tools/dataset_converters/synthetic_densepose.py draws them.
dataset_type = 'DensePoseCocoDataset'
data_root = 'work_dirs/densepose/data/'
train_ann_file = 'annotations/densepose_train.json'
val_ann_file = 'annotations/densepose_val.json'
symmetry_file = data_root + 'eval_data/UV_symmetry_transforms.mat'
eval_data = data_root + 'eval_data'
bbox_file = None  # a COCO results file takes a detector's boxes

crop_size = (96, 128)  # (width, height)
padding = 1.0  # 1.25 in the recipe: a small crop is all spent on the person

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadDensePose'),
    dict(type='GetParsingBox', crop_size=crop_size, padding=padding),
    dict(type='RandomParsingAffine', scale_std=0.2, rotate_std=10),
    dict(type='RandomDensePoseFlip', symmetry_file=symmetry_file),
    dict(type='DensePoseAffine', crop_size=crop_size),
    dict(type='PackDensePoseInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='PackDensePoseInputs')
]
tta_pipeline = test_pipeline  # for mmseg's own tools/test.py --tta

train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_ann_file,
        data_prefix=dict(img='train'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img='val'),
        bbox_file=bbox_file,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='DensePoseMetric',
    ann_file=data_root + val_ann_file,
    eval_data=eval_data)
test_evaluator = val_evaluator
