# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The tools with parsers that find the persons themselves."""
import json

import cv2
import numpy as np
import pytest

from .conftest import ROOT, run_script
from .test_testing import results_of

pytest.importorskip('mmdet.models')
from projects.qanet.testing import region_parsers as tiny  # noqa: E402

CONFIG = """
_base_ = '{root}/configs/demo/rp-rcnn_r18_fpn-gn_1xb4-600it_synthetic.py'
model = dict(_delete_=True, **{model})
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=2,
                 val_interval=2)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=2))
"""


@pytest.fixture(scope='module')
def trained(options, run_tool, tmp_path_factory):
    """A config and its checkpoint after two steps."""
    folder = tmp_path_factory.mktemp('region')
    config = folder / 'region.py'
    model = tiny.small_config('RPRCNN', num_classes=20).to_dict()
    config.write_text(CONFIG.format(root=ROOT, model=model))
    run_tool('tools/train.py', config, '--work-dir', folder, *options)
    return config, folder / 'iter_2.pth'


@pytest.fixture(scope='module')
def single(trained, options, run_tool, tmp_path_factory):
    """Work dir of a test in one process."""
    out = tmp_path_factory.mktemp('single')
    run_tool('tools/test.py', *trained, '--work-dir', out, '--out',
             out / 'results.json', '--show-dir', 'painted',
             '--pixel-score-thrs', 0, .2, *options,
             f'test_evaluator.metrics_file={out}/metrics.json')
    return out


def test_training_is_validated_and_noted(trained):
    file, = trained[0].parent.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in file.open()]
    losses = {'loss_parsing', 'loss_parsing_iou', 'loss_semantic_seg'}
    assert losses <= set(rows[0]) and 'parsing/mIoU' in rows[-1]


def test_results_file_and_pictures(single, data, run_tool):
    document = results_of(single)
    assert document['info']['quality_weights'] == [3.0, 1.0, 1.0]
    assert len(document['results']) > 12  # of three images
    assert any(record['parts'] for record in document['results'])
    assert len(list(single.glob('*/painted/**/*.png'))) == 3
    values = json.loads((single / 'metrics.json').read_text())
    assert values['parsing/APr.T0.2'] == values['parsing/APr']
    # From the file, without the network.
    run_tool('tools/analysis_tools/eval_parsing.py', single / 'results.json',
             '--ann-file', data / 'annotations/CIHP_val.json', '--data-root',
             data / 'Validation', '--out', single / 'again.json')
    again = json.loads((single / 'again.json').read_text())
    for key in ('mIoU', 'APp', 'APr', 'PCP_50'):
        assert again[f'parsing/{key}'] == values[f'parsing/{key}']


def test_two_processes_find_what_one_does(single, trained, options, tmp_path):
    """Three images: one is tested twice and counted once."""
    config, checkpoint = trained
    run_script('tools/dist_test.sh', config, checkpoint, 2, '--work-dir',
               tmp_path, '--out', tmp_path / 'results.json', *options)
    assert results_of(tmp_path) == results_of(single)


def test_photos_need_no_detector(single, trained, data, run_tool, tmp_path):
    """The same persons as in the test, of at least the least score."""
    config, checkpoint = trained
    photos = data / 'Validation/Images'
    infer = ('tools/infer.py', photos, '--model', config, '--weights',
             checkpoint, '--out-dir', tmp_path)
    tested = results_of(single)['results']
    scores = sorted(record['bbox_score'] for record in tested)
    thr = (scores[len(scores) // 2 - 1] + scores[len(scores) // 2]) / 2
    run_tool(*infer, '--bbox-thr', thr, '--batch-size', 2)
    found = results_of(tmp_path)['results']
    kept = [record for record in tested if record['bbox_score'] >= thr]
    assert 0 < len(found) == len(kept) < len(tested)
    for ours, theirs in zip(found, kept):
        assert ours['bbox'] == theirs['bbox']
        assert ours['parts'] == theirs['parts']
    assert len(list((tmp_path / 'vis').iterdir())) == 3
    for more, text in ((('--bbox', 1, 2, 30, 40), 'bboxes is given'),
                       (('--det-model', config, '--det-weights', checkpoint),
                        'det_model is given')):
        error = run_tool(*infer, *more, code=2).stderr
        assert f'{text}, but a RPRCNN finds the persons itself' in error


def test_a_picture_without_area_is_named(trained, run_tool, tmp_path):
    """It would be resized to no pixels."""
    cv2.imwrite(f'{tmp_path}/thin.png', np.zeros((1, 6000, 3), np.uint8))
    error = run_tool(
        'tools/infer.py',
        tmp_path / 'thin.png',
        '--model',
        trained[0],
        '--weights',
        trained[1],
        '--out-dir',
        tmp_path / 'out',
        code=2).stderr
    assert 'thin.png: the test pipeline fails on an image of 6000 x 1' in error


@pytest.mark.parametrize('tool, more, message', [
    ('model_converters/export_onnx.py', ['{out}/x.onnx'],
     'a RPRCNN cannot be exported; top-down parsers can'),
    ('test.py', ['--tta'], 'has a RPRCNN; augmentation is for top-down'),
    ('test.py', ['{config}', '{checkpoint}'
                 ], 'made of top-down parsers, but parser 0 is a RPRCNN'),
    ('analysis_tools/get_flops.py', None,
     'has a RPRCNN without decode_head: for a detector use'),
])
def test_what_is_not_for_them(tool, more, message, trained, run_tool,
                              tmp_path):
    config, checkpoint = trained
    names = dict(out=tmp_path, config=config, checkpoint=checkpoint)
    arguments = [config]
    if more is not None:
        arguments += [checkpoint, *(one.format(**names) for one in more)]
    error = run_tool(f'tools/{tool}', *arguments, cwd=ROOT, code=2).stderr
    assert message in error
