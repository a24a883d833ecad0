default_scope = 'mmseg'
custom_imports = dict(
    imports=['projects.qanet.plugin'], allow_failed_imports=False)

env_cfg = dict(
    # The batch is the number of persons in testing: each would be timed anew.
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=True),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook',
        interval=10,
        max_keep_ckpts=3,
        save_best='auto',  # the first metric: parsing/mIoU, unless changed
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    guard=dict(type='TrainingGuardHook'),
    visualization=dict(type='ParsingVisualizationHook'))

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='ParsingVisualizer', vis_backends=vis_backends, name='visualizer')

# What `tools/test.py --tta` adds to model.test_cfg: scales of the padded box.
tta_cfg = dict(flip=True, scales=(1., 0.9, 1.1, 1.2, 1.3))
# The same for mmseg's own tools/test.py.
tta_model = dict(type='AugmentedParser', **tta_cfg)

log_processor = dict(by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
