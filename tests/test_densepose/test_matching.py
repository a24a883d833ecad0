# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest

from projects.qanet.densepose.evaluation import MODES, DensePoseEvaluator
from projects.qanet.densepose.evaluation.accumulate import (accumulate,
                                                            summarize_curves)
from projects.qanet.densepose.evaluation.matching import (AREAS,
                                                          ImageStatistics,
                                                          match, rank,
                                                          reduce_image)
from projects.qanet.densepose.evaluation.similarity import box_ious


@pytest.mark.parametrize('mode', MODES)
def test_golden_matches(golden, eval_data, mode):
    """Who finds whom, who is ignored: images, areas and thresholds."""
    evaluator = DensePoseEvaluator(golden.ann_file, eval_data, mode)
    statistics = []
    for image_id in evaluator.images:
        detections = golden.of_image(image_id) if image_id != 14 else []
        statistics.append(evaluator.process(image_id, detections))
        if image_id == 14:
            continue
        best = rank([one['score'] for one in detections])
        detections = [detections[i] for i in best]
        truths = evaluator.truths(image_id)
        ids = [
            one['id'] for one in golden.document['annotations']
            if one['image_id'] == image_id
        ]
        areas = np.array([np.prod(one['bbox'][2:]) for one in detections])
        for name, bounds in AREAS.items():
            found = match(
                evaluator.similarities(image_id, detections, truths),
                box_ious(detections, truths), areas, truths, bounds)
            prefix = f'{mode}/{name}/{image_id}/'
            np.testing.assert_array_equal(
                np.where(found.persons < 0, 0,
                         np.array(ids)[found.persons]),
                golden.arrays[prefix + 'persons'], prefix)
            np.testing.assert_array_equal(found.ignored,
                                          golden.arrays[prefix + 'ignored'],
                                          prefix)
            # There those that need not be found come last.
            np.testing.assert_array_equal(
                np.sort(found.persons_ignored),
                golden.arrays[prefix + 'persons_ignored'], prefix)
    curves = accumulate(statistics)
    np.testing.assert_array_equal(curves.precisions,
                                  golden.arrays[f'{mode}/precisions'])
    recalls = golden.values['label_linear_recalls'][mode]
    np.testing.assert_array_equal(curves.recalls.T,
                                  [recalls[name] for name in AREAS])


def truth(ignored=False, crowd=False, area=5000.):
    return SimpleNamespace(is_ignored=ignored, is_crowd=crowd, area=area)


def run(similarities, truths, ious=None, areas=None, bounds=AREAS['all']):
    similarities = np.array(similarities, float)
    ious = np.zeros(similarities.shape) if ious is None else np.array(ious)
    areas = np.full(len(similarities), 5000) if areas is None else areas
    return match(similarities, ious, np.array(areas), truths, bounds)


def test_the_best_free_person():
    """The second detection gets what is left, where it is similar enough."""
    found = run([[.9, .8], [.85, .6], [.94, .94]], [truth(), truth()])
    # At .5, .55, .6; .65 ... .8; .85; .9; .95
    assert found.persons.T.tolist() == [
        [0] * 9 + [-1],
        [1] * 3 + [-1] * 6 + [-1],
        [-1] * 3 + [1] * 6 + [-1],
    ]
    assert not found.ignored.any()


def test_equal_ones():
    """Of equally similar persons the last, but the first who counts."""
    assert (run([[.7, .7, .2]], [truth()] * 3).persons[:5] == 1).all()
    found = run([[.7, .9, .8]], [truth(), truth(True), truth(True)])
    assert (found.persons[:5, 0] == 0).all()
    # Where the one who counts is not similar enough, the others may be.
    assert found.persons[5:, 0].tolist() == [1, 1, 1, 1, -1]
    assert found.ignored[:, 0].tolist() == [False] * 5 + [True] * 4 + [False]
    found = run([[.7, .6]], [truth(True), truth()])
    assert (found.persons[:3, 0] == 1).all() and found.persons[3, 0] == 0


def test_crowds_are_always_free():
    found = run([[.9], [.8]], [truth(True, True)])
    assert found.persons.T.tolist() == [[0] * 9 + [-1], [0] * 7 + [-1] * 3]
    assert found.ignored.all()  # nobody has to be found
    found = run([[.9], [.8]], [truth(True)])
    assert found.persons.T.tolist() == [[0] * 9 + [-1], [-1] * 9 + [-1]]


def test_areas():
    """Bounds are inside; a detection counts if it finds somebody."""
    for area, ignored in ((1023.9, True), (1024, False), (9216, False),
                          (9216.1, True)):
        found = run([[.6], [.3]], [truth(area=area)],
                    bounds=AREAS['medium'],
                    areas=[9300, area])
        assert found.persons_ignored.tolist() == [ignored]
        assert found.ignored.T.tolist() == ([[True] * 10] * 2 if ignored else
                                            [[False] * 3 +
                                             [True] * 7, [False] * 10])


