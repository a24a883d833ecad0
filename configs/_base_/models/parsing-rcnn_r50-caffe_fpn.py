# Parsing R-CNN: mmdet's Faster R-CNN with a parsing branch, whose regions are
# pooled from the finest level alone, and the Quality-Aware Module behind it.
# Boxes count pixels, from first to last, and anchors are rounded as in the
# released networks, which can be converted:
#   python tools/model_converters/rcnn_to_mmdet.py SRC DST
box_coder = dict(type='PixelBoxCoder', target_stds=[1.0, 1.0, 1.0, 1.0])

model = dict(
    type='ParsingRCNN',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[102.9801, 115.9465, 122.7717],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False,
        pad_seg=True,
        seg_pad_value=0,
        pad_size_divisor=32),
    backbone=dict(
        type='ResNet',
        depth=50,
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        style='caffe',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='open-mmlab://detectron/resnet50_caffe')),
    neck=dict(
        type='FPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        num_outs=5),
    rpn_head=dict(
        type='RPNHead',
        in_channels=256,
        feat_channels=256,
        anchor_generator=dict(
            type='RatioRoundedAnchorGenerator',
            scales=[8],
            ratios=[0.5, 1.0, 2.0],
            strides=[4, 8, 16, 32, 64]),
        bbox_coder=box_coder,
        loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
        loss_bbox=dict(type='SmoothL1Loss', beta=1 / 9)),
    roi_head=dict(
        type='ParsingRoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(
                type='RoIAlign',
                output_size=7,
                sampling_ratio=2,
                aligned=False),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32]),
        bbox_head=dict(
            type='Shared2FCBBoxHead',
            in_channels=256,
            fc_out_channels=1024,
            roi_feat_size=7,
            num_classes=1,
            bbox_coder=dict(box_coder, target_stds=[0.1, 0.1, 0.2, 0.2]),
            loss_cls=dict(type='CrossEntropyLoss'),
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0)),
        mask_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(
                type='RoIAlign',
                output_size=32,
                sampling_ratio=2,
                aligned=False),
            out_channels=256,
            featmap_strides=[4]),
        mask_head=dict(
            type='RegionParsingHead',
            num_classes=20,
            roi_feat_size=32,
            context=dict(
                type='mmseg.GeometricContextEncoding',
                in_channels=256,
                aspp_channels=256,
                channels=512,
                dilations=(6, 12, 18),
                num_convs=4),
            loss_parsing=dict(
                type='mmseg.ParsingCrossEntropyLoss', loss_weight=2.0)),
        max_parsing_rois=16),  # of an image, in training
    # Exponents of the box, IoU and pixel score (QANet, Table 6); (1, 0, 0) is
    # the box score alone, Parsing R-CNN's own.
    post_processor=dict(
        type='mmseg.QualityAwareModule',
        weights=(1., 0., 1.),
        pixel_score_thr=0.2),
    train_cfg=dict(
        rpn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.7,
                neg_iou_thr=0.3,
                min_pos_iou=0.3),
            sampler=dict(
                type='RandomSampler',
                num=256,
                pos_fraction=0.5,
                add_gt_as_proposals=False),
            allowed_border=0,
            pos_weight=-1),
        rpn_proposal=dict(
            nms_pre=2000,
            max_per_img=1000,
            nms=dict(type='nms', iou_threshold=0.7),
            min_bbox_size=0),
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=False),
            sampler=dict(type='RandomSampler', num=512, pos_fraction=0.25),
            pos_weight=-1)),
    test_cfg=dict(
        rpn=dict(
            nms_pre=1000,
            max_per_img=1000,
            nms=dict(type='nms', iou_threshold=0.7),
            min_bbox_size=0),
        rcnn=dict(
            score_thr=0.05,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=100)))
