# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import CheckpointHook

from projects.qanet.engine import TrainingGuardHook
from projects.qanet.utils.errors import InputError

CLASSES = ('background', 'head', 'torso')


def runner(num_classes=3, train=CLASSES, val=CLASSES, save_best=None):
    """As much of a runner as the hook looks at."""

    def loader(classes):
        return SimpleNamespace(
            dataset=SimpleNamespace(metainfo=dict(classes=classes)))

    return SimpleNamespace(
        model=SimpleNamespace(num_classes=num_classes),
        iter=6,
        max_iters=100,
        train_dataloader=loader(train),
        val_dataloader=loader(val),
        val_loop=SimpleNamespace(
            evaluator=SimpleNamespace(
                metrics=[SimpleNamespace(prefix='parsing')])),
        hooks=[CheckpointHook(save_best=save_best, rule='greater')])


def test_what_fits_passes():
    hook = TrainingGuardHook()
    for save_best in (None, 'auto', 'parsing/mIoU'):
        given = runner(save_best=save_best)
        hook.before_train(given)
        hook.after_val_epoch(given, {'parsing/mIoU': 3.})
        hook.after_val_epoch(given, {})  # a detector that finds nothing yet
    hook.before_train(runner(save_best=['parsing/mIoU', 'parsing/APp']))
    given = runner()
    given.model = torch.nn.Identity()  # a detector has no such number
    hook.before_train(given)


@pytest.mark.parametrize('change, message', [
    (dict(num_classes=20), 'model has 20 classes .* train_dataloader has 3'),
    (dict(val=CLASSES[:2]), 'model has 3 classes .* val_dataloader has 2'),
    (dict(save_best='strict/mIoU'),
     "save_best='strict/mIoU' .* begin with parsing/"),
    (dict(save_best='mIoU'), "save_best='mIoU' .* begin with parsing/"),
])
def test_what_differs_is_named_before_the_first_step(change, message):
    with pytest.raises(InputError, match=message):
        TrainingGuardHook().before_train(runner(**change))


def test_an_unknown_metric_is_named_with_the_known_ones():
    with pytest.raises(InputError, match="'parsing/mIoU' .* gives parsing/AP"):
        TrainingGuardHook().after_val_epoch(
            runner(save_best='parsing/mIoU'), {'parsing/APp': 3.})


def test_a_loss_that_is_not_finite_ends_the_training():
    hook = TrainingGuardHook()
    good = dict(loss=torch.tensor(2.5))
    hook.after_train_iter(runner(), 6, None, good)
    bad = dict(
        loss=torch.tensor(float('nan')), loss_ce=torch.tensor(float('inf')))
    with pytest.raises(
            InputError, match=r'iteration 7.*\(loss=nan, loss_ce=inf\)'):
        hook.after_train_iter(runner(), 6, None, bad)
