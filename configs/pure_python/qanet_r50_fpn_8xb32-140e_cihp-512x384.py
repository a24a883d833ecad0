# configs/qanet/qanet_r50_fpn_8xb32-140e_cihp-512x384.py in mmengine's pure
# Python style: parts are classes, which editors find, instead of names. Such
# a config inherits from others of its style only, so this one is complete.
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import DefaultSampler
from mmengine.hooks import (CheckpointHook, DistSamplerSeedHook, IterTimerHook,
                            LoggerHook, ParamSchedulerHook)
from mmengine.optim import MultiStepLR, OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from mmengine.visualization import LocalVisBackend
from mmseg.models.backbones import ResNetV1c
from mmseg.models.necks import FPN
from torch.optim import Adam

from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.datasets.transforms import (GetParsingBox,
                                                LoadPersonParsing,
                                                PackParsingInputs,
                                                TopDownAffine)
from projects.qanet.datasets.transforms.topdown import (RandomParsingAffine,
                                                        RandomParsingFlip)
from projects.qanet.engine import TrainingGuardHook
from projects.qanet.evaluation.metrics import ParsingMetric
from projects.qanet.models import (AugmentedParser, CrossEntropyLovaszLoss,
                                   IoUBranch, ParsingDataPreprocessor,
                                   ParsingIoULoss, QANetHead,
                                   QualityAwareModule, TopDownParser)
from projects.qanet.visualization.registered import (ParsingVisualizationHook,
                                                     ParsingVisualizer)

# Data
dataset_type = CIHPParsingDataset
data_root = 'data/CIHP/'
train_ann_file = 'annotations/CIHP_train.json'
train_img_dir = 'Training/Images'
val_ann_file = 'annotations/CIHP_val.json'
val_split_dir = 'Validation'
bbox_file = None

crop_size = (384, 512)  # (width, height)
padding = 1.25  # factor on a person's box

train_pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=LoadPersonParsing),
    dict(type=GetParsingBox, crop_size=crop_size, padding=padding),
    dict(
        type=RandomParsingAffine,
        scale_std=0.3,
        scale_clip=(0.7, 1.3),
        rotate_std=40,
        rotate_max=80,
        rotate_prob=0.6),
    dict(type=RandomParsingFlip, prob=0.5),
    dict(type=TopDownAffine, crop_size=crop_size),
    dict(type=PackParsingInputs),
]
test_pipeline = [dict(type=LoadImageFromFile), dict(type=PackParsingInputs)]
tta_pipeline = test_pipeline

train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_ann_file,
        data_prefix=dict(img=train_img_dir),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type=DefaultSampler, shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img=val_split_dir + '/Images'),
        bbox_file=bbox_file,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(
    type=ParsingMetric,
    ann_file=data_root + val_ann_file,
    data_root=data_root + val_split_dir)
test_evaluator = val_evaluator

# Model
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    type=TopDownParser,
    data_preprocessor=dict(
        type=ParsingDataPreprocessor,
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        type=ResNetV1c,
        depth=50,
        norm_cfg=norm_cfg,
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://resnet50_v1c')),
    neck=dict(
        type=FPN,
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        num_outs=4,
        norm_cfg=norm_cfg,
        act_cfg=None),
    decode_head=dict(
        type=QANetHead,
        in_channels=[256, 256, 256, 256],
        in_index=[0, 1, 2, 3],
        feature_strides=[4, 8, 16, 32],
        channels=256,
        num_classes=20,
        dropout_ratio=0,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type=CrossEntropyLovaszLoss),
        iou_branch=dict(type=IoUBranch),
        loss_iou=dict(type=ParsingIoULoss)),
    post_processor=dict(
        type=QualityAwareModule, weights=(1., 0.5, 3.), pixel_score_thr=0.2),
    train_cfg=dict(),
    test_cfg=dict(
        crop_size=crop_size,
        padding=padding,
        flip=True,
        max_instances_per_batch=32))
tta_cfg = dict(flip=True, scales=(1., 0.9, 1.1, 1.2, 1.3))
tta_model = dict(type=AugmentedParser, **tta_cfg)

# Schedule
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=Adam, lr=2e-3))
param_scheduler = [
    dict(type=MultiStepLR, milestones=[90, 120], gamma=0.1, by_epoch=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=256)
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=140, val_interval=10)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)

# Runtime
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
default_hooks = dict(
    timer=dict(type=IterTimerHook),
    logger=dict(type=LoggerHook, interval=50, log_metric_by_epoch=True),
    param_scheduler=dict(type=ParamSchedulerHook),
    checkpoint=dict(
        type=CheckpointHook,
        interval=10,
        max_keep_ckpts=3,
        save_best='auto',
        rule='greater'),
    sampler_seed=dict(type=DistSamplerSeedHook),
    guard=dict(type=TrainingGuardHook),
    visualization=dict(type=ParsingVisualizationHook))
vis_backends = [dict(type=LocalVisBackend)]
visualizer = dict(
    type=ParsingVisualizer, vis_backends=vis_backends, name='visualizer')
log_processor = dict(by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
