# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import argparse
import json
from pathlib import Path

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


def test_what_is_done_is_not_done_again(args):
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


def test_commands_say_seed_data_and_form(args):
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


def test_ingredients_are_read_form_by_form(args):
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


def test_a_work_dir_keeps_to_its_settings(args):
    assert study.remember_settings(args) == dict(
        images=4, val_images=2, data_seed=0, epochs=3)
    study.remember_settings(args)
    args.images = 5
    with pytest.raises(InputError, match='begun with other settings'):
        study.remember_settings(args)


def test_foreign_data_are_not_taken_over(args):
    (args.work_dir / 'data').mkdir(parents=True)
    with pytest.raises(InputError, match='not of this tool'):
        study.remember_settings(args)


@pytest.mark.parametrize('arguments, named', [
    (['--images', '0'], '--images must be at least 1'),
    (['--seeds', '1', '1'], '--seeds must be different'),
    (['--gammas', '0'], '--gammas must be positive'),
])
def test_bad_arguments_are_named(run_tool, arguments, named):
    assert named in run_tool(TOOL, *arguments, code=2).stderr


def mask(box):
    """The code of a box, xyxy, in a picture of 40 x 30."""
    pixels = np.zeros((30, 40), np.uint8, order='F')
    pixels[box[1]:box[3], box[0]:box[2]] = 1
    code = coco_mask.encode(pixels)
    return dict(size=code['size'], counts=code['counts'].decode())


def test_the_whole_study(tmp_path, run_tool, monkeypatch):
    """Two seeds of one network; the pixel score is right in the second."""
    good, bad = (2, 3, 20, 23), (25, 3, 35, 9)
    boxes = dict(a=good, b=bad)

    def run(self, title, script, *arguments, log=None):
        arguments = [str(part) for part in arguments]
        if script.endswith('synthetic_instances.py'):
            path = Path(arguments[0]) / 'annotations/instances_val.json'
            path.parent.mkdir(parents=True)
            path.write_text(
                json.dumps(
                    dict(
                        images=[
                            dict(id=1, file_name='1', width=40, height=30)
                        ],
                        categories=[dict(id=1, name='person')],
                        annotations=[
                            dict(
                                id=1,
                                image_id=1,
                                category_id=1,
                                iscrowd=0,
                                area=360,
                                bbox=[2, 3, 18, 20],
                                segmentation=mask(good))
                        ])))
        elif script == 'tools/test.py':
            prefix = next(
                part.split('=')[1] for part in arguments
                if 'outfile_prefix' in part)
            path = Path(f'{prefix}.segm.json')
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = (.5, .5) if 'seed3' in prefix else (.9, .1)
            path.write_text(
                json.dumps([
                    dict(
                        image_id=1,
                        category_id=1,
                        score=box_score,
                        bbox=[0, 0, 1, 1],
                        segmentation=mask(boxes[name]),
                        bbox_score=box_score,
                        pixel_score=pixel)
                    for name, box_score, pixel in zip('ab', (.6, .8), pixels)
                ]))

    monkeypatch.setattr(Commands, 'run', run)
    done = run_tool(
        TOOL,
        '--models',
        'mask-rcnn',
        '--seeds',
        3,
        4,
        '--gammas',
        1,
        '--work-dir',
        tmp_path / 'out',
        code=0)
    document = json.loads((tmp_path / 'out/qam_study.json').read_text())
    assert document['seeds'] == [3, 4] and document['images'] == 600
    scores = document['models']['mask-rcnn']['AP']
    # The true mask is the second by the box score: precision 1/2.
    assert scores['own score']['AP']['values'] == pytest.approx([50, 50])
    assert scores['mean (1, 0, 1)']['AP'] == dict(
        mean=pytest.approx(75),
        std=pytest.approx(50 / 2**.5),
        values=pytest.approx([50, 100]))
    gain = document['models']['mask-rcnn']['gain']['mean (1, 0, 1)']['AP50']
    assert gain['values'] == pytest.approx([0, 50])
    text = (tmp_path / 'out/qam_study.md').read_text()
    assert text in done.stdout
    row, = (
        line for line in text.splitlines()
        if line.startswith('| mean (1, 0, 1)'))
    assert row.split('|')[2].strip() == '75.00 ± 35.36'
