# What dense pose changes in a QANet of any backbone: another head, with other
# losses, and other quality weights. A config puts it into its model.
dense_pose = dict(
    type='DensePoseParser',
    decode_head=dict(
        type='UVHead',
        # The parts of the coarse masks; each of the 24 patches is of one.
        num_classes=15,
        # Weights of the release: 5 for the parts, 1 for the patches and .001
        # for U and V, which are sums over all points of a GPU. Its relatives,
        # DensePose R-CNN and Parsing R-CNN, train with 2.0, 0.3 and 0.1.
        loss_decode=dict(
            type='ParsingCrossEntropyLoss',
            loss_weight=5.0,
            loss_name='loss_part'),
        loss_patch=dict(type='DensePosePatchLoss', loss_weight=1.0),
        loss_uv=dict(type='DensePoseUVLoss', loss_weight=0.001)),
    # The IoU branch judges the parts. The release has none for dense pose:
    # with iou_branch=None in the head the IoU score is 1.
    post_processor=dict(weights=(1., 1., 0.), pixel_score_thr=0.9))
