_base_ = [
    '../_base_/models/rp-rcnn_r50-caffe_fpn-gn.py',
    '../_base_/datasets/mhp-v2_whole-images.py',
    '../_base_/schedules/schedule_45k.py',
    '../_base_/region_runtime.py',
]

model = dict(
    semantic_head=dict(num_classes=59),
    roi_head=dict(mask_head=dict(num_classes=59)))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(start_factor=1e-4, end=1000)
param_scheduler[1]['milestones'] = [54000, 64000]
train_cfg = dict(max_iters=72000, val_interval=12000)
