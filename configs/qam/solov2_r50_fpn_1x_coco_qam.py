# SOLOv2 with quality scores. Weights of the plain config fit as they are.
_base_ = 'mmdet::solov2/solov2_r50_fpn_1x_coco.py'

custom_imports = dict(
    imports=['projects.qanet.detection.qam'], allow_failed_imports=False)

model = dict(
    mask_head=dict(
        type='QualitySOLOv2Head',
        # SOLO's own maskness is taken out of its score first.
        quality=dict(weights=(1., 0., 1.), mode='stability', thr=0.25)))

val_evaluator = dict(type='QualityCocoMetric')
test_evaluator = val_evaluator
