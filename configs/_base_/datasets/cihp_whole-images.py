# CIHP as tools/dataset_converters/cihp.py writes it, whole images with all
# their persons: for models that find the persons themselves. For data of your
# own in the same layout, change the next lines, use
# dataset_type = 'mmseg.HumanParsingDataset' and give it
# metainfo=dict(classes=..., flip_pairs=...).
dataset_type = 'mmseg.CIHPParsingDataset'
data_root = 'data/CIHP/'
train_ann_file = 'annotations/CIHP_train.json'
train_img_dir = 'Training/Images'
val_ann_file = 'annotations/CIHP_val.json'
val_split_dir = 'Validation'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='LoadPersonLabels'),
    # (longer, shorter side) of an image at most
    dict(
        type='RandomChoiceResize',
        scales=[(1400, 512), (1400, 640), (1400, 704), (1400, 768),
                (1400, 800), (1400, 864)],
        keep_ratio=True),
    dict(type='ParsingRandomFlip', prob=0.5),
    dict(type='PackRegionInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(type='PackRegionInputs')
]

# Images per GPU. With another total batch (GPUs x batch_size) than 16 run
# tools/train.py with --auto-scale-lr.
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type=dataset_type,
        whole_images=True,
        data_root=data_root,
        ann_file=train_ann_file,
        data_prefix=dict(img=train_img_dir),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        whole_images=True,
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img=val_split_dir + '/Images'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='mmseg.ParsingMetric',
    ann_file=data_root + val_ann_file,
    data_root=data_root + val_split_dir)
test_evaluator = val_evaluator
