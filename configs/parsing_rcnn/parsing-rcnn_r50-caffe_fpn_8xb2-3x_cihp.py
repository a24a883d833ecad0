_base_ = [
    '../_base_/models/parsing-rcnn_r50-caffe_fpn.py',
    '../_base_/datasets/cihp_whole-images.py',
    '../_base_/schedules/schedule_45k.py',
    '../_base_/region_runtime.py',
]

param_scheduler = _base_.param_scheduler
param_scheduler[1]['milestones'] = [105000, 125000]
train_cfg = dict(max_iters=135000)
