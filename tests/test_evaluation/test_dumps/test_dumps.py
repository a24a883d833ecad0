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
from projects.qanet.testing.layout import (LabelledImage, make_persons,
                                           write_dataset)
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


def test_painted_dump_is_the_released_one(golden, images):
    """Its records keep visible pixels and scores, and so AP^r and AP^h."""
    weights, records, found = (1, .5, 3), [], 0
    for image_id, persons in golden.persons.items():
        image = images[image_id]
        dump = paint_dump(image, persons.to_records(), 20, weights)
        mine = dump_to_records(image, dump, 20)
        records += mine
        again = paint_dump(image, mine, 20)
        np.testing.assert_array_equal(again.parts, dump.parts)
        np.testing.assert_array_equal(again.humans, dump.humans)
        assert all(record['bbox_score'] is record['iou_score'] is
                   record['pixel_score'] is None for record in mine)
        if len(persons) == 0:
            continue
        found += 1
        for name, labels in (('global_parsing', dump.categories),
                             ('instance_segmentation',
                              dump.humans), ('instance_parsing', dump.parts)):
            assert labels.dtype == np.uint8
            np.testing.assert_array_equal(labels,
                                          golden.dump[f'{name}/{image_id}'])
        rows = golden.dump[f'instance_segmentation/{image_id}/txt']
        np.testing.assert_allclose(dump.human_scores, rows[:, 0], atol=1e-6)
        np.testing.assert_array_equal(dump.human_boxes, rows[:, [2, 1, 4, 3]])
        rows = golden.dump[f'instance_parsing/{image_id}/txt']
        np.testing.assert_array_equal(dump.part_labels, rows[:, 0])
        np.testing.assert_allclose(dump.part_scores, rows[:, 1], atol=1e-6)
    assert found == 10
    before = make_evaluator(
        golden, quality_weights=weights).evaluate(golden.records)
    after = make_evaluator(golden).evaluate(records)
    for key in ('APr', 'APr_50', 'APr.class9', 'APh', 'APh_90'):
        assert after[key] == pytest.approx(before[key], abs=1e-9)


@pytest.mark.parametrize('protocol', ['released', 'strict'])
def test_dump_gives_what_its_results_give(golden, images, tmp_path, protocol):
    options = dict(
        quality_weights=(1, 1, 1), thresholds=Thresholds(nms_iou=.7))
    for image_id, persons in golden.persons.items():
        if len(persons):
            dump = paint_dump(
                images[image_id],
                persons.to_records(),
                20,
                protocol=get_protocol(protocol),
                **options)
            write_dump(str(tmp_path), images[image_id], dump)
    expected = make_evaluator(
        golden, protocol=protocol, **options).evaluate(golden.records)
    values = evaluate_dump(
        make_evaluator(golden, protocol=protocol), str(tmp_path))
    assert values == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_crowds_in_a_dump(tmp_path):
    """What lies on a crowd is ignored in strict, wrong in released."""
    categories = np.array([[1, 1, 0, 2, 2], [1, 1, 0, 1, 1]])
    humans = np.where(categories > 0, [[1, 1, 0, 2, 2]], 0)
    paths = write_dataset(
        tmp_path,
        [LabelledImage(1, categories, humans, [(1, False), (2, True)])])
    on_crowd = np.where(humans == 2, 1, 0)
    on_crowd[:, 4] = 0
    records = make_persons(1, [humans == 1, on_crowd], [.8, .9],
                           3).to_records()
    image, folder = read_annotations(paths[0])[1], str(tmp_path / 'dump')
    write_dump(folder, image, paint_dump(image, records, 3))
    for protocol, ap in (('released', 25), ('strict', 100)):
        evaluator = ParsingEvaluator(
            *paths, ['none', 'head', 'leg'],
            metrics=METRICS,
            protocol=protocol)
        values = evaluate_dump(evaluator, folder)
        assert values['APh'] == pytest.approx(ap)
        assert values == pytest.approx(
            evaluator.evaluate(records), nan_ok=True)


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
    return DumpedImage(**{**values, **changes})


@pytest.fixture
def folder(tmp_path):
    write_dump(str(tmp_path), IMAGE, make_dump())
    return tmp_path


