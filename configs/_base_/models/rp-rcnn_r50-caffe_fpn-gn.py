# RP R-CNN: Parsing R-CNN with group norm, a global semantic feature in the
# pyramid and a re-scoring network.
_base_ = './parsing-rcnn_r50-caffe_fpn.py'

norm_cfg = dict(type='GN', num_groups=32)

model = dict(
    type='RPRCNN',
    neck=dict(norm_cfg=norm_cfg, act_cfg=None),
    semantic_head=dict(
        type='GlobalSemanticHead', num_classes=20, norm_cfg=norm_cfg),
    # As released: the semantic feature is in four levels, and only they have
    # anchors. (`enhance_p6=True` and a stride of 64 are the paper's figure.)
    rpn_head=dict(anchor_generator=dict(strides=[4, 8, 16, 32])),
    roi_head=dict(
        mask_head=dict(
            context=dict(norm_cfg=norm_cfg),
            iou_head=dict(type='ParsingIoUHead'))),
    # Table 6 of QANet; (1, 1, 0) is RP R-CNN's own score.
    post_processor=dict(weights=(3., 1., 1.)))
