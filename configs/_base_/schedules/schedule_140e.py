# The paper's schedule (section 4.1): Adam, 140 epochs, steps at 90 and 120.
# The learning rate belongs to a total batch of 256 (8 GPUs x 32 persons);
# with --auto-scale-lr it follows the batch that is really used.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3))
param_scheduler = [
    dict(type='MultiStepLR', milestones=[90, 120], gamma=0.1, by_epoch=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=256)

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=140, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
