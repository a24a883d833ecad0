# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from projects.qanet.evaluation.analysis import QualityStudy, study_quality
from projects.qanet.evaluation.analysis.samples import SAMPLE
from projects.qanet.evaluation.analysis.study import Ranking
from projects.qanet.evaluation.functional import ParsingEvaluator


@pytest.fixture(scope='session')
def make_evaluator(golden):
    """A function that makes an evaluator of the golden data set."""
    return lambda **kwargs: ParsingEvaluator(golden.ann_file, golden.data_root,
                                             golden.classes, **kwargs)


@pytest.fixture(scope='session')
def evaluator(make_evaluator):
    return make_evaluator(quality_weights=(1, .5, 3))


@pytest.fixture(scope='session')
def study(golden, evaluator):
    return study_quality(evaluator, golden.records, num_failures=1000)


def make_samples(labels, ious, scores):
    found = np.zeros(len(ious), SAMPLE).view(np.recarray)
    found.labels, found.true_ious, found.scores = labels, ious, scores
    found.truths = -1  # so there is nobody to show
    return found


@pytest.fixture
def by_hand():
    """A study of three persons and four parts whose figures are known."""
    persons = make_samples(
        0, [.2, .4, .9],
        [[.1, .3, .2, .5], [.2, .1, .4, .5], [.3, .2, .9, .5]])
    parts = make_samples([1, 1, 1, 2], [.3, .2, .8, 1.],
                         [[.1, .6, .2, .30], [.2, .5, .3, .25],
                          [.3, .9, np.nan, .75], [.4, .4, .4, .40]])
    rankings = {}
    for k, name in enumerate(('box', 'fused')):
        values = dict(APp=50.04 + k, APr=60 - k, APh=np.nan)
        for t in (90, 50):  # not in order
            values[f'APp_{t}'] = t / 2 + k
            values[f'APr_{t}'], values[f'APh_{t}'] = t / 3, t / 4 - k
        curves = [{
            t: np.full(101, t / 2 + k / 10 + shift)
            for t in (.5, .7)
        } for shift in (0, .05)]
        rankings[name] = Ranking(values, *curves)
    confusion = np.array([[995, 4, 1], [0, 0, 0], [3, 0, 1]])
    return QualityStudy(('none', 'a<b', 'c'), persons, parts, np.ones(3, bool),
                        rankings, confusion, [], [], .25)


def person_map(x, y):
    """A person of two parts, 24 wide and 44 high, in 90 x 60 pixels."""
    labels = np.zeros((60, 90), np.uint8)
    labels[y:y + 12, x + 1:x + 23] = 1
    labels[y + 12:y + 44, x:x + 24] = 2
    return labels


@pytest.fixture
def scene(scenes, tmp_path):
    """Of two persons the first is found, shifted by 3 columns.

    A third one is too small for the galleries.
    """
    first, second = person_map(10, 8), person_map(60, 10)
    humans = (first > 0) + 2 * (second > 0)
    humans[:7, :7] = 3
    image = scenes.make_image(7, first + second + (humans == 3), humans)
    ann_file, root = scenes.write_dataset(tmp_path, [image])
    persons = scenes.make_persons(7, [person_map(13, 8)], [.9], 3)

    def save_photo(width=90, height=60):
        rows = np.arange(height)[:, None] * np.ones((1, width))
        photo = np.stack([rows, rows + 100, rows * 0], axis=-1)
        folder = tmp_path / 'Validation/Images'
        folder.mkdir()
        Image.fromarray(photo.astype(np.uint8)).save(
            folder / '0007.jpg', format='PNG')
        return photo

    return SimpleNamespace(
        evaluator=ParsingEvaluator(ann_file, root, ['none', 'a<b', 'c']),
        records=persons.to_records(),
        person_map=person_map,
        save_photo=save_photo)
