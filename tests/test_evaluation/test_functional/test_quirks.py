# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every quirk of the released protocol beside its strict counterpart.

Scenes are 6 x 10 (height x width); a person is a column of two classes.
"""
import numpy as np
import pytest

from projects.qanet.evaluation.functional import (ParsingEvaluator, Thresholds,
                                                  suppress_greedily,
                                                  suppress_released)

CLASSES = ['background', 'head', 'torso', 'shoe']
SHAPE = (6, 10)


def draw(*columns, rows=6):
    """Label map with a head and a torso in each of the columns."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[:rows, columns] = 2
    labels[:2, columns] = 1
    return labels


def humans(**columns):
    """Human_ids with a column for each person, h1=4 is person 1."""
    labels = np.zeros(SHAPE, np.uint8)
    for name, column in columns.items():
        labels[:, column] = int(name[1:])
    return labels


@pytest.fixture
def evaluate(scenes, tmp_path):
    """Both protocols' values of images and (image id, maps, scores)."""

    def run(images, predictions, **kwargs):
        paths = scenes.write_dataset(tmp_path, images)
        records = []
        for image_id, maps, scores, *more in predictions:
            records += scenes.make_persons(image_id, maps, scores,
                                           len(CLASSES), *more).to_records()
        return [
            ParsingEvaluator(*paths, CLASSES, protocol=protocol,
                             **kwargs).evaluate(records)
            for protocol in ('released', 'strict')
        ]

    return run


def test_suppression_hits_the_wrong_person():
    scores = np.array([.9, .8, .7, .6, .5])
    ious = np.eye(5)
    for i, j in ((0, 2), (1, 4)):
        ious[i, j] = ious[j, i] = .7
    assert suppress_greedily(scores, ious, .6).tolist() == [1, 1, 0, 1, 0]
    # 0 drops 2. Alive behind 1 are then (3, 4): 4 is the second of them,
    # but the second behind 1 is 3.
    assert suppress_released(scores, ious, .6).tolist() == [1, 1, 0, 0, 1]


def test_suppression_ignores_the_order_of_listing():
    scores = np.array([.5, .9, .8, .6, .7])
    ious = np.eye(5)
    for i, j in ((1, 4), (2, 0)):
        ious[i, j] = ious[j, i] = .6
    assert suppress_greedily(scores, ious, .6).tolist() == [0, 1, 1, 1, 0]
    assert suppress_released(scores, ious, .6).tolist() == [1, 1, 1, 0, 0]


def test_suppression_keeps_the_earlier_of_two_equals():
    ious = np.ones((2, 2))
    for suppress in (suppress_greedily, suppress_released):
        assert suppress(np.array([.5, .5]), ious, .6).tolist() == [1, 0]


def test_class_that_occurs_nowhere(scenes, evaluate):
    image = scenes.make_image(1, draw(4), humans(h1=4))
    released, strict = evaluate([image], [(1, [draw(4)], [.9])])
    assert released['mIoU'] == pytest.approx(75)
    assert released['mAcc'] == pytest.approx(75)
    assert released['IoU.shoe'] == 0
    assert strict['mIoU'] == strict['mAcc'] == 100
    assert np.isnan(strict['IoU.shoe']) and np.isnan(strict['Acc.shoe'])
    # AP^r: without predictions and truth released counts 0 as well.
    assert released['APr'] == pytest.approx(200 / 3)
    assert released['APr.shoe'] == 0
    assert strict['APr'] == 100 and np.isnan(strict['APr.shoe'])


def test_class_only_in_predictions(scenes, evaluate):
    image = scenes.make_image(1, draw(4), humans(h1=4))
    guess = draw(4)
    guess[5, 9] = 3
    released, strict = evaluate([image], [(1, [guess], [.9])])
    # Both leave its AP^r out; its IoU is 0 in both.
    assert np.isnan(released['APr.shoe']) and np.isnan(strict['APr.shoe'])
    assert released['APr'] == strict['APr'] == 100
    assert released['IoU.shoe'] == strict['IoU.shoe'] == 0
    assert released['mAcc'] == pytest.approx(100 * (53 / 54 + 2) / 4)
    assert strict['mAcc'] == pytest.approx(100 * (53 / 54 + 2) / 3)


def test_class_only_in_the_truth(scenes, evaluate):
    truth = draw(4)
    truth[5, 4] = 3
    image = scenes.make_image(1, truth, humans(h1=4))
    released, strict = evaluate([image], [(1, [draw(4)], [.9])])
    for values in (released, strict):
        assert values['APr.shoe'] == values['IoU.shoe'] == 0
        assert values['PCP_50'] == pytest.approx(200 / 3)


