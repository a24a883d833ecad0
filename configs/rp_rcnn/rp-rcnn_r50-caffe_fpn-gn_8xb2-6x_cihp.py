_base_ = [
    '../_base_/models/rp-rcnn_r50-caffe_fpn-gn.py',
    '../_base_/datasets/cihp_whole-images.py',
    '../_base_/schedules/schedule_45k.py',
    '../_base_/region_runtime.py',
]

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(start_factor=1e-4, end=1000)
param_scheduler[1]['milestones'] = [240000, 260000]
train_cfg = dict(max_iters=270000)
