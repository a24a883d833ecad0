# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import zipfile

import numpy as np
import pytest

from projects.qanet.evaluation.dumps import (DumpedImage, dump_to_records,
                                             evaluate_dump, find_dumped_images,
                                             make_submission, paint_dump,
                                             read_dump, write_dump)
from projects.qanet.evaluation.functional import (ParsingEvaluator, Thresholds,
                                                  get_protocol)
from projects.qanet.ground_truth import ImageInfo, read_annotations
from projects.qanet.utils.errors import InputError

METRICS = ('mIoU', 'APr', 'APh')


@pytest.fixture(scope='module')
def images(golden):
    return read_annotations(golden.ann_file)


def make_evaluator(golden, **kwargs):
    return ParsingEvaluator(
        golden.ann_file,
        golden.data_root,
        golden.classes,
        metrics=METRICS,
        **kwargs)


def write_golden(golden, images, folder, **kwargs):
    """Write the dump of the golden predictions."""
    for image_id, persons in golden.persons.items():
        if len(persons):
            dump = paint_dump(images[image_id], persons.to_records(), 20,
                              **kwargs)
            write_dump(str(folder), images[image_id], dump)
    return str(folder)


def test_painted_dump_is_the_released_one(golden, images):
    found = 0
    for image_id, persons in golden.persons.items():
        if len(persons) == 0:
            continue
        dump = paint_dump(images[image_id], persons.to_records(), 20,
                          (1, .5, 3))
        for name, labels in (('global_parsing', dump.categories),
                             ('instance_segmentation',
                              dump.humans), ('instance_parsing', dump.parts)):
            expected = golden.dump[f'{name}/{image_id}']
            assert labels.dtype == np.uint8
            np.testing.assert_array_equal(labels, expected)
        rows = golden.dump[f'instance_segmentation/{image_id}/txt']
        np.testing.assert_allclose(dump.human_scores, rows[:, 0], atol=1e-6)
        np.testing.assert_array_equal(dump.human_boxes[:, [1, 0, 3, 2]],
                                      rows[:, 1:])
        rows = golden.dump[f'instance_parsing/{image_id}/txt']
        np.testing.assert_array_equal(dump.part_labels, rows[:, 0])
        np.testing.assert_allclose(dump.part_scores, rows[:, 1], atol=1e-6)
        found += 1
    assert found == 10


@pytest.mark.parametrize('protocol', ['released', 'strict'])
def test_dump_gives_what_its_results_give(golden, images, tmp_path, protocol):
    folder = write_golden(
        golden,
        images,
        tmp_path,
        quality_weights=(1, 1, 1),
        protocol=get_protocol(protocol),
        thresholds=Thresholds(nms_iou=.7))
    expected = make_evaluator(
        golden,
        protocol=protocol,
        quality_weights=(1, 1, 1),
        thresholds=Thresholds(nms_iou=.7)).evaluate(golden.records)
    values = evaluate_dump(make_evaluator(golden, protocol=protocol), folder)
    assert values.keys() == expected.keys()
    for key, value in expected.items():
        assert values[key] == pytest.approx(value, abs=1e-9, nan_ok=True), key


def test_crowds_in_a_dump(scenes, tmp_path):
    """What lies on a crowd is ignored in strict, wrong in released."""
    categories = np.array([[1, 1, 0, 2, 2], [1, 1, 0, 1, 1]])
    humans = np.where(categories > 0, [[1, 1, 0, 2, 2]], 0)
    truth = scenes.make_image(1, categories, humans, [(1, False), (2, True)])
    paths = scenes.write_dataset(tmp_path, [truth])
    on_crowd = np.where(humans == 2, 1, 0)
    on_crowd[:, 4] = 0
    maps = [np.where(humans == 1, 1, 0), on_crowd]
    records = scenes.make_persons(1, maps, [.8, .9], 3).to_records()
    image = read_annotations(paths[0])[1]
    folder = str(tmp_path / 'dump')
    write_dump(folder, image, paint_dump(image, records, 3))
    found = {}
    for protocol in ('released', 'strict'):
        evaluator = ParsingEvaluator(
            *paths, ['none', 'head', 'leg'],
            metrics=METRICS,
            protocol=protocol)
        found[protocol] = evaluate_dump(evaluator, folder)
        expected = evaluator.evaluate(records)
        for key, value in expected.items():
            assert found[protocol][key] == pytest.approx(value, nan_ok=True)
    # Half of the prediction on the crowd is the crowd's head, so it is
    # ignored up to 0.4 and wrong from 0.5 on.
    assert found['strict']['APr.head'] == pytest.approx(100 * 6.5 / 9)
    assert found['strict']['APh'] == 100
    assert found['released']['APh'] == pytest.approx(25)
    assert found['released']['APr_80'] == pytest.approx(100 * .5 * .5 / 2)


