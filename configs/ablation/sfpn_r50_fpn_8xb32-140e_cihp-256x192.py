# Table 3, row 2: and without the Lovasz loss. Row 1 has deconvolutions instead
# of semantic FPN: ../simple_baseline.
_base_ = [
    '../_base_/models/qanet_r50_fpn.py',
    '../_base_/datasets/cihp_256x192.py',
    '../_base_/schedules/schedule_140e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    decode_head=dict(
        iou_branch=None, loss_decode=[dict(type='ParsingCrossEntropyLoss')]),
    post_processor=dict(weights=(1., 0., 0.)),
    test_cfg=dict(crop_size=_base_.crop_size, padding=_base_.padding))