def test_image_without_predictions(scenes, evaluate):
    images = [scenes.make_image(i, draw(4), humans(h1=4)) for i in range(2)]
    released, strict = evaluate(images, [(0, [draw(4)], [.9])])
    assert released['IoU.head'] == pytest.approx(100)
    assert released['APr.head'] == released['APh'] == 100
    assert strict['IoU.head'] == strict['APr.head'] == strict['APh'] == 50
    assert released['APp'] == strict['APp'] == 50
    assert released['PCP_50'] == strict['PCP_50'] == 50


def test_all_images_without_predictions(scenes, evaluate):
    image = scenes.make_image(1, draw(4), humans(h1=4))
    released, strict = evaluate([image], [])
    assert released['APp'] == released['PCP_50'] == released['mIoU'] == 0
    assert np.isnan(released['APr']) and np.isnan(released['APh'])
    assert strict['APp'] == strict['APr'] == strict['APh'] == 0
    assert strict['mIoU'] == pytest.approx(100 * 54 / 60 / 3)


def test_person_without_parts_is_a_prediction(scenes, evaluate):
    image = scenes.make_image(1, draw(4), humans(h1=4))
    released, strict = evaluate([image], [(1, [draw()], [.9])])
    assert released['IoU.background'] == pytest.approx(90)
    assert strict['IoU.background'] == 90
    assert released['APr'] == released['APh'] == 0


def test_truth_is_used_up_in_strict_only(scenes, evaluate):
    truth = draw(4, 5, 6)
    image = scenes.make_image(1, truth, humans(h1=[4, 5, 6]))
    # Two halves that stand beside each other, each above an IoU of 0.3.
    maps = [draw(4), draw(5, 6)]
    released, strict = evaluate([image], [(1, maps, [.9, .8])])
    assert released['APr_30'] == pytest.approx(100 * (2 + 2) / 3)
    assert strict['APr_30'] == 100
    # At 0.4 only the lower ranked one matches.
    assert released['APr_40'] == pytest.approx(100 * .5 * 2 / 3)
    assert strict['APr_40'] == 50


def test_ap_h_sees_painted_pixels_only(scenes, evaluate):
    image = scenes.make_image(1, draw(*range(9)), humans(h1=range(9)))
    maps = [draw(*range(5)), draw(*range(4, 9))]
    for values in evaluate([image], [(1, maps, [.5, .6])]):
        assert values['APh_50'] == 100 and values['APh_55'] == 100
        assert values['APh_60'] == 0
    # The one on top leaves the other 5 of 9 columns, which are found alone.
    for values in evaluate([image], [(1, maps, [.6, .5])]):
        assert values['APh_55'] == 100
    hidden = [draw(*range(5)), draw(*range(9))]
    for values in evaluate([image], [(1, hidden, [.5, .6])],
                           thresholds=Thresholds(nms_iou=None)):
        assert values['APh'] == 100


def test_second_choice(scenes, evaluate):
    # Two persons side by side; both predictions like the first one best.
    truth = draw(3, 4, 5, 6)
    image = scenes.make_image(1, truth, humans(h1=[3, 4], h2=[5, 6]))
    maps = [draw(3, 4), draw(3, 4, 5, 6)]
    released, strict = evaluate([image], [(1, maps, [.9, .8])])
    assert released['APp_50'] == 50
    assert released['PCP_50'] == 50
    assert strict['APp_50'] == 100
    # Half of each class: not above 0.5.
    assert strict['PCP_50'] == 50
    assert strict['PCP_40'] == 100 and released['PCP_40'] == 50


def test_person_that_is_not_touched(scenes, evaluate):
    """The background alone gives a mean IoU of a third."""
    image = scenes.make_image(1, draw(2, 7), humans(h1=2, h2=7))
    options = dict(thresholds=Thresholds(nms_iou=None))
    found_twice = [(1, [draw(2), draw(2)], [.9, .8])]
    released, strict = evaluate([image], found_twice, **options)
    for values in (released, strict):
        assert values['APp_10'] == values['PCP_10'] == values['APp'] == 50
    beside = [(1, [draw(5)], [.9])]
    image = scenes.make_image(1, draw(2), humans(h1=2))
    released, strict = evaluate([image], beside, **options)
    assert (released['APp_20'], released['APp_40']) == (100, 0)
    assert strict['APp_10'] == strict['PCP_10'] == 0