def test_records_of_a_dump(golden, images, tmp_path):
    """Visible pixels and scores stay, so AP^r and AP^h do."""
    records = []
    for image_id, persons in golden.persons.items():
        dump = paint_dump(images[image_id], persons.to_records(), 20,
                          (1, .5, 3))
        mine = dump_to_records(images[image_id], dump, 20)
        assert len(mine) == len(dump.human_scores)
        for record, score in zip(mine, dump.human_scores):
            assert record['score'] == pytest.approx(score)
            assert record['bbox_score'] is record['iou_score'] is None
            assert record['pixel_score'] is None
        again = paint_dump(images[image_id], mine, 20)
        np.testing.assert_array_equal(again.parts, dump.parts)
        np.testing.assert_array_equal(again.humans, dump.humans)
        records += mine
    before = make_evaluator(
        golden, quality_weights=(1, .5, 3)).evaluate(golden.records)
    after = make_evaluator(golden).evaluate(records)
    for key in ('APr', 'APr_50', 'APr.class9', 'APh', 'APh_90'):
        assert after[key] == pytest.approx(before[key], abs=1e-9)


IMAGE = ImageInfo(3, 'Images/a/3.png', 4, 2, ())


def make_dump(**changes):
    """An image of 4 x 2 pixels with two persons and three parts."""
    values = dict(
        categories=np.array([[1, 2, 0, 1], [1, 2, 0, 0]], np.uint8),
        humans=np.array([[1, 1, 0, 2], [1, 1, 0, 0]], np.uint8),
        human_scores=np.array([.25, 1e-5]),
        human_boxes=np.array([[0, 0, 2, 2], [3, 0, 4, 1]], float),
        parts=np.array([[1, 2, 0, 3], [1, 2, 0, 0]], np.uint8),
        part_labels=np.array([1, 2, 1]),
        part_scores=np.array([.5, .25, 1]))
    values.update(changes)
    return DumpedImage(**values)


def test_layout_of_the_files(tmp_path):
    write_dump(str(tmp_path), IMAGE, make_dump())
    stem = 'a/3'
    text = (tmp_path / 'instance_segmentation' / f'{stem}.txt').read_text()
    assert text == '0.25 0 0 2 2\n1e-05 0 3 1 4\n'
    text = (tmp_path / 'instance_parsing' / f'{stem}.txt').read_text()
    assert text == '1 0.5\n2 0.25\n1 1.0\n'
    assert read_dump(str(tmp_path), IMAGE,
                     3).human_boxes[1].tolist() == [3, 0, 4, 1]
    archive = tmp_path / 'mp_results.zip'
    assert make_submission(str(tmp_path), str(archive)) == 3
    with zipfile.ZipFile(archive) as file:
        assert file.namelist() == [
            f'global_parsing/{stem}.png', f'instance_parsing/{stem}.png',
            f'instance_parsing/{stem}.txt'
        ]


def test_boxes_may_be_missing(tmp_path):
    dump = make_dump()
    write_dump(str(tmp_path), IMAGE, dump)
    path = tmp_path / 'instance_segmentation' / 'a' / '3.txt'
    path.write_text('0.25\n1e-05\n')
    dump = read_dump(str(tmp_path), IMAGE, 3)
    assert np.isnan(dump.human_boxes).all()
    records = dump_to_records(IMAGE, dump, 3)
    assert [record['bbox'] for record in records] == [[0, 0, 2, 2],
                                                      [3, 0, 1, 1]]
    assert [[part['label'] for part in record['parts']]
            for record in records] == [[1, 2], [1]]


