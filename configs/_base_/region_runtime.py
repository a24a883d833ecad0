# The runtime of region parsers: models and transforms are mmdet's, and time is
# counted in iterations.
_base_ = './default_runtime.py'

default_scope = 'mmdet'
custom_imports = dict(
    imports=[
        'projects.qanet.plugin', 'projects.qanet.detection.region_parsers'
    ],
    allow_failed_imports=False)

default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=3000),
    guard=dict(type='mmseg.TrainingGuardHook'),
    visualization=dict(type='mmseg.ParsingVisualizationHook'))
visualizer = dict(type='mmseg.ParsingVisualizer')
log_processor = dict(by_epoch=False)
