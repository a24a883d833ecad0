# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every quirk of the released protocol beside its strict counterpart.

Scenes are 6 x 10 (height x width); a person is a column of two classes.
"""
import shutil

import numpy as np
import pytest

from projects.qanet.evaluation.functional import (ParsingEvaluator, Thresholds,
                                                  suppress_greedily,
                                                  suppress_released)
from projects.qanet.testing.layout import (LabelledImage, make_persons,
                                           write_dataset)

CLASSES = ['background', 'head', 'torso', 'shoe']
SHAPE = (6, 10)
NAN = float('nan')
ALL = dict(thresholds=Thresholds(nms_iou=None))  # nobody is suppressed


def draw(*columns, rows=6, **pixels):
    """Label map with a head and a torso in each of the columns.

    Pixels are y and x, p54=3 is a shoe in row 5 and column 4.
    """
    labels = np.zeros(SHAPE, np.uint8)
    labels[:rows, columns] = 2
    labels[:2, columns] = 1
    for place, label in pixels.items():
        labels[int(place[1]), int(place[2])] = label
    return labels


def humans(**columns):
    """Human_ids with a column for each person, h1=4 is person 1."""
    labels = np.zeros(SHAPE, np.uint8)
    for name, column in columns.items():
        labels[:, column] = int(name[1:])
    return labels


def evaluate_both(folder, images, predictions, **options):
    """Both protocols' values; of each image there are maps and scores."""
    paths = write_dataset(
        folder, [LabelledImage(i, *image) for i, image in enumerate(images)])
    records = [
        record for i, persons in enumerate(predictions)
        for record in make_persons(i, *persons, len(CLASSES)).to_records()
    ]
    return [
        ParsingEvaluator(*paths, CLASSES, protocol=protocol,
                         **options).evaluate(records)
        for protocol in ('released', 'strict')
    ]


ONE = draw(4), humans(h1=4)
FOUND = [draw(4)], [.9]
HIDDEN = [(*ONE, [(1, False), (2, False)])]
CROWD = [(draw(2, 7), humans(h1=2, h2=7), [(1, False), (2, True)])]

# yapf: disable
# Images, predictions, options, and values: released and strict, or both.
QUIRKS = dict(
    # AP^r: without predictions and truth released counts 0 as well.
    class_that_occurs_nowhere=([ONE], [FOUND], {}, {
        'mIoU': (75, 100), 'mAcc': (75, 100), 'IoU.shoe': (0, NAN),
        'Acc.shoe': (0, NAN), 'APr': (200 / 3, 100), 'APr.shoe': (0, NAN)}),
    # Both leave its AP^r out; its IoU is 0 in both.
    class_only_in_predictions=([ONE], [([draw(4, p59=3)], [.9])], {}, {
        'APr.shoe': NAN, 'APr': 100, 'IoU.shoe': 0,
        'mAcc': (100 * (53 / 54 + 2) / 4, 100 * (53 / 54 + 2) / 3)}),
    image_without_predictions=([ONE, ONE], [FOUND], {}, {
        'IoU.head': (100, 50), 'APr.head': (100, 50), 'APh': (100, 50),
        'APp': 50, 'PCP_50': 50}),
    all_images_without_predictions=([ONE], [], {}, {
        'APp': 0, 'PCP_50': 0, 'APr': (NAN, 0), 'APh': (NAN, 0),
        'mIoU': (0, 100 * 54 / 60 / 3)}),
    # Two halves that stand beside each other, each above an IoU of 0.3; at
    # 0.4 only the lower ranked one matches.
    truth_is_used_up_in_strict_only=(
        [(draw(4, 5, 6), humans(h1=[4, 5, 6]))],
        [([draw(4), draw(5, 6)], [.9, .8])], {},
        {'APr_30': (400 / 3, 100), 'APr_40': (100 / 3, 50)}),
    # Two persons side by side; both predictions like the first one best. Half
    # of each class: not above 0.5.
    second_choice=(
        [(draw(3, 4, 5, 6), humans(h1=[3, 4], h2=[5, 6]))],
        [([draw(3, 4), draw(3, 4, 5, 6)], [.9, .8])], {},
        {'APp_50': (50, 100), 'PCP_50': 50, 'PCP_40': (50, 100)}),
    person_that_is_not_touched=(
        [ONE], [([draw(7)], [.9])], ALL,
        {'APp_20': (100, 0), 'APp_40': 0, 'PCP_10': 0}),
    # Released: two truths; the crowd is found once in AP^p. Strict: one truth;
    # what lies on the crowd does not count.
    crowd=(
        CROWD, [([draw(7), draw(2), draw(7, rows=4)], [.9, .8, .7])], ALL,
        {'APp_50': 100, 'APh_50': 100, 'APr_50': (200 / 3, 100)}),
    missed_crowd=(CROWD, [([draw(2)], [.8])], {}, {
        'APp_50': (50, 100), 'APh_50': (50, 100), 'APr_50': (100 / 3, 100),
        'PCP_50': (50, 100)}),
    hidden_person=(
        HIDDEN, [FOUND], {},
        {'APp_50': (50, 100), 'PCP_50': (50, 100), 'APh_50': 100}),
    hidden_person_is_found_by_an_empty_prediction=(
        HIDDEN, [([draw(4), draw()], [.9, .8])], {},
        {'APp_50': 100, 'PCP_50': (50, 100)}))
