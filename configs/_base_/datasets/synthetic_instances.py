# Drawn people and things with masks, and a short schedule, for small detectors
# on two CPU cores. mmdet's configs have their own train_dataloader and so on,
# and two bases must not have the same keys, so these have names of their own;
# a config says `train_dataloader = _base_.instances_train_dataloader`.
instances_root = 'work_dirs/qam_study/data/'
instances_classes = ('person', 'ball', 'balloon', 'crate', 'bottle',
                     'umbrella', 'sign')
instances_scale = (256, 208)  # longer and shorter side of an image at most
instances_epochs = 8

instances_train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='Resize', scale=instances_scale, keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
instances_test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=instances_scale, keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor')),
]
instances_train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    dataset=dict(
        data_root=instances_root,
        metainfo=dict(classes=instances_classes),
        ann_file='annotations/instances_train.json',
        data_prefix=dict(img='train/'),
        pipeline=instances_train_pipeline))
instances_val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=instances_root,
        metainfo=dict(classes=instances_classes),
        ann_file='annotations/instances_val.json',
        data_prefix=dict(img='val/'),
        pipeline=instances_test_pipeline))
instances_evaluator = dict(
    ann_file=instances_root + 'annotations/instances_val.json', metric='segm')

instances_optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=1e-3),
    clip_grad=dict(max_norm=10, norm_type=2))
instances_param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        convert_to_iter_based=True,
        T_max=instances_epochs,
        eta_min=1e-5),
]
instances_train_cfg = dict(
    max_epochs=instances_epochs, val_interval=instances_epochs)
instances_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=1, max_keep_ckpts=1))
