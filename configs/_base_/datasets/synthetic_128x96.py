# Drawn people, as tools/dataset_converters/synthetic.py writes them in CIHP's
# layout, crops of 128 x 96 (h x w): a network of two CPU cores.
dataset_type = 'CIHPParsingDataset'
data_root = 'work_dirs/demo/data/'
train_ann_file = 'annotations/CIHP_train.json'
train_img_dir = 'Training/Images'
val_ann_file = 'annotations/CIHP_val.json'
val_split_dir = 'Validation'
bbox_file = None  # a COCO results file takes a detector's boxes

crop_size = (96, 128)  # (width, height)
padding = 1.0  # 1.25 in the recipe: a small crop is all spent on the person

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPersonParsing'),
    dict(type='GetParsingBox', crop_size=crop_size, padding=padding),
    # Less to learn than in the recipe: few people lie down, and the time is
    # short.
    dict(type='RandomParsingAffine', scale_std=0.2, rotate_std=10),
    dict(type='RandomParsingFlip'),
    dict(type='TopDownAffine', crop_size=crop_size),
    dict(type='PackParsingInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='PackParsingInputs')
]
tta_pipeline = test_pipeline  # for mmseg's own tools/test.py --tta

train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_ann_file,
        data_prefix=dict(img=train_img_dir),
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
