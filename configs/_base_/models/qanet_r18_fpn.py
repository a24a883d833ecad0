# QANet for two CPU cores: ResNet-18 and a quarter of the channels.
_base_ = './qanet_r50_fpn.py'

model = dict(
    # Nothing is downloaded.
    backbone=dict(depth=18, base_channels=32, init_cfg=None),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64),
    decode_head=dict(in_channels=[64, 64, 64, 64], channels=64))
