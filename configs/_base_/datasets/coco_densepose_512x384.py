# Persons of COCO DensePose, crops of 512 x 384 (h x w); docs/datasets.md says
# where the files are from and how they lie.
dataset_type = 'DensePoseCocoDataset'
data_root = 'data/coco/'
# For the split of 2014, on which most figures are published, change these to
# densepose_coco_2014_train.json, train2014, densepose_coco_2014_minival.json
# and val2014.
train_ann_file = 'annotations/DensePoseData/densepose_coco_train2017.json'
train_img_dir = 'train2017'
val_ann_file = 'annotations/DensePoseData/densepose_coco_val2017.json'
val_img_dir = 'val2017'
# U and V of mirrored persons; not needed with prob=0 in RandomDensePoseFlip.
symmetry_file = (
    data_root + 'annotations/DensePoseData/UV_data/UV_symmetry_transforms.mat')
# Distances on the body, for evaluation.
eval_data = data_root + 'annotations/DensePoseData/eval_data'

# Persons to find the surface of in validation and testing: None takes the
# ground truth, a COCO results file takes a detector's boxes.
bbox_file = None

# The network's input, for training and, through model.test_cfg, for testing.
crop_size = (384, 512)  # (width, height)
padding = 1.25  # factor on a person's box

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadDensePose'),
    dict(type='GetParsingBox', crop_size=crop_size, padding=padding),
    dict(
        type='RandomParsingAffine',
        scale_std=0.3,
        scale_clip=(0.7, 1.3),
        rotate_std=40,
        rotate_max=80,
        rotate_prob=0.6),
    # legacy_flip=True mirrors as the released system does, about a pixel off.
    dict(type='RandomDensePoseFlip', prob=0.5, symmetry_file=symmetry_file),
    dict(type='DensePoseAffine', crop_size=crop_size),
    dict(type='PackDensePoseInputs')
]
# Persons are cropped by the model, on its device.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='PackDensePoseInputs')
]
tta_pipeline = test_pipeline  # for mmseg's own tools/test.py --tta

# Persons per GPU. With another total batch (GPUs x batch_size) than 256 run
# tools/train.py with --auto-scale-lr.
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_ann_file,
        data_prefix=dict(img=train_img_dir),
        pipeline=train_pipeline))
# Whole images, of different sizes, each with all its persons, who share the
# network's batch: model.test_cfg.max_instances_per_batch.
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img=val_img_dir),
        bbox_file=bbox_file,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='DensePoseMetric',
    ann_file=data_root + val_ann_file,
    eval_data=eval_data,
    mode='GPSm')
test_evaluator = val_evaluator
