# Table 3, row 2: and without the Lovasz loss. Row 1 has deconvolutions instead
# of semantic FPN: ../simple_baseline.
_base_ = './sfpn-lovasz_r50_fpn_8xb32-140e_cihp-256x192.py'

model = dict(
    decode_head=dict(loss_decode=[dict(type='ParsingCrossEntropyLoss')]))
