# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.hooks import CheckpointHook
from mmengine.model import BaseModule
from mmengine.runner import BaseLoop
from mmseg.models.losses import FocalLoss
from torch import nn
from torch.utils.data import DataLoader

from projects.qanet.engine import TrainingGuardHook
from projects.qanet.utils.errors import InputError

CLASSES = ('background', 'head', 'torso')


class Samples(list):
    """A data set of some classes."""

    def __init__(self, classes):
        super().__init__(range(4))
        self.metainfo = dict(classes=classes)


class Model(nn.Linear):
    """Two weights, and a number of classes."""

    def __init__(self, num_classes):
        super().__init__(2, 3)
        self.num_classes = num_classes


def metric(prefix='parsing', **names):
    return SimpleNamespace(prefix=prefix, **names)


PARSING = metric(summary_names=('parsing/mIoU', 'parsing/APp'))
FREE = metric('free')  # like most metrics: its names are not known before
TRAINING = BaseLoop.__new__(type('Loop', (BaseLoop, ), dict(run=None)))


def runner(num_classes=3,
           train=CLASSES,
           val=CLASSES,
           save_best=None,
           metrics=(metric(), ),
           **changes):
    """As much of a runner as the hook looks at."""
    given = dict(
        model=Model(num_classes),
        iter=6,
        max_iters=100,
        train_dataloader=DataLoader(Samples(train)),
        val_dataloader=DataLoader(Samples(val)),
        val_loop=SimpleNamespace(evaluator=SimpleNamespace(metrics=metrics)),
        hooks=[CheckpointHook(save_best=save_best, rule='greater')],
        _load_from=None,
        _resume=False,
        _has_loaded=False,
        _train_loop=None)
    return SimpleNamespace(**dict(given, **changes))


def test_what_fits_passes():
    hook = TrainingGuardHook()
    for save_best in (None, 'auto', 'parsing/mIoU'):
        given = runner(save_best=save_best)
        hook.before_train(given)
        hook.after_val_epoch(given, {'parsing/mIoU': 3.})
        hook.after_val_epoch(given, {})  # a detector that finds nothing yet
    given.model = nn.Identity()  # a detector has no such number
    hook.before_train(given)


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


@pytest.mark.parametrize('save_best, metrics', [
    (None, [PARSING]),
    ('auto', [PARSING]),
    ('parsing/APp', [PARSING]),
    (['parsing/APp', 'free/mAP'], [FREE, PARSING]),
    ('parsing/mAP', [metric(), PARSING]),
    ('mAP', [PARSING, metric(None)]),
])
def test_names_that_a_metric_may_give_pass(save_best, metrics):
    TrainingGuardHook().before_train(
        runner(save_best=save_best, metrics=metrics))


@pytest.mark.parametrize('change, message', [
    (dict(num_classes=20), 'model has 20 classes .* train_dataloader has 3'),
    (dict(val=CLASSES[:2]), 'model has 3 classes .* val_dataloader has 2'),
    (dict(save_best='strict/mIoU'),
     "save_best='strict/mIoU' .* begin with parsing/"),
    (dict(save_best='mIoU'), "save_best='mIoU' .* begin with parsing/"),
    (dict(save_best='parsing/miou', metrics=[FREE, PARSING]),
     "^save_best='parsing/miou' is no metric of val_evaluator, which gives "
     'parsing/mIoU, parsing/APp$'),
])
def test_what_differs_is_named_before_the_first_step(change, message):
    with pytest.raises(InputError, match=message):
        TrainingGuardHook().before_train(runner(**change))


def test_several_data_sets_have_names_of_their_own():
    given = runner(save_best='b/parsing/mIoU', metrics=[PARSING, PARSING])
    given.val_loop.evaluator.dataset_prefixes = ['a', 'b']
    TrainingGuardHook().before_train(given)
    for save_best, message in (('b/parsing/miou', 'gives b/parsing/mIoU, b/'),
                               ('parsing/mIoU', 'a/parsing/, b/parsing/$')):
        given.hooks = [CheckpointHook(save_best=save_best, rule='greater')]
        with pytest.raises(InputError, match=message):
            TrainingGuardHook().before_train(given)


