# QANet of section 3.4: ResNet-FPN, semantic FPN, a parsing branch and an IoU
# branch on one feature, and the Quality-Aware Module behind them.
norm_cfg = dict(type='BN', requires_grad=True)

model = dict(
    type='TopDownParser',
    data_preprocessor=dict(
        type='ParsingDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        type='ResNetV1c',
        depth=50,
        norm_cfg=norm_cfg,
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://resnet50_v1c')),
    neck=dict(
        type='FPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        num_outs=4,
        norm_cfg=norm_cfg,
        act_cfg=None),
    decode_head=dict(
        type='QANetHead',
        in_channels=[256, 256, 256, 256],
        in_index=[0, 1, 2, 3],
        feature_strides=[4, 8, 16, 32],
        channels=256,
        num_classes=20,
        dropout_ratio=0,
        norm_cfg=norm_cfg,
        align_corners=False,
        # Section 3.4: cross-entropy and Lovasz for the parsing, a regression
        # of the mean IoU; all weights 1.
        loss_decode=dict(type='CrossEntropyLovaszLoss'),
        iou_branch=dict(type='IoUBranch'),
        loss_iou=dict(type='ParsingIoULoss')),
    # Exponents of the box, IoU and pixel score. They can be changed after
    # training, and even after testing (eval_parsing.py --quality-weights).
    post_processor=dict(
        type='QualityAwareModule', weights=(1., 0.5, 3.), pixel_score_thr=0.2),
    train_cfg=dict(),
    # A config adds crop_size and padding, those of the training data.
    test_cfg=dict(flip=True, max_instances_per_batch=32))
