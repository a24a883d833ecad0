# Table 3, row 3, on drawn people: and without the IoU branch.
_base_ = './sfpn-lovasz-iou_r18_fpn_1xb16-18e_synthetic-64x48.py'

model = dict(
    decode_head=dict(iou_branch=None),
    post_processor=dict(weights=(1., 0., 0.)))
