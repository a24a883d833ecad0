# Mask Scoring R-CNN: its predicted mask IoU is the IoU score, so all three
# weights can be used. Weights of the plain config fit as they are.
_base_ = 'mmdet::ms_rcnn/ms-rcnn_r50_fpn_1x_coco.py'

custom_imports = dict(
    imports=['projects.qanet.detection.qam'], allow_failed_imports=False)

model = dict(
    roi_head=dict(
        # Scores the pixels; the mask IoU head comes later and fuses.
        mask_head=dict(
            type='QualityFCNMaskHead',
            quality=dict(weights=None, mode='stability', thr=0.25)),
        mask_iou_head=dict(
            type='QualityMaskIoUHead', quality=dict(weights=(1., 1., 1.)))))

# Boxes are ranked by box score, masks by quality score.
val_evaluator = dict(type='QualityCocoMetric')
test_evaluator = val_evaluator
