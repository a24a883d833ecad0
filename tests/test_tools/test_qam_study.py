# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import argparse
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from projects.qanet.utils.errors import InputError

TOOL = Path(__file__).parents[2] / 'studies/qam_study.py'


@pytest.fixture(scope='module')
def study():
    spec = importlib.util.spec_from_file_location('qam_study', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def args(tmp_path):
    return argparse.Namespace(
        work_dir=tmp_path / 'study',
        images=4,
        val_images=2,
        data_seed=0,
        epochs=3)


def segm(scores, counts='a'):
    return json.dumps([
        dict(
            image_id=k,
            category_id=1,
            segmentation=dict(size=[2, 3], counts=counts),
            bbox_score=box,
            pixel_score=pixel) for k, (box, pixel) in enumerate(scores)
    ])


def steps(run):
    """Names of the steps that are left, as if each had succeeded."""
    names = []
    for name, command in run.commands():
        names.append(name)
        if name.startswith('test'):
            prefix = next(a for a in command if 'outfile_prefix' in str(a))
            path = Path(prefix.split('=')[1] + '.segm.json')
            path.parent.mkdir(exist_ok=True)
            path.write_text(segm([]))
    return names


def test_what_is_done_is_not_done_again(study, args):
    run = study.Run('solov2', 1, args)
    run.folder.mkdir(parents=True)
    tests = ['test (stability)', 'test (mean)', 'test (maskness)']
    assert steps(run) == ['train', *tests]
    # Interrupted after the second of three epochs, tests left from nowhere.
    (run.folder / 'last_checkpoint').write_text(
        str(run.folder / 'epoch_2.pth'))
    (run.folder / 'epoch_2.pth').touch()
    assert steps(run) == ['train']
    (run.folder / 'last_checkpoint').write_text(
        str(run.folder / 'epoch_3.pth'))
    (run.folder / 'epoch_3.pth').touch()
    assert steps(run) == []
    (run.folder / 'mean.segm.json').unlink()
    assert steps(run) == ['test (mean)']


def test_commands_say_seed_data_and_form(study, args):
    run = study.Run('mask-rcnn', 7, args)
    commands = run.commands()
    train = next(commands)[1]
    (run.folder / 'test').mkdir(parents=True)
    next(commands)
    (run.folder / 'test' / 'stability.segm.json').write_text('[]')
    name, test = next(commands)
    assert name == 'test (mean)' and test[0] == 'tools/test.py'
    assert train[0] == 'tools/train.py' and '--resume' in train
    assert {
        'randomness.seed=7', 'train_cfg.max_epochs=3',
        'param_scheduler.1.T_max=3'
    } <= set(train)
    root = f'dataset.data_root={args.work_dir.resolve()}/data/'
    for part in ('train', 'val', 'test'):
        assert f'{part}_dataloader.{root}' in train
    assert {
        'model.roi_head.mask_head.type=QualityFCNMaskHead',
        'model.roi_head.mask_head.quality.mode=mean',
        'model.roi_head.mask_head.quality.thr=0.25',
        'test_evaluator.type=QualityCocoMetric'
    } <= set(test)


def test_ingredients_are_read_form_by_form(study, args):
    run = study.Run('solov2', 0, args)
    run.folder.mkdir(parents=True)
    for form, pixels in (('stability', (.1, .2)), ('mean', (.3, .4)),
                         ('maskness', (.5, .6))):
        (run.folder / f'{form}.segm.json').write_text(
            segm(list(zip((.9, .8), pixels))))
    records, boxes, found = run.ingredients()
    assert [r['image_id'] for r in records] == [0, 1]
    assert boxes.tolist() == [.9, .8]
    assert {
        k: v.tolist()
        for k, v in found.items()
    } == dict(
        stability=[.1, .2], mean=[.3, .4], maskness=[.5, .6])
    assert isinstance(found['mean'], np.ndarray)

    (run.folder / 'mean.segm.json').write_text(
        segm([(.9, .3), (.8, .4)], counts='b'))
    with pytest.raises(InputError, match='different masks'):
        run.ingredients()
    for path in run.folder.glob('*.json'):
        path.write_text('[]')
    with pytest.raises(InputError, match='solov2, seed 0: nothing was found'):
        run.ingredients()


def test_a_work_dir_keeps_to_its_settings(study, args):
    assert study.remember_settings(args) == dict(
        images=4, val_images=2, data_seed=0, epochs=3)
    study.remember_settings(args)
    args.images = 5
    with pytest.raises(InputError, match='begun with other settings'):
        study.remember_settings(args)


def test_foreign_data_are_not_taken_over(study, args):
    (args.work_dir / 'data').mkdir(parents=True)
    with pytest.raises(InputError, match='not of this tool'):
        study.remember_settings(args)


@pytest.mark.parametrize('arguments, named', [
    (['--images', '0'], '--images must be at least 1'),
    (['--seeds', '1', '1'], '--seeds must be different'),
    (['--gammas', '0'], '--gammas must be positive'),
])
def test_bad_arguments_are_named(study, monkeypatch, capsys, arguments, named):
    monkeypatch.setattr(sys, 'argv', ['qam_study.py', *arguments])
    with pytest.raises(SystemExit) as exit_info:
        study.parse_args()
    assert exit_info.value.code == 2
    assert named in capsys.readouterr().err


def test_help_says_that_it_continues():
    done = subprocess.run([sys.executable, str(TOOL), '--help'],
                          capture_output=True,
                          text=True)
    assert done.returncode == 0
    assert 'interrupted study continues' in done.stdout
