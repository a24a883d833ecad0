# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Small data sets on disk and persons to evaluate on them."""
import importlib.util
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from projects.qanet.structures import ParsingInstances


def number_instances(categories, humans):
    """Instance_ids and their classes: one for each part of each person."""
    instances = np.zeros(categories.shape, np.uint8)
    classes = {}
    for human in np.unique(humans[humans > 0]):
        for label in np.unique(categories[humans == human]):
            if label > 0:
                classes[len(classes) + 1] = int(label)
                instances[(humans == human)
                          & (categories == label)] = len(classes)
    return instances, classes


def make_image(image_id, categories, humans, persons=None, instances=None):
    """Ground truth of one image; persons are (parsing id, is crowd)."""
    categories = np.asarray(categories, np.uint8)
    humans = np.asarray(humans, np.uint8)
    if persons is None:
        persons = [(int(i), False) for i in np.unique(humans[humans > 0])]
    if instances is None:
        instances = number_instances(categories, humans)
    return SimpleNamespace(
        image_id=image_id,
        categories=categories,
        humans=humans,
        persons=persons,
        instances=instances[0],
        classes=instances[1])


def make_persons(image_id,
                 maps,
                 scores,
                 num_classes,
                 box_scores=None,
                 part_scores=None):
    """Predictions of one image from full part maps (N, H, W)."""
    maps = np.asarray(maps, np.uint8)
    num_persons, height, width = maps.shape
    if box_scores is None:
        box_scores = np.ones(num_persons)
    if part_scores is None:
        part_scores = np.repeat(
            np.asarray(scores, float)[:, None], num_classes - 1, axis=1)
    return ParsingInstances(
        np.tile([0., 0, width, height], (num_persons, 1)), box_scores,
        np.ones(num_persons), np.ones(num_persons), scores, part_scores,
        part_scores, np.zeros(num_persons), list(maps),
        np.zeros((num_persons, 2)), (width, height), image_id)


def write_dataset(folder, images):
    """Write label maps and annotations, return both paths."""
    root = folder / 'Validation'
    annotations = []
    for name in ('Category_ids', 'Human_ids', 'Instance_ids'):
        (root / name).mkdir(parents=True, exist_ok=True)
    for image in images:
        stem = f'{image.image_id:04d}'
        for name, labels in (('Category_ids', image.categories),
                             ('Human_ids', image.humans), ('Instance_ids',
                                                           image.instances)):
            Image.fromarray(labels).save(root / name / f'{stem}.png')
        lines = [f'{i} {label} 1\n' for i, label in image.classes.items()]
        (root / 'Instance_ids' / f'{stem}.txt').write_text(''.join(lines))
        annotations += [
            dict(
                image_id=image.image_id, parsing_id=parsing_id, iscrowd=crowd)
            for parsing_id, crowd in image.persons
        ]
    ann_file = folder / 'val.json'
    ann_file.write_text(
        json.dumps(
            dict(
                images=[
                    dict(
                        id=image.image_id,
                        file_name=f'{image.image_id:04d}.jpg',
                        height=image.categories.shape[0],
                        width=image.categories.shape[1]) for image in images
                ],
                annotations=annotations)))
    return str(ann_file), str(root)


@pytest.fixture(scope='session')
def scenes():
    """Functions that build data sets and predictions."""
    return SimpleNamespace(
        make_image=make_image,
        make_persons=make_persons,
        write_dataset=write_dataset)


@pytest.fixture(scope='session')
def golden():
    """The golden data set, its predictions and the expected values."""
    folder = Path(__file__).parents[1] / 'data' / 'metrics_seed0'
    arrays = np.load(folder / 'predictions.npz')
    persons = {}
    for image_id in sorted({int(key.split('/')[0]) for key in arrays}):
        values = {
            key: arrays[f'{image_id}/{key}']
            for key in ('parsings', 'boxes_xywh', 'box_scores', 'iou_scores',
                        'inst_pixel_scores', 'cat_pixel_scores')
        }
        boxes = values['boxes_xywh'].copy()
        boxes[:, 2:] += boxes[:, :2]
        num_persons, height, width = values['parsings'].shape
        persons[image_id] = ParsingInstances(
            boxes, values['box_scores'], values['iou_scores'],
            values['inst_pixel_scores'], values['box_scores'],
            values['cat_pixel_scores'], values['cat_pixel_scores'],
            np.zeros(num_persons), list(values['parsings']),
            np.zeros((num_persons, 2)), (width, height), image_id)
    return SimpleNamespace(
        ann_file=str(folder / 'annotations' / 'CIHP_val.json'),
        data_root=str(folder / 'Validation'),
        classes=[f'class{label}' for label in range(20)],
        persons=persons,
        records=[
            record for image in persons.values()
            for record in image.to_records()
        ],
        expected=json.loads((folder / 'golden.json').read_text()),
        dump=np.load(folder / 'dump_w1-0.5-3.npz'))


@pytest.fixture(scope='session')
def naive():
    """The naive evaluator's class."""
    path = Path(__file__).parent / 'naive_reference.py'
    spec = importlib.util.spec_from_file_location('naive_reference', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.NaiveEvaluator


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """A function that runs a tool in this process, as ``python TOOL`` would.

    It takes the tool (from the repository's root), its arguments and the exit
    code to insist on; gives what was printed.
    """

    def run(path, *argv, code=0):
        tool = Path(__file__).parents[2] / path
        monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, argv)])
        capsys.readouterr()
        found = 0
        try:
            runpy.run_path(str(tool), run_name='__main__')
        except SystemExit as end:
            found = end.code
        out, err = capsys.readouterr()
        assert found == code, err
        return SimpleNamespace(returncode=found, stdout=out, stderr=err)

    return run