def test_crowd(scenes, evaluate):
    image = scenes.make_image(1, draw(2, 7), humans(h1=2, h2=7), [(1, False),
                                                                  (2, True)])
    maps = [draw(7), draw(2), draw(7, rows=4)]
    released, strict = evaluate([image], [(1, maps, [.9, .8, .7])],
                                thresholds=Thresholds(nms_iou=None))
    # Released: two truths; the crowd is found once in AP^p.
    assert released['APp_50'] == 100
    assert released['APh_50'] == 100
    # Strict: one truth; what lies on the crowd does not count.
    assert strict['APp_50'] == strict['APh_50'] == strict['APr_50'] == 100
    missed, mended = evaluate([image], [(1, maps[1:2], [.8])])
    assert missed['APp_50'] == missed['APh_50'] == 50
    assert mended['APp_50'] == mended['APh_50'] == 100
    assert mended['APr_50'] == 100 and mended['PCP_50'] == 100
    assert missed['PCP_50'] == 50


def test_hidden_person(scenes, evaluate):
    image = scenes.make_image(1, draw(4), humans(h1=4), [(1, False),
                                                         (2, False)])
    released, strict = evaluate([image], [(1, [draw(4)], [.9])])
    assert released['APp_50'] == released['PCP_50'] == 50
    assert strict['APp_50'] == strict['PCP_50'] == 100
    assert released['APh_50'] == strict['APh_50'] == 100


def test_hidden_person_is_found_by_an_empty_prediction(scenes, evaluate):
    image = scenes.make_image(1, draw(4), humans(h1=4), [(1, False),
                                                         (2, False)])
    released, strict = evaluate([image], [(1, [draw(4), draw()], [.9, .8])])
    assert released['APp_50'] == 100 and released['PCP_50'] == 50
    assert strict['APp_50'] == strict['PCP_50'] == 100


@pytest.mark.parametrize('key, threshold, metric',
                         [('score', .01, 'APp_50'), ('score', .01, 'APh_50'),
                          ('bbox_score', .3, 'IoU.head')])
def test_score_thresholds_are_inclusive(scenes, tmp_path, key, threshold,
                                        metric):
    image = scenes.make_image(1, draw(4), humans(h1=4))
    paths = scenes.write_dataset(tmp_path, [image])
    records = scenes.make_persons(1, [draw(4)], [.9], 4).to_records()
    for protocol in ('released', 'strict'):
        evaluator = ParsingEvaluator(*paths, CLASSES, protocol=protocol)
        for score, expected in ((threshold, 100), (np.nextafter(threshold,
                                                                0), 0)):
            records[0][key] = float(score)
            values = evaluator.evaluate(records)
            assert values[metric] == pytest.approx(expected)


def test_low_scores_are_no_false_positives(scenes, evaluate):
    image = scenes.make_image(1, draw(4), humans(h1=4))
    for low, expected in ((.009, 100), (.02, 100)):
        maps = [draw(8), draw(4)]
        for values in evaluate([image], [(1, maps, [low, .9])]):
            assert values['APp_50'] == expected
    # Of two equals the earlier listed ranks first.
    for values in evaluate([image], [(1, maps, [.9, .9])]):
        assert values['APp_50'] == 50


def test_ties_of_painting(scenes, evaluate):
    image = scenes.make_image(1, draw(4), humans(h1=4))
    upper = np.zeros(SHAPE, np.uint8)
    upper[:, 4] = 3
    for maps, expected in (([upper, draw(4)], 100), ([draw(4), upper], 0)):
        for values in evaluate([image], [(1, maps, [.9, .9])]):
            assert values['IoU.head'] == pytest.approx(expected)
            assert values['APr.head'] == expected


@pytest.fixture
def many_parts(scenes, tmp_path):
    """Eighty-six persons of three parts, side by side, with their maps."""
    shape = (3, 90)
    categories = np.tile(np.array([[1], [2], [3]], np.uint8), (1, 90))
    categories[:, 86:] = 0
    ids = np.tile(np.arange(1, 91, dtype=np.uint8), (3, 1))
    ids[:, 86:] = 0
    instances = np.zeros(shape, np.uint16)
    instances[:, :86] = np.arange(1, 259).reshape(86, 3).T
    classes = {i: (i - 1) % 3 + 1 for i in range(1, 259)}
    image = scenes.make_image(
        1, categories, ids, instances=(instances, classes))
    paths = scenes.write_dataset(tmp_path, [image])
    return paths, [np.where(ids == i, categories, 0) for i in range(1, 87)]