@pytest.mark.parametrize('name, line, message', [
    ('instance_parsing', '3 .5', 'line 1: class 3, allowed are 1..2'),
    ('instance_parsing', '0 .5', 'line 1: class 0, allowed are 1..2'),
    ('instance_parsing', '1 -.5', 'line 1: the score -0.5 is negative'),
    ('instance_parsing', '1 nan', 'line 1: must be 2 finite numbers'),
    ('instance_parsing', '1', 'line 1: must be 2 finite numbers'),
    ('instance_parsing', 'one 1', 'line 1: not numbers'),
    ('instance_parsing', '1 1', 'the number 3, but there are 1 lines'),
    ('instance_segmentation', '1 1 1', 'must be 1 or 5 finite numbers'),
    ('instance_segmentation', '.5', 'the number 2, but there are 1 lines'),
])
def test_malformed_text(tmp_path, name, line, message):
    write_dump(str(tmp_path), IMAGE, make_dump())
    path = tmp_path / name / 'a' / '3.txt'
    path.write_text(line + '\n')
    with pytest.raises(InputError) as caught:
        read_dump(str(tmp_path), IMAGE, 3)
    assert message in str(caught.value)
    assert f'{name}/a/3' in str(caught.value)


def test_malformed_folders(tmp_path):
    folder, images = str(tmp_path), {3: IMAGE}
    with pytest.raises(InputError, match='has no folder global_parsing'):
        find_dumped_images(folder, images)
    write_dump(folder, IMAGE, make_dump())
    assert find_dumped_images(folder, images) == [3]
    with pytest.raises(InputError, match='number 2, but there are 2 cl'):
        read_dump(folder, IMAGE, 2, ['global_parsing'])
    with pytest.raises(InputError, match='3.png is 4x2 pixels .* is 5x2'):
        read_dump(folder, IMAGE._replace(width=5), 3)
    path = tmp_path / 'instance_segmentation' / 'a' / '3.txt'
    path.unlink()
    with pytest.raises(FileNotFoundError, match='3.txt does not exist'):
        read_dump(folder, IMAGE, 3)
    path.with_name('4.txt').write_text('')
    with pytest.raises(InputError, match='4.txt belongs to no image'):
        find_dumped_images(folder, images)


@pytest.mark.parametrize('changes, message', [
    (dict(humans=np.zeros((2, 4), np.uint8)),
     'part 1 of instance_parsing does not lie inside one person'),
    (dict(humans=np.array([[1, 1, 0, 2], [2, 1, 0, 0]], np.uint8)),
     'part 1 of instance_parsing does not lie inside one person'),
    (dict(humans=np.array([[1, 1, 0, 1], [1, 1, 0, 0]], np.uint8)),
     'the parts 1 and 3 of instance_parsing are both of class 1'),
])
def test_dumps_that_are_no_results(changes, message):
    with pytest.raises(InputError, match=message):
        dump_to_records(IMAGE, make_dump(**changes), 3)


def test_more_persons_than_numbers(scenes):
    image = ImageInfo(1, '1.jpg', 16, 17, ())
    maps = np.eye(272, dtype=np.uint8).reshape(272, 17, 16)
    for count in (255, 256):
        records = scenes.make_persons(1, maps[:count],
                                      np.linspace(.1, .9, count),
                                      3).to_records()
        if count == 255:
            dump = paint_dump(image, records, 3)
            assert dump.humans.max() == 255 and dump.parts.max() == 254
            assert len(dump.part_labels) == 254
            # The best person's part is the one that has no number.
            assert (dump.parts[dump.humans == 255] == 0).all()
        else:
            with pytest.raises(InputError, match='256 visible persons'):
                paint_dump(image, records, 3)
