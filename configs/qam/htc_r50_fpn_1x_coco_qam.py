# Hybrid Task Cascade with quality scores, from the average of its masks. The
# last stage decides; a list of heads can only be replaced as a whole.
_base_ = 'mmdet::htc/htc_r50_fpn_1x_coco.py'

custom_imports = dict(
    imports=['projects.qanet.detection.qam'], allow_failed_imports=False)

mask_head = dict(
    type='HTCMaskHead',
    num_convs=4,
    in_channels=256,
    conv_out_channels=256,
    num_classes=80,
    loss_mask=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0))
model = dict(
    roi_head=dict(mask_head=[
        dict(mask_head, with_conv_res=False),
        mask_head,
        dict(
            mask_head,
            type='QualityHTCMaskHead',
            quality=dict(weights=(1., 0., 1.), mode='stability', thr=0.25)),
    ]))

# Boxes are ranked by box score, masks by quality score.
val_evaluator = dict(type='QualityCocoMetric')
test_evaluator = val_evaluator
