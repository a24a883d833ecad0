# CIHP as tools/dataset_converters/cihp.py writes it, crops of 512 x 384
# (h x w). For data of your own in the same layout, change the next lines, use
# dataset_type = 'HumanParsingDataset' and give it metainfo=dict(classes=...,
# flip_pairs=...).
dataset_type = 'CIHPParsingDataset'
data_root = 'data/CIHP/'
train_ann_file = 'annotations/CIHP_train.json'
train_img_dir = 'Training/Images'
val_ann_file = 'annotations/CIHP_val.json'
val_split_dir = 'Validation'

# Persons to parse in validation and testing: None takes the ground truth, a
# COCO results file takes a detector's boxes, here or on the command line:
# --cfg-options test_dataloader.dataset.bbox_file=work_dirs/fcos/val.bbox.json
bbox_file = None

# The network's input, for training and, through model.test_cfg, for testing.
crop_size = (384, 512)  # (width, height)
padding = 1.25  # factor on a person's box

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPersonParsing'),
    dict(type='GetParsingBox', crop_size=crop_size, padding=padding),
    dict(
        type='RandomParsingAffine',
        scale_std=0.3,
        scale_clip=(0.7, 1.3),
        rotate_std=40,
        rotate_max=80,
        rotate_prob=0.6),
    dict(type='RandomParsingFlip', prob=0.5),
    dict(type='TopDownAffine', crop_size=crop_size),
    dict(type='PackParsingInputs')
]
# Persons are cropped by the model, on its device.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='PackParsingInputs')
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
        data_prefix=dict(img=val_split_dir + '/Images'),
        bbox_file=bbox_file,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='ParsingMetric',
    ann_file=data_root + val_ann_file,
    data_root=data_root + val_split_dir)
test_evaluator = val_evaluator
