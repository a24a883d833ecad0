# PointRend with quality scores, from the refined masks.
_base_ = 'mmdet::point_rend/point-rend_r50-caffe_fpn_ms-1x_coco.py'

custom_imports = dict(
    imports=['projects.qanet.detection.qam'], allow_failed_imports=False)

model = dict(
    roi_head=dict(
        mask_head=dict(
            type='QualityCoarseMaskHead',
            quality=dict(weights=(1., 0., 1.), mode='stability', thr=0.25))))

# Boxes are ranked by box score, masks by quality score.
val_evaluator = dict(type='QualityCocoMetric')
test_evaluator = val_evaluator
