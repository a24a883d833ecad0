# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.densepose.evaluation import (MASK_RESIZES, MODES,
                                                 DensePoseEvaluator,
                                                 format_metrics, matching,
                                                 similarity)
from projects.qanet.densepose.evaluation.accumulate import METRIC_KEYS
from projects.qanet.densepose.submission import pack_record
from projects.qanet.utils.errors import InputError


@pytest.fixture
def records(golden):
    return [pack_record(record) for record in golden.records]


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('resize', sorted(MASK_RESIZES))
def test_golden_values(golden, eval_data, records, mode, resize):
    """The 18 numbers of the released system and those of detectron2.

    Detections of image 14, which has no annotation, change nothing.
    """
    evaluator = DensePoseEvaluator(golden.ann_file, eval_data, mode, resize)
    values = evaluator.evaluate(records)
    assert tuple(values) == METRIC_KEYS and len(values) == 18
    expected = golden.values[resize][mode]
    thresholds = expected.get('AP_per_threshold', [])
    expected = {key: expected[key] for key in values if key in expected}
    expected.update(
        (f'AP{50 + 5 * t}', value) for t, value in enumerate(thresholds))
    assert len(expected) >= 17
    for key, value in expected.items():
        assert values[key] == pytest.approx(100 * value, abs=1e-10), key
    others = [record for record in records if record['image_id'] != 14]
    assert evaluator.evaluate(others) == values
    # In any order; an image that comes twice counts once.
    statistics = [
        evaluator.process(image_id, golden.of_image(image_id))
        for image_id in (19, 11, 12, 13, 16, 14, 17, 18, 11)
    ]
    assert evaluator.summarize(statistics) == values
    text = format_metrics(values, mode)
    assert text.startswith(f'{mode}: ') and '| AP ' in text
    for value in values.values():
        assert f'{value:.2f}' in text


@pytest.mark.parametrize('name, expected', [
    ('as released', (.6228, .6075, .6891, .4973, .4887, .5337)),
    ('all detections', (.6416, .6335, .6891, .5122, .5094, .5337)),
    ('one kappa', (.6794, .6628, .7554, .5761, .5582, .6446)),
    ('points up to 256', (.6137, .6099, .6446, .4631, .4642, .4554)),
    ('crowds are taken', (.6215, .6049, .6891, .4973, .4887, .5337)),
])
def test_what_each_rule_changes(golden, eval_data, monkeypatch, name,
                                expected):
    """Against another implementation with the same change."""
    if name == 'all detections':
        monkeypatch.setattr(matching, 'MAX_DETECTIONS', 100)
    elif name == 'one kappa':
        monkeypatch.setattr(similarity, 'KAPPAS', np.full(25, .255))
    elif name == 'points up to 256':
        monkeypatch.setattr(similarity, 'POINT_RANGE', 256.)
    elif name == 'crowds are taken':
        monkeypatch.setattr(
            matching, '_free',
            lambda order, _, taken: [j for j in order if not taken[j]])
    found = []
    for mode in ('GPSm', 'GPS'):
        evaluator = DensePoseEvaluator(golden.ann_file, eval_data, mode)
        values = evaluator.summarize(
            evaluator.process(image_id, golden.of_image(image_id))
            for image_id in evaluator.images)
        found += [values['AP'], values['APm'], values['APl']]
    np.testing.assert_allclose(found, 100 * np.array(expected), atol=.0051)


def test_more_than_20_detections(golden, eval_data, records):
    """The best ones alone are unpacked, and count."""
    evaluator = DensePoseEvaluator(golden.ann_file, eval_data)
    many = [one for one in records if one['image_id'] == 17]
    assert len(many) == 24
    assert len(evaluator.process(17, golden.of_image(17)).scores) == 20
    worst = min(many, key=lambda record: record['score'])
    worst['uv_data'] = 'broken'
    values = evaluator.evaluate(many)
    worst['score'] = .99
    with pytest.raises(InputError, match=r'^results\[23\]: uv_data is not'):
        evaluator.evaluate(many)
    del many[23]
    assert evaluator.evaluate(many) == values


