# Parsing R-CNN for two CPU cores: ResNet-18, a quarter of the channels, four
# levels and label maps of 64 x 64. Nothing is downloaded.
_base_ = './parsing-rcnn_r50-caffe_fpn.py'

model = dict(
    data_preprocessor=dict(std=[57.375, 57.12, 58.395]),
    backbone=dict(
        depth=18,
        base_channels=32,
        frozen_stages=-1,
        norm_cfg=dict(requires_grad=True),
        norm_eval=False,
        style='pytorch',
        init_cfg=None),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64, num_outs=4),
    rpn_head=dict(
        in_channels=64,
        feat_channels=64,
        # People are 30 to 250 px high, most of them upright.
        anchor_generator=dict(
            scales=[4], ratios=[1.0, 2.0, 3.5], strides=[4, 8, 16, 32])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64, finest_scale=24),
        bbox_head=dict(in_channels=64, fc_out_channels=256),
        mask_roi_extractor=dict(
            roi_layer=dict(output_size=16), out_channels=64),
        mask_head=dict(
            roi_feat_size=16,
            context=dict(
                in_channels=64,
                aspp_channels=32,
                channels=64,
                dilations=(2, 4, 6),
                num_convs=2)),
        max_parsing_rois=8),
    train_cfg=dict(
        # Some people fill the height of the image, and so do their anchors.
        rpn=dict(allowed_border=-1),
        rpn_proposal=dict(nms_pre=500, max_per_img=300),
        rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=200)))
