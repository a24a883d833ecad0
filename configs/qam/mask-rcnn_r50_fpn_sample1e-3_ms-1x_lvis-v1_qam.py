# Mask R-CNN on LVIS v1 with quality scores. Weights of the plain config fit.
_base_ = 'mmdet::lvis/mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1.py'

custom_imports = dict(
    imports=['projects.qanet.detection.qam'], allow_failed_imports=False)

model = dict(
    roi_head=dict(
        mask_head=dict(
            type='QualityFCNMaskHead',
            quality=dict(weights=(1., 0., 1.), mode='stability', thr=0.25))))

# Boxes are ranked by box score, masks by quality score.
val_evaluator = dict(type='QualityLVISMetric')
test_evaluator = val_evaluator
