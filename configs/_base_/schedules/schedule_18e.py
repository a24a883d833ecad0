# A short schedule for drawn people: a warm-up, then a cosine.
_base_ = './schedule_140e.py'

max_epochs = 18
optim_wrapper = dict(optimizer=dict(lr=3e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        convert_to_iter_based=True,
        T_max=max_epochs,
        eta_min=1e-5),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
