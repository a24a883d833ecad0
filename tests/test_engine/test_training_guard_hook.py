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


def linear(num_classes=3):
    model = nn.Linear(2, 3)
    model.num_classes = num_classes
    return model


def metric(prefix='parsing', **names):
    return SimpleNamespace(prefix=prefix, **names)


PARSING = metric(summary_names=('parsing/mIoU', 'parsing/APp'))
FREE = metric('free')  # like most metrics: its names are not known before
TRAINING = BaseLoop.__new__(type('Loop', (BaseLoop, ), dict(run=None)))


def saving(save_best=None, metrics=(metric(), ), **evaluator):
    """What of a runner a ``save_best`` and some metrics decide on."""
    evaluator = SimpleNamespace(metrics=metrics, **evaluator)
    return dict(
        hooks=[CheckpointHook(save_best=save_best, rule='greater')],
        val_loop=SimpleNamespace(evaluator=evaluator))


def runner(**changes):
    """As much of a runner as the hook looks at."""
    given = dict(
        saving(),
        model=linear(),
        iter=6,
        train_dataloader=DataLoader(Samples(CLASSES)),
        val_dataloader=DataLoader(Samples(CLASSES)),
        _load_from=None,
        _resume=False,
        _has_loaded=False,
        _train_loop=None)
    return SimpleNamespace(**dict(given, **changes))


@pytest.mark.parametrize(
    'changes',
    [
        dict(model=nn.Identity()),  # a detector has no such number
        saving(None, [PARSING]),
        saving('auto', [PARSING]),
        saving(['parsing/APp', 'free/mAP'], [FREE, PARSING]),
        saving('parsing/mAP', [metric(), PARSING]),
        saving('mAP', [PARSING, metric(None)]),
        # Several data sets have names of their own.
        saving('b/parsing/mIoU', [PARSING] * 2, dataset_prefixes=['a', 'b']),
    ])
def test_what_fits_passes(changes):
    TrainingGuardHook().before_train(runner(**changes))


FEW = DataLoader(Samples(CLASSES), batch_size=5, drop_last=True)
NONE = ('er gives no batch: each process has 4 samples, fewer than '
        'batch_size=5, and drop_last=True leaves them out$')


@pytest.mark.parametrize('changes, message', [
    (dict(model=linear(20)), '20 classes .* train_dataloader has 3'),
    (dict(val_dataloader=DataLoader(Samples('ab'))),
     'model has 3 classes .* val_dataloader has 2'),
    (saving('strict/mIoU'), "save_best='strict/mIoU' .* begin with parsing/"),
    (saving('mIoU'), "save_best='mIoU' .* begin with parsing/"),
    (saving('parsing/miou', [FREE, PARSING]),
     "^save_best='parsing/miou' is no metric of val_evaluator, which gives "
     'parsing/mIoU, parsing/APp$'),
    (saving('b/parsing/miou', [PARSING] * 2,
            dataset_prefixes=['a', 'b']), 'gives b/parsing/mIoU, b/'),
    (saving('parsing/mIoU', [PARSING] * 2,
            dataset_prefixes=['a', 'b']), 'a/parsing/, b/parsing/$'),
    (dict(train_dataloader=FEW), f'^train_dataload{NONE}'),
    (dict(val_dataloader=FEW), f'^val_dataload{NONE}'),
])
def test_what_differs_is_named_before_the_first_step(changes, message):
    with pytest.raises(InputError, match=message):
        TrainingGuardHook().before_train(runner(**changes))


def test_batches_of_a_test_and_without_end():
    with pytest.raises(InputError, match=f'^test_dataload{NONE}'):
        TrainingGuardHook().before_test(SimpleNamespace(test_dataloader=FEW))
    endless = InfiniteSampler(FEW.dataset)
    endless = DataLoader(FEW.dataset, 5, sampler=endless, drop_last=True)
    assert len(endless) == 0 and len(next(iter(endless))) == 5
    TrainingGuardHook().before_train(runner(train_dataloader=endless))


def test_an_unknown_metric_is_named_with_the_known_ones():
    hook, given = TrainingGuardHook(), runner(**saving('parsing/mIoU'))
    hook.after_val_epoch(given, {'parsing/mIoU': 3.})
    hook.after_val_epoch(given, {})  # a detector that finds nothing yet
    with pytest.raises(InputError, match="'parsing/mIoU' .* gives parsing/AP"):
        hook.after_val_epoch(given, {'parsing/APp': 3.})


def test_a_loss_that_is_not_finite_ends_the_training():
    hook = TrainingGuardHook()
    hook.after_train_iter(runner(), 6, None, dict(loss=torch.tensor(2.5)))
    bad = dict(
        loss=torch.tensor(float('nan')), loss_ce=torch.tensor(float('inf')))
    with pytest.raises(
            InputError, match=r'iteration 7.*\(loss=nan, loss_ce=inf\)'):
        hook.after_train_iter(runner(), 6, None, bad)


def test_focal_loss_needs_a_gpu():
    given = runner()
    given.model.loss = FocalLoss()
    with pytest.raises(RuntimeError):  # else the refusal may go
        given.model.loss(torch.randn(2, 3, 4, 5), torch.ones(2, 4, 5).long())
    with pytest.raises(InputError, match='FocalLoss of mmseg .* on a CPU'):
        TrainingGuardHook().before_train(given)


def test_processes_that_do_not_know_of_each_other(monkeypatch):
    hook = TrainingGuardHook()
    hook.before_run(runner())
    monkeypatch.setenv('WORLD_SIZE', '2')
    with pytest.raises(InputError, match='^2 processes .* --launcher pytorch'):
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
    goes_on = dict(_resume=True, _train_loop=TRAINING, work_dir=str(tmp_path))
    for changes in (dict(_load_from=part), goes_on):
        with pytest.raises(InputError, match='part.pth .* lacks 1 of 2 entri'):
            hook.before_run(runner(**changes))


def test_the_weights_that_a_backbone_starts_from(tmp_path):
    """mmengine trains an untrained network when nothing of a file fits."""
    hook, model = TrainingGuardHook(), linear()
    given = runner(model=model, _train_loop=TRAINING)
    model.backbone = BaseModule(
        dict(type='mmengine.Pretrained', checkpoint='', prefix=None))
    model.backbone.conv = nn.Conv2d(3, 4, 1)
    settings = model.backbone.init_cfg
    settings['checkpoint'] = str(tmp_path / 'x.pth')
    message = r'^backbone\.init_cfg: checkpoint .*x\.pth '
    with pytest.raises(InputError, match=f'{message}not found$'):
        hook.before_run(given)
    conv = model.backbone.conv.state_dict()
    weights = {f'net.conv.{name}': value for name, value in conv.items()}
    torch.save(dict(state_dict=weights), settings['checkpoint'])
    for prefix in (None, 'backbone.'):
        settings['prefix'] = prefix
        with pytest.raises(
                InputError,
                match=f"{message}has .* prefix={prefix!r}, but .*='net.'$"):
            hook.before_run(given)
    settings['prefix'] = 'net'
    hook.before_run(given)
    weights = {'net.conv.bias': torch.zeros(9)}
    torch.save(dict(state_dict=weights), settings['checkpoint'])
    with pytest.raises(InputError, match=f'{message}.* none of its weights'):
        hook.before_run(given)
    hook.before_run(runner(model=model))  # a test does not read it