def test_layout_of_the_files(folder):
    path = folder / 'instance_segmentation/a/3.txt'
    assert path.read_text() == '0.25 0 0 2 2\n1e-05 0 3 1 4\n'
    text = (folder / 'instance_parsing/a/3.txt').read_text()
    assert text == '1 0.5\n2 0.25\n1 1.0\n'
    dump = read_dump(str(folder), IMAGE, 3)
    assert dump.human_boxes.tolist() == [[0, 0, 2, 2], [3, 0, 4, 1]]
    archive = folder / 'mp_results.zip'
    assert make_submission(str(folder), str(archive)) == 3
    with zipfile.ZipFile(archive) as file:
        assert file.namelist() == [
            'global_parsing/a/3.png', 'instance_parsing/a/3.png',
            'instance_parsing/a/3.txt'
        ]
    path.write_text('0.25\n1e-05\n')  # without boxes: those of the pixels
    records = dump_to_records(IMAGE, read_dump(str(folder), IMAGE, 3), 3)
    assert [record['bbox'] for record in records] == [[0, 0, 2, 2],
                                                      [3, 0, 1, 1]]
    assert [[part['label'] for part in record['parts']]
            for record in records] == [[1, 2], [1]]


@pytest.mark.parametrize('name, line, message', [
    ('instance_parsing', '3 .5', 'line 1: class 3, allowed are 1..2'),
    ('instance_parsing', '1.5 .5', 'line 1: class 1.5, allowed are 1..2'),
    ('instance_parsing', '1 -.5', 'line 1: the score -0.5 is negative'),
    ('instance_parsing', '1 nan', 'line 1: must be 2 finite numbers'),
    ('instance_parsing', 'one 1', 'line 1: not numbers'),
    ('instance_parsing', '1 1', 'the number 3, but there are 1 lines'),
    ('instance_segmentation', '1 1 1', 'must be 1 or 5 finite numbers'),
    ('instance_segmentation', '.5', 'the number 2, but there are 1 lines'),
])
def test_malformed_text(folder, name, line, message):
    (folder / name / 'a/3.txt').write_text(line + '\n')
    with pytest.raises(InputError, match=f'{name}/a/3.*{message}'):
        read_dump(str(folder), IMAGE, 3)


def test_malformed_folders(folder):
    path, images = str(folder), {3: IMAGE}
    with pytest.raises(InputError, match='has no folder global_parsing'):
        find_dumped_images(path + '/a', images)
    assert find_dumped_images(path, images) == [3]
    with pytest.raises(InputError, match='number 2, but there are 2 cl'):
        read_dump(path, IMAGE, 2, ['global_parsing'])
    with pytest.raises(InputError, match='3.png is 4x2 pixels .* is 5x2'):
        read_dump(path, IMAGE._replace(width=5), 3)
    text = folder / 'instance_segmentation/a/3.txt'
    text.rename(text.with_name('4.txt'))
    with pytest.raises(FileNotFoundError, match='3.txt does not exist'):
        read_dump(path, IMAGE, 3)
    with pytest.raises(InputError, match='4.txt belongs to no image'):
        find_dumped_images(path, images)


@pytest.mark.parametrize('humans, message', [
    (np.zeros((2, 4)), 'part 1 of instance_parsing does not lie inside one'),
    ([[1, 1, 0, 2], [2, 1, 0, 0]], 'part 1 of .* does not lie inside one'),
    ([[1, 1, 0, 1], [1, 1, 0, 0]], 'the parts 1 and 3 .* both of class 1'),
])
def test_dumps_that_are_no_results(humans, message):
    dump = make_dump(humans=np.array(humans, np.uint8))
    with pytest.raises(InputError, match=message):
        dump_to_records(IMAGE, dump, 3)


def test_more_persons_than_numbers():
    image = ImageInfo(1, '1.jpg', 16, 17, ())
    maps = np.eye(272, dtype=np.uint8).reshape(272, 17, 16)
    records = make_persons(1, maps[:256], np.linspace(.1, .9, 256),
                           3).to_records()
    dump = paint_dump(image, records[:255], 3)
    assert dump.humans.max() == 255 and dump.parts.max() == 254
    assert len(dump.part_labels) == 254
    # The best person's part is the one that has no number.
    assert (dump.parts[dump.humans == 255] == 0).all()
    with pytest.raises(InputError, match='256 visible persons'):
        paint_dump(image, records, 3)
