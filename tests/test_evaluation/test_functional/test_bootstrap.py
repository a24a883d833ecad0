# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metrics of weighted statistics against data sets with repeated images."""
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from projects.qanet.evaluation.functional import (ParsingEvaluator,
                                                  bootstrap_metrics,
                                                  draw_counts, get_protocol,
                                                  percentile_interval,
                                                  summarize_samples)
from projects.qanet.evaluation.functional.image_statistics import (
    Candidates, ImageStatistics)
from projects.qanet.utils.errors import InputError
from .test_against_naive import CLASSES, Naive, draw_persons, draw_truth

PROTOCOLS = ['released', 'strict']


def copies(images, counts):
    """Pairs of an image, by ascending id, and the new id of each copy."""
    for image_id, count in zip(sorted(images), counts):
        for k in range(count):
            yield image_id, 100 * image_id + k


def repeat_golden(golden, folder, counts):
    """Write the golden data set with repeated images; also its records."""
    document = json.loads(Path(golden.ann_file).read_text())
    old = {image['id']: image for image in document['images']}
    images, annotations, records = [], [], []
    for image_id, new_id in copies(old, counts):
        name = old[image_id]['file_name']
        images.append(dict(old[image_id], id=new_id, file_name=f'{new_id}.x'))
        annotations += [
            dict(annotation, image_id=new_id, id=len(annotations) + k)
            for k, annotation in enumerate(document['annotations'])
            if annotation['image_id'] == image_id
        ]
        records += [
            dict(record, image_id=new_id) for record in golden.records
            if record['image_id'] == image_id
        ]
        for path in Path(golden.data_root).glob(f'*_ids/{Path(name).stem}.*'):
            target = folder / path.parent.name / f'{new_id}{path.suffix}'
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    ann_file = folder / 'repeated.json'
    ann_file.write_text(
        json.dumps(dict(document, images=images, annotations=annotations)))
    return str(ann_file), records


@pytest.mark.parametrize('protocol, weights, seed', [
    ('released', (1, .5, 3), 0),
    ('released', (1, 0, 0), 1),
    ('strict', (1, .5, 3), 2),
])
def test_golden_images_repeated_on_disk(golden, tmp_path, protocol, weights,
                                        seed):
    options = dict(protocol=protocol, quality_weights=weights)
    evaluator = ParsingEvaluator(golden.ann_file, golden.data_root,
                                 golden.classes, **options)
    statistics = evaluator.reduce(golden.records)
    samples = bootstrap_metrics(
        statistics[::-1],
        golden.classes,
        evaluator.protocol,
        num_samples=3,
        seed=seed)
    counts = draw_counts(12, 3, seed)
    for s in (0, 2):
        folder = tmp_path / str(s)
        ann_file, records = repeat_golden(golden, folder, counts[s])
        expected = ParsingEvaluator(ann_file, str(folder), golden.classes,
                                    **options).evaluate(records)
        assert len(samples) == len(expected) > 90
        for key, value in expected.items():
            np.testing.assert_allclose(
                samples[key][s], value, rtol=0, atol=1e-9, err_msg=key)


@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize('seed', range(12))
def test_scenes_repeated_pixel_by_pixel(scenes, tmp_path, protocol, seed):
    """With crowds, hidden persons, void and images without predictions."""
    rng = np.random.default_rng(seed)
    pairs = {}
    for image_id in (3, 1, 2):
        image = draw_truth(rng, image_id, tuple(rng.integers(5, 14, 2)))
        persons = draw_persons(rng, image)
        # Without ties; those are below.
        for scores in (persons.scores, persons.part_scores):
            scores += rng.random(scores.shape) / 1000
        pairs[image_id] = image, persons
    evaluator = ParsingEvaluator(
        *scenes.write_dataset(tmp_path,
                              [image for image, _ in pairs.values()]),
        CLASSES,
        protocol=protocol)
    statistics = evaluator.reduce(
        [record for _, p in pairs.values() for record in p.to_records()])
    counts = np.array([[1, 2, 0], [0, 0, 3], [3, 1, 2]])
    samples = summarize_samples(statistics[::-1], counts[:, ::-1], CLASSES,
                                evaluator.protocol)
    for s, row in enumerate(counts):
        repeated = [(replace(pairs[old][0], image_id=new), pairs[old][1])
                    for old, new in copies(pairs, row)]
        naive = Naive(repeated, protocol == 'strict').evaluate()
        for key, value in naive.items():
            np.testing.assert_allclose(
                samples[key][s], value, rtol=0, atol=1e-8, err_msg=key)


@pytest.mark.parametrize('hit, expected', [(0, 100), (1, 50)])
def test_copies_of_ties_stay_together(hit, expected):
    """Two equal scores, twice: A A B B, where either A or B is right."""
    one, two = np.array([hit]), np.zeros(2, int)
    humans = Candidates(two + .5, two, two[:1], two[:1] > 0, one, two[:1],
                        np.array([.96]))
    image = ImageStatistics(1, True, humans=humans)
    samples = summarize_samples([image], [[2]], CLASSES,
                                get_protocol('released'), ('APh', ))
    assert samples['APh'] == pytest.approx([expected])


def test_draws():
    counts = draw_counts(50, 400, seed=3)
    assert counts.shape == (400, 50) and (counts.sum(axis=1) == 50).all()
    assert (counts == draw_counts(50, 400, seed=3)).all()
    assert (counts != draw_counts(50, 400, seed=4)).any()
    # Binomial, 50 times with 1 / 50.
    assert abs(counts.mean(axis=0) - 1).max() < .25
    assert counts.var() == pytest.approx(49 / 50, abs=.03)
    for wrong in ((5, 0), (5, 10, -1)):
        with pytest.raises(InputError, match='at least 1 sample and a seed'):
            draw_counts(*wrong)


def test_percentiles():
    samples = np.random.default_rng(0).permutation(1001) / 10
    assert percentile_interval(samples) == pytest.approx((2.5, 97.5))
    assert percentile_interval(samples, .5) == pytest.approx((25, 75))
    samples[7] = np.nan
    assert np.isnan(percentile_interval(samples)).all()
