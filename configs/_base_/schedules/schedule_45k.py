# Parsing R-CNN's schedule of 1x on CIHP: SGD, 45k iterations of 16 images (8
# GPUs x 2). With --auto-scale-lr the learning rate follows the batch that is
# really used; iterations do not.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(bias_lr_mult=2, bias_decay_mult=0, norm_decay_mult=0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        milestones=[30000, 40000],
        gamma=0.1,
        by_epoch=False)
]
auto_scale_lr = dict(enable=False, base_batch_size=16)

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=45000, val_interval=15000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
