# Table 3, row 3: and without the IoU branch, so the box score has to do.
_base_ = './sfpn-lovasz-iou_r50_fpn_8xb32-140e_cihp-256x192.py'

model = dict(
    decode_head=dict(iou_branch=None),
    post_processor=dict(weights=(1., 0., 0.)))
