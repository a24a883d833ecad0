# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Small dense pose networks."""
import torch

import projects.qanet.plugin  # noqa: F401
from projects.qanet.testing.parsers import small_qanet


def small_parser(test_cfg=None, head=None, **model):
    """A narrow DensePoseParser, each time with the same weights."""
    module = dict(
        type='QualityAwareModule', weights=(1, 1, 0), pixel_score_thr=.6)
    model = dict(
        dict(type='DensePoseParser', post_processor=module),
        test_cfg=dict(crop_size=(48, 64), **(test_cfg or {})),
        **model)
    loss = dict(
        type='ParsingCrossEntropyLoss', loss_weight=5., loss_name='loss_part')
    head = dict(
        dict(type='UVHead', num_classes=15, loss_decode=loss), **(head or {}))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return small_qanet(model, **head)
