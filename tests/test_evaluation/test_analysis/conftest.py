# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from projects.qanet.evaluation.analysis import study_quality
from projects.qanet.evaluation.functional import ParsingEvaluator


@pytest.fixture(scope='session')
def make_evaluator(golden):
    """A function that makes an evaluator of the golden data set."""

    def make(**kwargs):
        return ParsingEvaluator(golden.ann_file, golden.data_root,
                                golden.classes, **kwargs)

    return make


@pytest.fixture(scope='session')
def evaluator(make_evaluator):
    return make_evaluator(quality_weights=(1, .5, 3))


@pytest.fixture(scope='session')
def study(golden, evaluator):
    return study_quality(evaluator, golden.records)


def person_map(x, y):
    """A person of two parts, 24 wide and 44 high, in 90 x 60 pixels."""
    labels = np.zeros((60, 90), np.uint8)
    labels[y:y + 12, x + 1:x + 23] = 1
    labels[y + 12:y + 44, x:x + 24] = 2
    return labels


@pytest.fixture
def scene(scenes, tmp_path):
    """Of two persons the first is found, shifted by 3 columns."""
    first, second = person_map(10, 8), person_map(60, 10)
    humans = (first > 0) + 2 * (second > 0)
    image = scenes.make_image(7, first + second, humans)
    ann_file, root = scenes.write_dataset(tmp_path, [image])
    persons = scenes.make_persons(7, [person_map(13, 8)], [.9], 3)
    evaluator = ParsingEvaluator(ann_file, root, ['none', 'a<b', 'c'])

    def save_photo(width=90, height=60):
        rows = np.arange(height)[:, None] * np.ones((1, width))
        photo = np.stack([rows, rows + 100, rows * 0], axis=-1)
        folder = tmp_path / 'Validation/Images'
        folder.mkdir()
        Image.fromarray(photo.astype(np.uint8)).save(
            folder / '0007.jpg', format='PNG')
        return photo

    return SimpleNamespace(
        evaluator=evaluator,
        records=persons.to_records(),
        person_map=person_map,
        save_photo=save_photo)
