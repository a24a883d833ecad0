# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import argparse
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.utils.errors import InputError
from studies import qam_study as study
from tools.common.jobs import Commands

TOOL = 'studies/qam_study.py'


@pytest.fixture
def args(tmp_path):
    return argparse.Namespace(
        work_dir=tmp_path / 'study',
        images=4,
        val_images=2,
        data_seed=0,
        epochs=3)


def result(left, right, **fields):
    """Columns of a picture of 40 x 30 as an instance."""
    pixels = np.zeros((30, 40), np.uint8, order='F')
    pixels[3:23, left:right] = 1
    code = coco_mask.encode(pixels)
    code['counts'] = code['counts'].decode()
    return dict(image_id=1, category_id=1, segmentation=code, **fields)


def write_segm(arguments, records):
    """What a test leaves where its arguments say."""
    prefix = next(
        str(part).split('=')[1] for part in arguments
        if 'outfile_prefix' in str(part))
    path = Path(f'{prefix}.segm.json')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(records))


def steps(run):
    """Arguments by the step that is left, as if each had succeeded."""
    done = {}

    def call(title, script, *arguments, log):
        done[title.split(': ')[1]] = {script, *map(str, arguments)}
        if script == 'tools/test.py':
            write_segm(arguments, [])

    run.work(SimpleNamespace(run=call))
    return done


def test_what_is_done_is_not_done_again(args):
    run = study.Run('solov2', 7, args)
    first = steps(run)
    assert list(first) == [
        'train', 'test (stability)', 'test (mean)', 'test (maskness)'
    ]
    root = f'dataset.data_root={args.work_dir.resolve()}/data/'
    assert first['train'] >= {
        'tools/train.py', '--resume', 'randomness.seed=7',
        'train_cfg.max_epochs=3', 'param_scheduler.1.T_max=3',
        *(f'{part}_dataloader.{root}' for part in ('train', 'val', 'test'))
    }
    assert first['test (maskness)'] >= {
        'model.mask_head.type=QualitySOLOv2Head',
        'model.mask_head.quality.mode=mean', 'model.mask_head.quality.thr=0.5',
        'test_evaluator.type=QualityCocoMetric'
    }
    # Interrupted while the last of three epochs is written, then after it.
    (run.folder / 'epoch_3.pth').touch()
    for epoch, left in ((2, ['train']), (3, [])):
        path = run.folder / f'epoch_{epoch}.pth'
        (run.folder / 'last_checkpoint').write_text(str(path))
        assert list(steps(run)) == left
    (run.folder / 'mean.segm.json').unlink()
    assert list(steps(run)) == ['test (mean)']


@pytest.mark.parametrize('name, words', [('mean', 'different masks'),
                                         ('*', 'seed 0: nothing was found')])
def test_results_that_do_not_fit(args, name, words):
    run = study.Run('mask-rcnn', 0, args)
    run.folder.mkdir(parents=True)
    records = json.dumps([result(1, 9, pixel_score=1, bbox_score=1)])
    for form in study.FORMS:
        (run.folder / f'{form}.segm.json').write_text(records)
    for path in run.folder.glob(f'{name}.segm.json'):
        path.write_text('[]' if name == '*' else records.replace('30', '31'))
    with pytest.raises(InputError, match=words):
        run.ingredients()


def test_a_work_dir_keeps_to_its_settings(args):
    (args.work_dir / 'data').mkdir(parents=True)
    with pytest.raises(InputError, match='not of this tool'):
        study.remember_settings(args)
    (args.work_dir / 'data').rmdir()
    study.remember_settings(args)
    (args.work_dir / 'data').mkdir()
    assert study.remember_settings(args) == dict(
        images=4, val_images=2, data_seed=0, epochs=3)
    args.images = 5
    with pytest.raises(InputError, match='begun with other settings'):
        study.remember_settings(args)


@pytest.mark.parametrize('arguments, named', [
    (['--images', '0'], '--images must be at least 1'),
    (['--seeds', '1', '1'], '--seeds must be different'),
    (['--gammas', '0'], '--gammas must be positive'),
])
def test_bad_arguments_are_named(run_tool, arguments, named):
    assert named in run_tool(TOOL, *arguments, code=2).stderr


def test_the_whole_study(tmp_path, run_tool, monkeypatch):
    """Two seeds; one form of the pixel score is right in the second."""

    def run(self, title, script, *arguments, log=None):
        if script.endswith('synthetic_instances.py'):
            path = arguments[0] / 'annotations/instances_val.json'
            path.parent.mkdir(parents=True)
            truth = result(2, 20, id=1, iscrowd=0, area=360, bbox=[2, 3, 9, 9])
            path.write_text(
                json.dumps(
                    dict(
                        images=[dict(id=1, width=40, height=30)],
                        categories=[dict(id=1, name='person')],
                        annotations=[truth])))
        elif script == 'tools/test.py':
            is_right = 'seed 4' in title and 'mean' in title
            pixels = (.9, .1) if is_right else (.5, .5)
            found = [
                result(left, left + 18, bbox_score=box, pixel_score=pixel)
                for left, box, pixel in zip((2, 22), (.6, .8), pixels)
            ]
            write_segm(arguments, found)

    monkeypatch.setattr(Commands, 'run', run)
    done = run_tool(TOOL, '--models', 'mask-rcnn', '--seeds', 3, 4, '--gammas',
                    1, '--work-dir', tmp_path / 'out')
    document = json.loads((tmp_path / 'out/qam_study.json').read_text())
    assert document['seeds'] == [3, 4] and document['images'] == 600
    model = document['models']['mask-rcnn']
    # The true mask is the second by the box score: precision 1/2.
    for name in ('own score', 'stability (1, 0, 1)'):
        assert model['AP'][name]['AP']['values'] == pytest.approx([50, 50])
    assert model['AP']['mean (1, 0, 1)']['AP'] == dict(
        mean=pytest.approx(75),
        std=pytest.approx(50 / 2**.5),
        values=pytest.approx([50, 100]))
    gain = model['gain']['mean (1, 0, 1)']['AP50']
    assert gain['values'] == pytest.approx([0, 50])
    text = (tmp_path / 'out/qam_study.md').read_text()
    assert text in done.stdout
    assert '| mean (1, 0, 1)      | 75.00 ± 35.36 |' in text
