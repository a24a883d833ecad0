# For transformers and ConvNeXt, which Adam at 2e-3 does not train: AdamW with
# a warm-up and no decay on norms and position embeddings. The numbers are
# common ones for a total batch of 256, not tuned here.
_base_ = './schedule_140e.py'

optim_wrapper = dict(
    optimizer=dict(
        _delete_=True,
        type='AdamW',
        lr=5e-4,
        betas=(0.9, 0.999),
        weight_decay=0.01),
    # Names that a backbone does not have do no harm.
    paramwise_cfg=dict(
        custom_keys={
            'norm': dict(decay_mult=0.),
            'absolute_pos_embed': dict(decay_mult=0.),
            'relative_position_bias_table': dict(decay_mult=0.),
            'pos_block': dict(decay_mult=0.),
            'gamma': dict(decay_mult=0.)
        }))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', milestones=[90, 120], gamma=0.1, by_epoch=True)
]
