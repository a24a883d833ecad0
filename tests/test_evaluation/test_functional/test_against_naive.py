# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Both protocols against an independent, naive implementation."""
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.qanet.evaluation.functional import ParsingEvaluator

NUM_CLASSES = 4
CLASSES = ['background', 'head', 'torso', 'leg']


def draw_part_map(rng, shape, labels):
    """A few rectangles, later ones over earlier ones."""
    part_map = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(0, 4)):
        y, x = rng.integers(0, shape)
        h, w = rng.integers(1, 6, 2)
        part_map[y:y + h, x:x + w] = rng.choice(labels)
    return part_map


def draw_truth(rng, make_image, image_id, shape):
    """Up to three persons, maybe hidden, crowds, void or without parts."""
    categories, humans = np.zeros((2, *shape), np.uint8)
    labels = rng.choice([[1, 2, 3], [1, 2], [0, 1, 3, 255]][rng.integers(3)],
                        3)
    for human in range(1, rng.integers(1, 5)):
        part_map = draw_part_map(rng, shape, labels)
        inside = part_map > 0
        humans[inside], categories[inside] = human, part_map[inside]
    humans[rng.random(shape) < .02] = 3
    categories[rng.random(shape) < .02] = rng.choice(labels)
    persons = [(human, bool(rng.random() < .2)) for human in (3, 1, 2, 4)
               if rng.random() < .8]
    own = categories * np.isin(humans,
                               [i for i, crowd in persons if not crowd])
    if set(np.unique(own)) in ({255}, {0, 255}):  # refused as no labels
        categories[own == 255] = 1
    return make_image(image_id, categories, humans, persons)


def draw_persons(rng, make_persons, image):
    """Disturbed copies of true persons and free inventions."""
    maps = []
    shape = image.categories.shape
    for _ in range(rng.integers(0, 6)):
        part_map = draw_part_map(rng, shape, [1, 2, 3])
        if rng.random() < .6:
            human = rng.integers(1, 4)
            part_map = np.where(image.humans == human, image.categories, 0)
            part_map[part_map == 255] = 0
            part_map[rng.random(shape) < rng.choice([0, .05, .3])] = 0
        maps.append(part_map)
    # Few different values, so that many scores tie.
    scores = rng.choice([0, .005, .01, .4, .5, .5, .9], len(maps))
    return make_persons(
        image.image_id,
        np.array(maps, np.uint8).reshape(-1, *shape),
        scores,
        NUM_CLASSES,
        box_scores=rng.choice([.2, .3, .6, 1.], len(maps)),
        part_scores=rng.choice([0, .3, .3, .7, .8],
                               (len(maps), NUM_CLASSES - 1)))


@pytest.mark.parametrize('protocol', ['released', 'strict'])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), num_images=st.integers(1, 4))
def test_random_scenes(scenes, naive, protocol, seed, num_images):
    rng = np.random.default_rng(seed)
    pairs = []
    for image_id in rng.permutation(num_images):
        shape = tuple(rng.integers(5, 14, 2))
        image = draw_truth(rng, scenes.make_image, int(image_id), shape)
        pairs.append((image, draw_persons(rng, scenes.make_persons, image)))
    records = [
        record for _, persons in pairs for record in persons.to_records()
    ]
    with tempfile.TemporaryDirectory() as folder:
        paths = scenes.write_dataset(
            Path(folder), [image for image, _ in pairs])
        evaluator = ParsingEvaluator(*paths, CLASSES, protocol=protocol)
        values = evaluator.evaluate(records)
    expected = naive(pairs, NUM_CLASSES, protocol == 'strict').evaluate()
    for key, value in expected.items():
        np.testing.assert_allclose(
            values[key], value, rtol=0, atol=1e-8, err_msg=key)
