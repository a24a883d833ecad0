# Table 3, row 2, on drawn people: and without the Lovasz loss.
_base_ = './sfpn-lovasz_r18_fpn_1xb16-18e_synthetic-64x48.py'

model = dict(
    decode_head=dict(loss_decode=[dict(type='ParsingCrossEntropyLoss')]))
