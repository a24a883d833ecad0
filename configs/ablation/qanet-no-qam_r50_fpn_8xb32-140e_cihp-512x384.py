# Table 3, row 5: the whole network, ranked without the pixel score. It has the
# weights of ../qanet/qanet_r50_fpn_8xb32-140e_cihp-512x384.py, which is row 6.
_base_ = '../qanet/qanet_r50_fpn_8xb32-140e_cihp-512x384.py'

model = dict(post_processor=dict(weights=(1., 1., 0.)))