def test_boxes_at_the_last_threshold():
    """Who is found in the box alone, at .95, decides about all thresholds."""
    # The first finds the one who counts up to .9; by its box it is of
    # somebody who need not be found.
    found = run([[.9, 0], [.2, 0]], [truth(), truth(True)],
                [[.1, .8], [0, .85]])
    assert found.persons[:, 0].tolist() == [0] * 9 + [1]
    assert found.ignored[:, 0].all()
    # That one is taken then.
    assert (found.persons[:, 1] == -1).all() and not found.ignored[:, 1].any()
    # A crowd is not; .79 is no reason.
    found = run([[.9, 0], [.2, 0], [.2, 0]],
                [truth(), truth(True, True)], [[.1, .8], [0, .85], [0, .79]])
    assert found.ignored.all(axis=0).tolist() == [True, True, False]
    # Whoever is found at .95 is not asked.
    found = run([[.96, 0]], [truth(), truth(True)], [[.1, .9]])
    assert not found.ignored.any()
    # The most similar box decides, of equal ones that of who does not count;
    # it may also take a flag back, and who counts is not found by it.
    for ious, ignored, last in (([.8, .9], False, -1), ([.9, .8], True, 0),
                                ([.9, .9], True, 0)):
        found = run([[.6, .1]], [truth(True), truth()], [ious])
        assert found.persons[:, 0].tolist() == [0] * 3 + [-1] * 6 + [last]
        assert (found.ignored == ignored).all()


def test_images_without_persons():
    """Detections are ignored; without them, nothing is left."""
    detections = [dict(bbox=[0, 0, 10, 20], score=.5)]
    statistics = reduce_image(3, detections, np.zeros((1, 0)), np.zeros(
        (1, 0)), [])
    assert statistics.ignored.all() and not statistics.found.any()
    assert statistics.num_persons.tolist() == [0, 0, 0]
    empty = reduce_image(4, [], np.zeros((0, 1)), np.zeros((0, 1)), [truth()])
    assert empty.found.shape == (3, 10, 0)
    assert empty.num_persons.tolist() == [1, 1, 0]
    values = summarize_curves(accumulate([statistics, empty]))
    assert [values[key] for key in ('AP', 'AP50', 'APm', 'AR')] == [0] * 4
    assert np.isnan([values['APl'], values['ARl']]).all()


def test_ranking():
    scores = np.tile([.1, .5, .5], 10)
    expected = [1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23]
    assert rank(scores).tolist() == [*expected, 25, 26, 28, 29]
    assert rank([]).tolist() == []


def naive_precision(hits, number):
    """Precision at 101 recalls, from hits of a ranked list (None: ignored)."""
    points, right, wrong = [], 0, 0
    for hit in hits:
        right, wrong = right + (hit is True), wrong + (hit is False)
        if hit is not None:
            points.append((right / number, right / (right + wrong)))
    return [
        max([p for r, p in points if r >= recall], default=0)
        for recall in np.arange(101) / 100
    ], max([r for r, _ in points], default=0)


def test_accumulation_against_naive():
    rng = np.random.default_rng(0)
    images = []
    for image_id in rng.permutation(30):
        number = rng.integers(0, 6)
        shape = 3, 10, number
        images.append(
            ImageStatistics(
                int(image_id),
                np.sort(rng.integers(0, 9, number) / 8)[::-1],
                rng.random(shape) < .5,
                rng.random(shape) < .3, rng.integers(2, 5, 3)))
    curves = accumulate(images)
    ranked = sorted(((-score, image.image_id, i) for image in images
                     for i, score in enumerate(image.scores)))
    by_id = {image.image_id: image for image in images}
    for area, t in ((0, 0), (1, 4), (2, 9)):
        hits = []
        for _, image_id, i in ranked:
            image = by_id[image_id]
            hit = bool(image.found[area, t, i])
            hits.append(None if image.ignored[area, t, i] else hit)
        precisions, recall = naive_precision(
            hits, sum(image.num_persons[area] for image in images))
        np.testing.assert_allclose(
            curves.precisions[t, :, area], precisions, rtol=1e-12)
        assert curves.recalls[t, area] == pytest.approx(recall)
    values = summarize_curves(curves)
    assert values['AP60'] == pytest.approx(100 *
                                           np.mean(curves.precisions[2, :, 0]))
    assert values['AR75'] == 100 * curves.recalls[5, 0]
    assert values['ARl'] == pytest.approx(100 * curves.recalls[:, 2].mean())
