_base_ = [
    '../_base_/models/parsing-rcnn_r50-caffe_fpn.py',
    '../_base_/datasets/cihp_whole-images.py',
    '../_base_/schedules/schedule_45k.py',
    '../_base_/region_runtime.py',
]