# yapf: enable


@pytest.mark.parametrize('quirk', QUIRKS)
def test_quirk(tmp_path, quirk):
    images, predictions, options, expected = QUIRKS[quirk]
    both = evaluate_both(tmp_path, images, predictions, **options)
    for key, values in expected.items():
        wanted = values if isinstance(values, tuple) else (values, values)
        found = [values[key] for values in both]
        assert found == pytest.approx(
            wanted, nan_ok=True, abs=1e-6), (quirk, key)


@pytest.mark.parametrize(
    'scores, doubles, greedily, released',
    [
        # 0 drops 2. Alive behind 1 are then (3, 4): 4 is the second of them;
        # the second behind 1 is 3, which the released system drops.
        ([.9, .8, .7, .6, .5], [(0, 2), (1, 4)], [2, 4], [2, 3]),
        ([.5, .9, .8, .6, .7], [(1, 4), (2, 0)], [0, 4], [3, 4]),
        ([.5, .5], [(0, 1)], [1], [1]),
    ])
def test_suppression_hits_the_wrong_person(scores, doubles, greedily,
                                           released):
    ious = np.eye(len(scores))
    for i, j in doubles:
        ious[i, j] = ious[j, i] = .6
    for suppress, dropped in ((suppress_greedily, greedily),
                              (suppress_released, released)):
        kept = suppress(np.array(scores), ious, .6)
        assert np.flatnonzero(~kept).tolist() == dropped


@pytest.mark.parametrize('key, threshold, metric',
                         [('score', .01, 'APp_50'),
                          ('bbox_score', .3, 'IoU.head')])
def test_score_thresholds_are_inclusive(tmp_path, key, threshold, metric):
    paths = write_dataset(tmp_path, [LabelledImage(1, *ONE)])
    evaluator = ParsingEvaluator(*paths, CLASSES)
    records = make_persons(1, *FOUND, 4).to_records()
    for score, expected in ((threshold, 100), (np.nextafter(threshold, 0), 0)):
        records[0][key] = float(score)
        values = evaluator.evaluate(records)
        assert values[metric] == pytest.approx(expected)


def test_only_ap_r_needs_part_instances(tmp_path):
    paths = write_dataset(tmp_path, [LabelledImage(1, *ONE)])
    shutil.rmtree(tmp_path / 'Validation/Instance_ids')
    values = ParsingEvaluator(
        *paths, CLASSES, metrics=('mIoU', 'APp', 'APh'),
        protocol='strict').evaluate([])
    assert values['APp'] == values['APh'] == 0
    with pytest.raises(FileNotFoundError, match='Instance_ids/0001.png'):
        ParsingEvaluator(*paths, CLASSES, protocol='strict').evaluate([])


# Eighty-six persons of three parts, side by side.
MANY = np.zeros((3, 90), np.uint8)
MANY[:, :86] = np.arange(1, 87)
PARTS = np.where(MANY, [[1], [2], [3]], 0)
MAPS = [np.where(MANY == i, PARTS, 0) for i in range(1, 87)]
SCORES = np.linspace(.1, .95, 86)
PEEPING = MAPS[0].copy()
PEEPING[0, 86] = 1


@pytest.mark.parametrize(
    'maps,scores,vanished',
    [
        # 258 parts: the best person's three and the second's shoe vanish.
        ([], [], (1, 1, 2)),
        # Ten persons that others cover, painted first, take no number.
        (MAPS[:10], np.linspace(.02, .05, 10), (1, 1, 2)),
        # One pixel of a head that sticks out takes a number: the second
        # person's torso has none left.
        ([PEEPING], [.02], (1, 2, 2)),
    ])
def test_254_parts(tmp_path, maps, scores, vanished):
    instances = np.zeros(MANY.shape, np.uint16)
    instances[:, :86] = np.arange(1, 259).reshape(86, 3).T
    classes = {i: (i - 1) % 3 + 1 for i in range(1, 259)}
    image = PARTS, MANY, None, instances, classes
    predictions = [(maps + MAPS, np.append(scores, SCORES))]
    released, strict = evaluate_both(tmp_path, [image], predictions, **ALL)
    for name, number in zip(CLASSES[1:], vanished):
        expected = 100 * (86 - number) / 86
        assert released[f'APr.{name}'] == pytest.approx(expected)
    assert strict['APr'] == pytest.approx(100)
    # Persons are not numbered parts, so nobody vanishes from AP^h.
    assert released['APh'] == strict['APh'] == pytest.approx(100)