def test_ignored_regions(golden, eval_data, edit, records):
    """Who is inside is neither searched nor counted."""
    evaluator = DensePoseEvaluator(golden.ann_file, eval_data)
    plain = evaluator.evaluate(records)

    def cover(x, y):

        def change(document):
            document['images'][0].update(
                ignore_regions_x=[x, [0, 1, 0]],
                ignore_regions_y=[y, [0, 0, 1]])

        return DensePoseEvaluator(edit(change), eval_data)

    # The right person of the first image, with its detection.
    half = cover([125, 240, 240, 125], [0, 0, 200, 200])
    assert len(half.truths(11)) == 1 and len(evaluator.truths(11)) == 2
    assert half.process(
        11, golden.of_image(11)).scores.tolist() == [.97, .55, .31]
    assert half.evaluate(records)['AP'] != plain['AP']
    # Eight tenths: enough for the person, not for the detection's mask.
    most = cover([150, 240, 240, 150], [0, 0, 200, 200])
    assert len(most.truths(11)) == 1
    assert len(most.process(11, golden.of_image(11)).scores) == 4
    # Six tenths.
    part = cover([170, 240, 240, 170], [0, 0, 200, 200])
    assert len(part.truths(11)) == 2 and part.evaluate(records) == plain
    assert cover([0, 9, 0], [0, 0, 9]).evaluate(records) == plain
    # All of it: nobody is left but a detection without any pixel.
    none = cover([0, 240, 240, 0], [0, 0, 200, 200])
    assert none.truths(11) == []
    assert none.process(11, golden.of_image(11)).scores.tolist() == [.31]
    for x, y in (([0, 1], [0, 1]), ([0, 1, 2], [0, 1]), ('x', [0, 1, 2]),
                 ([0, 1, 1e6], [0, 1, 2])):
        with pytest.raises(
                InputError,
                match=r'edited.json: image 11 has an ignored region that is '
                'no polygon'):
            cover(x, y).process(11, [])


def test_regions_go_before_ranks(golden, eval_data, edit, records):
    """The 24th detection counts where most of the others are ignored."""

    def change(document):
        image = next(one for one in document['images'] if one['id'] == 17)
        image.update(
            ignore_regions_x=[[0, 172, 172, 0]],
            ignore_regions_y=[[0, 0, 200, 200]])

    evaluator = DensePoseEvaluator(edit(change), eval_data)
    statistics = evaluator.process(17, golden.of_image(17))
    assert .04 in statistics.scores and statistics.found[0, 0].any()
    own = [one for one in records if one['image_id'] == 17]
    assert evaluator.evaluate(own) == evaluator.summarize([statistics])


def test_images_without_detections(golden, eval_data):
    values = DensePoseEvaluator(golden.ann_file, eval_data).evaluate([])
    assert set(values.values()) == {0.}


def test_nobody_large(golden, eval_data, edit, records):
    """What is undefined is NaN, and a dash in the table."""

    def change(document):
        for annotation in document['annotations']:
            annotation['area'] = min(annotation['area'], 9000)

    values = DensePoseEvaluator(edit(change), eval_data).evaluate(records)
    undefined = [key for key in values if np.isnan(values[key])]
    assert undefined == ['APl', 'ARl']
    assert ' - |' in format_metrics(values, 'GPSm')


@pytest.mark.parametrize('kwargs, message', [
    (dict(mode='gps'), "mode is 'gps', allowed are GPSm, GPS, IOU"),
    (dict(mask_resize='cubic'), "mask_resize is 'cubic', allowed are label_l"),
    (dict(eval_data='/nowhere'), '/nowhere has no SMPL_subdiv.mat'),
    (dict(ann_file='/nowhere.json'), '/nowhere.json does not exist'),
])
def test_wrong_arguments(golden, eval_data, kwargs, message):
    config = dict(ann_file=golden.ann_file, eval_data=eval_data)
    with pytest.raises((InputError, FileNotFoundError), match=message):
        DensePoseEvaluator(**{**config, **kwargs})


@pytest.mark.parametrize('change, message', [
    (dict(dp_U=[1.5] * 80), 'annotation 101 has 1.5 in dp_U, allowed are num'),
    (dict(dp_x=[1.] * 79), 'annotation 101 has 79 dp_x, 80 dp_y'),
    (dict(dp_I=None), 'annotation 101 has no list of numbers dp_I'),
    (dict(bbox=[1, 2, -3, 4]), r'101 has bbox \[1, 2, -3, 4\], expected x, y'),
    (dict(bbox=[1, 2, 3, float('nan')]), '101 has bbox .*nan'),
    (dict(bbox=[1, 2, 3, 1e9]), '101 has bbox .*at most 32766 pixels'),
    (dict(area='large'), "annotation 101 has area 'large', expected a number"),
    (dict(category_id=2), 'no person|^$'),
])
def test_wrong_annotations(golden, eval_data, edit, change, message):

    def apply(document):
        document['annotations'][0].update(change)
        if 'category_id' in change:
            for one in document['annotations']:
                one.pop('dp_x', None)

    with pytest.raises(InputError, match=f'edited.json.*({message})'):
        DensePoseEvaluator(edit(apply), eval_data)


def test_wrong_masks_and_records(golden, eval_data, edit, records):

    def shorten(document):
        document['annotations'][0]['dp_masks'].pop()

    evaluator = DensePoseEvaluator(edit(shorten), eval_data)
    with pytest.raises(
            InputError, match='edited.json: annotation 101 has dp_masks'):
        evaluator.process(11, [])
    evaluator = DensePoseEvaluator(golden.ann_file, eval_data)
    records[3]['image_id'] = 5
    with pytest.raises(
            InputError,
            match=r'^x.json\[3\]: the image id 5 is not in .*annotations.json'
    ):
        evaluator.evaluate(records, 'x.json')
    with pytest.raises(InputError, match='x.json has no box of category'):
        evaluator.evaluate([dict(records[0], category_id=2)], 'x.json')