def evaluate_many(scenes, paths, maps, scores):
    """Both protocols, nobody suppressed."""
    records = scenes.make_persons(1, maps, scores, 4).to_records()
    return [
        ParsingEvaluator(
            *paths,
            CLASSES,
            protocol=protocol,
            thresholds=Thresholds(nms_iou=None)).evaluate(records)
        for protocol in ('released', 'strict')
    ]


def test_254_parts(scenes, many_parts):
    paths, maps = many_parts
    scores = np.linspace(.1, .95, 86)
    released, strict = evaluate_many(scenes, paths, maps, scores)
    # 258 parts: the best person's three and the second's shoe vanish.
    assert released['APr.head'] == pytest.approx(100 * 85 / 86)
    assert released['APr.torso'] == pytest.approx(100 * 85 / 86)
    assert released['APr.shoe'] == pytest.approx(100 * 84 / 86)
    # Persons are not numbered parts, so nobody vanishes from AP^h.
    assert released['APh'] == strict['APh'] == pytest.approx(100)
    assert strict['APr'] == pytest.approx(100)


def test_covered_parts_are_none_of_the_254(scenes, many_parts):
    """Ten persons that others cover, painted first, take no number."""
    paths, maps = many_parts
    scores = np.linspace(.1, .95, 86)
    alone = evaluate_many(scenes, paths, maps, scores)
    crowded = evaluate_many(scenes, paths, maps[:10] + maps,
                            np.append(np.linspace(.02, .05, 10), scores))
    for one, other in zip(alone, crowded):
        for key in ('APr', 'APr.head', 'APr.torso', 'APr.shoe', 'APh'):
            assert one[key] == other[key]
    # One pixel of a head that sticks out takes a number: one part more, the
    # second person's torso, has none left.
    peeping = maps[0].copy()
    peeping[0, 86] = 1
    released, strict = evaluate_many(scenes, paths, [peeping] + maps,
                                     np.append(.02, scores))
    assert released['APr.head'] == pytest.approx(100 * 85 / 86)
    assert released['APr.torso'] == pytest.approx(100 * 84 / 86)
    assert released['APr.shoe'] == pytest.approx(100 * 84 / 86)
    assert strict['APr'] == pytest.approx(100)


def test_void_pixels(scenes, evaluate, tmp_path):
    truth = draw(2, 7)
    truth[3:, 2] = 255  # person 1's lower half
    image = scenes.make_image(1, truth, humans(h1=2, h2=7))
    guess = draw(2, 7)
    for values in evaluate([image], [(1, [guess], [.9])]):
        for name in CLASSES[:3]:
            assert values[f'IoU.{name}'] == pytest.approx(100)
    evaluator = ParsingEvaluator(
        str(tmp_path / 'val.json'), str(tmp_path / 'Validation'), CLASSES)
    records = scenes.make_persons(1, [guess], [.9], 4).to_records()
    ious = evaluator.measure(1, evaluator.decode(1,
                                                 records)).to_truth.class_ious
    # The pair with person 1 lacks its 3 void pixels, the pair with 2 sees
    # them as background.
    np.testing.assert_allclose(ious[0, 0], [48 / 54, 2 / 4, 1 / 5, np.nan])
    np.testing.assert_allclose(ious[0, 1], [48 / 54, 2 / 4, 4 / 8, np.nan])


def test_void_is_no_class_of_pcp(scenes, evaluate):
    truth = draw(4)
    truth[5, 4] = 255
    image = scenes.make_image(1, truth, humans(h1=4))
    for values in evaluate([image], [(1, [draw(4)], [.9])]):
        assert values['PCP_90'] == 100


def test_void_background_counts(scenes, evaluate, tmp_path):
    truth = np.full(SHAPE, 255, np.uint8)
    truth[:, :6] = draw(4)[:, :6]
    image = scenes.make_image(1, truth, np.where(truth > 0, 1, 0))
    evaluate([image], [])
    evaluator = ParsingEvaluator(
        str(tmp_path / 'val.json'), str(tmp_path / 'Validation'), CLASSES)
    records = scenes.make_persons(1, [draw(5, 9)], [.9], 4).to_records()
    ious = evaluator.measure(1, evaluator.decode(1,
                                                 records)).to_truth.class_ious
    # 36 pixels count: 6 true, 6 others guessed, 24 background in both.
    np.testing.assert_allclose(ious[0, 0], [24 / 36, 0, 0, np.nan])
