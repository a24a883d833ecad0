# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""tools/test.py with one model, with augmentation and with several models."""
import json

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.released_weights import METAINFOS
from projects.qanet.utils.errors import InputError
from tools.common.test_time import enable_tta, make_ensemble
from .conftest import CONFIG, ROOT, metrics_of, run_script

TOOL = 'tools/test.py'
FIRST = "_base_ = '{base}'"
# Another width, crop, padding and augmentation, and no IoU branch.
SECOND = """
_base_ = '{base}'
model = dict(
    backbone=dict(base_channels=4),
    neck=dict(in_channels=[4, 8, 16, 32]),
    decode_head=dict(iou_branch=None),
    test_cfg=dict(
        crop_size=(32, 64), padding=1.2, flip=False, scales=(1., 1.1)))
default_hooks = dict(visualization=None)
tta_cfg = None
"""


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    """Two configs with a checkpoint each."""
    folder = tmp_path_factory.mktemp('models')
    meta = dict(dataset_meta=CIHPParsingDataset.METAINFO)
    for seed, text in enumerate((FIRST, SECOND)):
        name = folder / ('first', 'second')[seed]
        name.with_suffix('.py').write_text(text.format(base=ROOT / CONFIG))
        torch.manual_seed(seed)
        with DefaultScope.overwrite_default_scope('mmseg'), torch.no_grad():
            model = MODELS.build(Config.fromfile(f'{name}.py').model)
            model.decode_head.conv_seg.weight.normal_()  # several classes win
        torch.save(
            dict(state_dict=model.state_dict(), meta=meta), f'{name}.pth')
    return [(folder / f'{name}.py', folder / f'{name}.pth')
            for name in ('first', 'second')]


def results_of(work_dir):
    # A convolution of fewer crops at once may differ in a float's last bit.
    return json.loads(
        (work_dir / 'results.json').read_text(),
        parse_float=lambda text: round(float(text), 6))


@pytest.fixture(scope='module')
def single(pairs, options, run_tool, tmp_path_factory):
    """The first model alone, at its config's settings."""
    out = tmp_path_factory.mktemp('single')
    run_tool(TOOL, *pairs[0], '--work-dir', out, '--out', out / 'results.json',
             '--show-dir', 'painted', *options)
    return out


def test_results_file_and_pictures(single):
    document = results_of(single)
    assert document['info']['quality_weights'] == [1.0, 0.5, 3.0]
    assert document['info']['pixel_score_thr'] == 0.2
    assert len(document['results']) == 6  # two persons of each image
    assert any(record['parts'] for record in document['results'])
    assert metrics_of(single)['parsing/mIoU'] > 0
    assert len(list(single.glob('*/painted/**/*.png'))) == 3


def test_several_thresholds_and_other_classes(single, pairs, options, run_tool,
                                              tmp_path):
    """Neither changes the metrics that are there without them."""
    # LIP and CIHP have 20 classes each; a part of them are the same.
    names = METAINFOS['lip']['classes']
    done = run_tool(
        TOOL, *pairs[0], '--work-dir', tmp_path, '--pixel-score-thrs', 0, .2,
        .8, *options, f'test_evaluator.metrics_file={tmp_path}/metrics.json',
        f'test_dataloader.dataset.metainfo.classes={",".join(names)}')
    text = done.stdout + done.stderr
    assert metrics_of(tmp_path) == metrics_of(single)
    values = json.loads((tmp_path / 'metrics.json').read_text())
    for key in ('APp', 'PCP_50', 'APr', 'APh'):
        # The config's own threshold.
        assert values[f'parsing/{key}.T0.2'] == values[f'parsing/{key}']
        assert {f'parsing/{key}.T0', f'parsing/{key}.T0.8'} <= set(values)
    assert 'Threshold T of the pixel score' in text
    assert "other classes than those of test_dataloader: 10 (" in text
    assert f"here {names[10]!r})" in text


