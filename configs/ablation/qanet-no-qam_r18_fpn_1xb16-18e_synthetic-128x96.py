# Table 3, row 5, on drawn people: the whole network, ranked without the pixel
# score. tools/analysis_tools/ablation_study.py trains this file and the next.
_base_ = '../demo/qanet_r18_fpn_1xb16-18e_synthetic-128x96.py'

model = dict(post_processor=dict(weights=(1., 1., 0.)))