def test_batches_above_the_data_set():
    loader = DataLoader(Samples(CLASSES), batch_size=5, drop_last=True)
    message = (' gives no batch: each process has 4 samples, fewer than '
               'batch_size=5, and drop_last=True leaves them out')
    hook = TrainingGuardHook()
    for name in ('train_dataloader', 'val_dataloader'):
        with pytest.raises(InputError) as found:
            hook.before_train(runner(**{name: loader}))
        assert str(found.value) == name + message
    with pytest.raises(InputError, match='test_dataloader' + message):
        hook.before_test(SimpleNamespace(test_dataloader=loader))
    endless = DataLoader(
        loader.dataset,
        5,
        sampler=InfiniteSampler(loader.dataset),
        drop_last=True)
    assert len(endless) == 0 and len(next(iter(endless))) == 5
    hook.before_train(runner(train_dataloader=endless))


def test_focal_loss_needs_a_gpu():
    loss = FocalLoss()
    logits, labels = torch.randn(2, 3, 4, 5), torch.ones(2, 4, 5).long()
    with pytest.raises(RuntimeError):  # else the refusal may go
        loss(logits, labels)
    given = runner()
    given.model.loss = loss
    with pytest.raises(InputError, match='FocalLoss of mmseg .* on a CPU'):
        TrainingGuardHook().before_train(given)


def test_processes_that_do_not_know_of_each_other(monkeypatch):
    hook = TrainingGuardHook()
    hook.before_run(runner())
    monkeypatch.setenv('WORLD_SIZE', '2')
    with pytest.raises(
            InputError,
            match='^2 processes .* work_dir: pass '
            '--launcher pytorch$'):
        hook.before_run(runner())
    monkeypatch.setattr(torch.distributed, 'is_initialized', lambda: True)
    hook.before_run(runner())


def test_the_checkpoint_to_start_from(tmp_path):
    hook = TrainingGuardHook()
    page = tmp_path / 'page.pth'
    page.write_text('<!DOCTYPE html><html></html>')
    with pytest.raises(InputError, match='page.pth is a web page'):
        hook.before_run(runner(_load_from=str(page)))
    hook.before_run(runner(_load_from=str(page), _has_loaded=True))
    part = str(tmp_path / 'part.pth')
    torch.save(dict(state_dict=dict(weight=torch.ones(3, 2))), part)
    hook.before_run(runner(_load_from=part, _train_loop=TRAINING))  # finetunes
    # A test, and a training that goes on; the latter may find its file.
    (tmp_path / 'last_checkpoint').write_text(part)
    for changes in (dict(_load_from=part),
                    dict(
                        _resume=True,
                        _train_loop=TRAINING,
                        work_dir=str(tmp_path))):
        with pytest.raises(InputError, match='part.pth .* lacks 1 of 2 entri'):
            hook.before_run(runner(**changes))


def test_the_weights_that_a_backbone_starts_from(tmp_path):
    """mmengine trains an untrained network when nothing of a file fits."""
    hook, model = TrainingGuardHook(), Model(3)
    given = runner(model=model, _train_loop=TRAINING)
    model.backbone = BaseModule(
        dict(type='mmengine.Pretrained', checkpoint='', prefix=None))
    model.backbone.conv = nn.Conv2d(3, 4, 1)
    settings = model.backbone.init_cfg
    settings['checkpoint'] = str(tmp_path / 'x.pth')
    message = r'^backbone\.init_cfg: checkpoint .*x\.pth '
    with pytest.raises(InputError, match=f'{message}not found$'):
        hook.before_run(given)
    weights = {
        f'net.{name}': value
        for name, value in model.backbone.state_dict().items()
    }
    torch.save(dict(state_dict=weights), settings['checkpoint'])
    for prefix in (None, 'backbone.'):
        settings['prefix'] = prefix
        with pytest.raises(
                InputError,
                match=f"{message}has .* prefix={prefix!r}, but .*='net.'$"):
            hook.before_run(given)
    settings['prefix'] = 'net'
    hook.before_run(given)
    weights = dict(weights, **{'net.conv.bias': torch.zeros(9)})
    del weights['net.conv.weight']
    torch.save(dict(state_dict=weights), settings['checkpoint'])
    with pytest.raises(InputError, match=f'{message}.* none of its weights'):
        hook.before_run(given)
    hook.before_run(runner(model=model))  # a test does not read it