def test_two_processes_test_an_ensemble(single, pairs, options, run_tool,
                                        tmp_path):
    """Three images: one is tested twice and counted once. Further models
    stand behind the number of processes."""
    one, two = tmp_path / 'one', tmp_path / 'two'
    file = 'test_evaluator.metrics_file'
    run_tool(TOOL, *pairs[0], *pairs[1], '--work-dir', one, '--out',
             one / 'results.json', '--show-dir', 'painted', *options,
             f'{file}={one}/metrics.json')
    run_script('tools/dist_test.sh', *pairs[0], 2, *pairs[1], '--work-dir',
               two, '--out', two / 'results.json', *options,
               f'{file}={two}/metrics.json')
    # Not mmengine's own file, which both processes write at the same time.
    assert (two / 'metrics.json').read_text() == (one /
                                                  'metrics.json').read_text()
    document, expected = results_of(one), results_of(single)
    assert results_of(two) == document
    assert document['info'] == expected['info']
    # Another result, but the same IoU scores: the second model has none.
    assert document['results'] != expected['results']
    for ours, theirs in zip(document['results'], expected['results']):
        assert ours['iou_score'] == pytest.approx(theirs['iou_score'])
    assert len(document['results']) == len(expected['results'])
    assert len(list(one.glob('*/painted/**/*.png'))) == 3


@pytest.mark.parametrize('arguments, message', [
    ('{a} nothing.pth', 'error: checkpoint nothing.pth not found'),
    ('{a} {A} {b}', '{b} stands alone'),
    ('{a} {A} {b} {B} --tta', '--tta: {b} has no tta_cfg = dict(flip=True'),
    ('{a} {A} nowhere.py y', 'config nowhere.py not found'),
    ('{a} {A} --pixel-score-thrs .5 2',
     '--pixel-score-thrs must be in [0, 1], not [2.0]'),
    ('{a} {A} --cfg-options model.decode_head.num_classes=7',
     'first.pth does not fit the model (another number of classes?): '
     'decode_head.conv_seg.weight is (20, 16, 1, 1)'),
    ('{b} {B} --show-dir x', 'need default_hooks.visualization in the config'),
    ('{detector} x --out y', '--out needs a ParsingMetric in test_evaluator'),
])
def test_errors(arguments, message, pairs, run_tool, tmp_path):
    names = dict(zip('aAbB', sum(pairs, ())))
    names['detector'] = 'configs/fcos/fcos_r50_fpn_8xb2-1x_cihp-person.py'
    arguments = arguments.format(**names).split()
    done = run_tool(TOOL, *arguments, '--work-dir', tmp_path, code=2)
    assert message.format(**names) in done.stderr.splitlines()[-1]


def parser_config(**kwargs):
    model = dict(type='TopDownParser', test_cfg=dict(crop_size=(3, 4)))
    return Config(dict(dict(model=model), **kwargs))


def test_tta_is_the_configs_full_augmentation_and_reaches_every_model():
    cfg = parser_config(tta_cfg=dict(flip=True, scales=(1., 1.2)))
    enable_tta(cfg, 'a.py')
    assert cfg.model.test_cfg == dict(
        crop_size=(3, 4), flip=True, scales=(1., 1.2))
    make_ensemble(cfg, [parser_config()])
    cfg.tta_cfg = dict(flip=False)
    enable_tta(cfg, 'a.py')
    flips = [parser.test_cfg.flip for parser in cfg.model.parsers]
    assert flips == [False, False]
    assert cfg.model.parsers[0].test_cfg.scales == (1., 1.2)
    assert cfg.model.post_processor.type == 'QualityAwareModule'


@pytest.mark.parametrize('kwargs, message', [
    (dict(tta_cfg=dict(flips=True)), "the key 'flips', allowed are flip"),
    (dict(tta_cfg=dict(flip=True), model=dict(type='EncoderDecoder')),
     'a.py has a EncoderDecoder; augmentation is'),
])
def test_tta_errors(kwargs, message):
    with pytest.raises(InputError, match=message):
        enable_tta(parser_config(**kwargs), 'a.py')
