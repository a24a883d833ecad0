# Mask R-CNN with quality scores. Weights of the plain config fit as they are.
_base_ = 'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py'

custom_imports = dict(
    imports=['projects.qanet.detection.qam'], allow_failed_imports=False)

model = dict(
    roi_head=dict(
        mask_head=dict(
            type='QualityFCNMaskHead',
            # Weights of the box, IoU and pixel score. mode='mean' is the
            # paper's Algorithm 1, 'stability' what was released.
            quality=dict(weights=(1., 0., 1.), mode='stability', thr=0.25))))

# Boxes are ranked by box score, masks by quality score.
val_evaluator = dict(type='QualityCocoMetric')
test_evaluator = val_evaluator
