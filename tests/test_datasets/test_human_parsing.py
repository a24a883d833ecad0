# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re

import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset
from mmengine.logging import MMLogger
from mmseg.registry import DATASETS

from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.ground_truth import label_path, read_annotations
from projects.qanet.utils.errors import InputError


@pytest.fixture
def messages(monkeypatch):
    """What is logged."""
    texts = []
    for level in ('info', 'warning'):
        monkeypatch.setattr(MMLogger.get_current_instance(), level,
                            texts.append)
    return texts


def build(tiny, **kwargs):
    return CIHPParsingDataset(**tiny.arguments(**kwargs))


def refused(tiny, pattern, error=InputError, **kwargs):
    with pytest.raises(error, match=pattern):
        build(tiny, **kwargs)


def samples_of(tiny, **kwargs):
    dataset = build(tiny, **kwargs)
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def detection(image_id=7, bbox=(1, 2, 3, 4), score=.5, category_id=1):
    return dict(
        image_id=image_id, category_id=category_id, bbox=bbox, score=score)


def test_training_samples(tiny_cihp):
    _, sample = samples_of(tiny_cihp)
    split = tiny_cihp.split
    np.testing.assert_array_equal(
        sample.pop('bbox'), np.float32([30, 0, 42, 40]))
    sample.pop('sample_idx')
    assert sample == dict(
        img_path=f'{split}/Images/0007.jpg',
        seg_map_path=f'{split}/Category_ids/0007.png',
        human_map_path=f'{split}/Human_ids/0007.png',
        instance_map_path=f'{split}/Instance_ids/0007.png',
        parsing_id=2,
        img_id=7,
        ann_id=7002,
        height=40,
        width=60,
        num_classes=20,
        flip_pairs=[(14, 15), (16, 17), (18, 19)],
        seg_fields=[],
        reduce_zero_label=False)


def test_crowds_and_other_categories_are_passed_over(tiny_cihp):
    tiny_cihp.annotations[0]['iscrowd'] = 1
    tiny_cihp.annotations.append(
        dict(tiny_cihp.annotations[1], id=7003, category_id=5))
    tiny_cihp.write_annotations()
    for cat_ids, expected in (((1, ), [7002]), ((1, 5), [7002, 7003])):
        samples = samples_of(tiny_cihp, person_cat_ids=cat_ids)
        assert [sample['ann_id'] for sample in samples] == expected


def test_file_names_may_begin_with_the_image_folder(tiny_cihp):
    """The data set finds what the evaluator finds."""
    usual = samples_of(tiny_cihp)
    for image in tiny_cihp.images:
        image['file_name'] = 'Images/' + image['file_name']
    tiny_cihp.write_annotations()
    image = read_annotations(str(tiny_cihp.ann_file))[7]
    assert usual[0]['seg_map_path'] == label_path(
        str(tiny_cihp.split / 'Category_ids'), image.file_name)
    # With the split as the folder of images the name is whole.
    whole = dict(
        img='Training',
        seg_map='Training/Category_ids',
        human_map='Training/Human_ids')
    for prefix in (dict(img='Training/Images'), whole):
        found = samples_of(tiny_cihp, data_prefix=prefix)
        for one, other in zip(found, usual, strict=True):
            for key in ('img_path', 'seg_map_path', 'human_map_path'):
                assert one[key] == other[key]


def test_folders_can_be_elsewhere(tiny_cihp):
    for img in ('', '.'):  # the root itself: labels are beside it, as always
        sample, _ = samples_of(
            tiny_cihp,
            ann_file=str(tiny_cihp.ann_file),
            data_root=str(tiny_cihp.split / 'Images'),
            data_prefix=dict(img=img))
        for key, name in (('img_path', 'Images/0007.jpg'),
                          ('seg_map_path', 'Category_ids/0007.png')):
            assert (tiny_cihp.split / name).samefile(sample[key])


def test_boxes_from_a_detector(tiny_cihp, messages):
    """Of a file below data_root; what is left out is named or counted."""
    tiny_cihp.write_boxes([
        detection(9, (1.5, 2, 3, 4), .2),
        detection(7, (8, 8, 50, 40), .3),
        detection(9, [2, 2, 0, 4], .9),
        detection(9, (5, 6, 7, 8), .1),
        detection(9, (9, 9, 9, 9), .95, category_id=2),
        detection(9, (-5, 6, 7, 8), .8)
    ], 'dets.json')
    dataset = build(
        tiny_cihp, test_mode=True, bbox_file='dets.json', bbox_thr=.2)
    first, sample = map(dataset.get_data_info, range(2))
    np.testing.assert_array_equal(first['bboxes'], [[8, 8, 58, 48]])
    np.testing.assert_array_equal(sample['bboxes'],
                                  [[1.5, 2, 4.5, 6], [-5, 6, 2, 14]])
    np.testing.assert_array_equal(sample['bbox_scores'], np.float32([.2, .8]))
    assert dataset.num_skipped_boxes == 1
    text = '\n'.join(messages)
    assert '0009.jpg (image 9, annotation -): box [2, 2, 0, 4] is ' in text
    assert 'Skipped 1 of 4 boxes of ' in text
    assert re.search('4 of 6 boxes .* 1 are of other .* 1 score below 0.2',
                     text)
    assert re.search('1 of 4 boxes .*x1, y1, x2, y2?', text)


def test_images_without_labels_can_be_tested(tiny_cihp):
    for path in (tiny_cihp.split / 'Category_ids').iterdir():
        path.unlink()
    (tiny_cihp.split / 'Human_ids').rename(tiny_cihp.root / 'elsewhere')
    tiny_cihp.annotations.clear()
    tiny_cihp.write_annotations()
    samples = samples_of(tiny_cihp, test_mode=True)
    assert [key for key in samples[1]
            if 'map_path' in key] == ['instance_map_path']


@pytest.mark.parametrize('box,arguments,pattern', [
    ({}, dict(person_cat_ids=(0, )),
     r'no box of category \[0\]; .* 1 \(1 boxes'),
    ({}, dict(bbox_thr=.6), 'boxes.json: bbox_thr = 0.6 leaves none of 1 '
     'boxes, whose best score is 0.5'),
    (dict(bbox=[0, 0, float('nan'), 5]), {},
     'boxes.json: none of 1 boxes can be used; .* not finite'),
    (dict(image_id=8), {}, r'boxes.json\[0\] has image_id 8'),
    ({}, dict(test_mode=False), 'bbox_file is for testing'),
])
def test_nothing_left_of_a_bbox_file(tiny_cihp, box, arguments, pattern):
    path = tiny_cihp.write_boxes([dict(detection(9), **box)])
    refused(tiny_cihp, pattern,
            **dict(dict(test_mode=True, bbox_file=path), **arguments))


def test_filters(tiny_cihp):
    samples = samples_of(tiny_cihp, filter_cfg=dict(min_size=15))
    assert [one['ann_id'] for one in samples] == [7001]  # 20 x 25 and 12 x 40
    samples = samples_of(
        tiny_cihp, filter_cfg=dict(filter_empty_gt=True), test_mode=True)
    assert [one['img_id'] for one in samples] == [7]


def test_class_balanced(tiny_cihp):
    tested = build(tiny_cihp, test_mode=True)
    assert [tested.get_cat_ids(i) for i in (0, 1)] == [[5, 9, 14], []]
    tiny_cihp.annotations.append(dict(tiny_cihp.annotations[0], id=7003))
    tiny_cihp.write_annotations()
    # Class 9 is in one of three samples: it comes ceil(sqrt(2 / (1 / 3)))
    # times, the others ceil(sqrt(2 / (2 / 3))).
    balanced = ClassBalancedDataset(build(tiny_cihp), oversample_thr=2)
    assert [balanced.get_data_info(i)['ann_id'] for i in range(len(balanced))
            ] == 2 * [7001] + 3 * [7002] + 2 * [7003]


def test_classes_of_the_json(tiny_cihp):
    names = CIHPParsingDataset.METAINFO['classes']
    for fits in (dict(classes=None), dict(num_classes=20, classes=names)):
        tiny_cihp.write_annotations(fits)
        assert len(build(tiny_cihp)) == 2
    for info, pattern in ((dict(num_classes=7), 'CIHP_train.json was made for '
                           '7 classes .* the data set has 20: Background, Ha'),
                          (dict(classes=['Background']), 'made for 1 classes'),
                          (dict(classes='Hat'), 'info.classes is .*, expected '
                           'a list')):
        tiny_cihp.write_annotations(info)
        refused(tiny_cihp, pattern)


def test_own_metainfo(tiny_cihp):
    metainfo = dict(
        classes=('background', 'left wing', 'right wing'), flip_pairs=[(1, 2)])
    dataset = DATASETS.build(
        dict(
            type='HumanParsingDataset',
            metainfo=metainfo,
            **tiny_cihp.arguments()))
    assert dataset.metainfo == dict(
        metainfo, palette=[[0, 0, 0], [128, 0, 0], [0, 128, 0]])
    sample = dataset.get_data_info(0)
    assert (sample['flip_pairs'], sample['num_classes']) == ([(1, 2)], 3)


@pytest.mark.parametrize('arguments,pattern', [
    (dict(person_cat_ids=()), r'person_cat_ids is \(\), expected a list'),
    (dict(person_cat_ids=['1']), 'person_cat_ids is .*, expected a list'),
    (dict(person_cat_ids=(0, )), r'json has no box of category \[0\].* 1 \(2'),
    (dict(bbox_thr='0.5'), "bbox_thr is '0.5', expected a number"),
    (dict(data_prefix='V/Images'), "data_prefix is 'V/Images'; it needs"),
    (dict(data_prefix=dict(img_path='Training/Images')),
     "data_prefix is .*img_path.*; it needs 'img'"),
    (dict(data_prefix=dict(img='Training/Images', seg_map=None)),
     "'seg_map': None.* the values are folders"),
    (dict(filter_cfg=dict(min_size='5')), "min_size is '5', expected"),
    (dict(filter_cfg=dict(min_szie=3)),
     r"filter_cfg has the keys \['min_szie'\], allowed are"),
    (dict(filter_cfg=dict(min_size=30)),
     'leaves none of 2 samples of .*CIHP_train.json'),
    (dict(metainfo=dict(classes_=('background', 'wing'))),
     "metainfo has no key 'classes_', allowed are classes, palette, flip_pa"),
    (dict(indices=0), 'indices=0 chooses none, or one that is not there, of 2 '
     'samples of .*json$'),
    (dict(indices=[1, 9]), r'indices=\[1, 9\] chooses none'),
])
def test_wrong_arguments(tiny_cihp, arguments, pattern):
    refused(tiny_cihp, pattern, **arguments)
    assert len(build(tiny_cihp, indices=[1])) == 1


def test_broken_annotation_files(tiny_cihp):

    def write(**changes):
        tiny_cihp.annotations[1].update(changes)
        tiny_cihp.write_annotations()

    parsing_id = tiny_cihp.annotations[1].pop('parsing_id')
    write()
    refused(tiny_cihp,
            "CIHP_train.json: annotation 7002 lacks the key 'parsing_id'")
    build(tiny_cihp, test_mode=True)  # boxes alone do for testing
    write(parsing_id='1')
    refused(tiny_cihp, "annotation 7002 has parsing_id '1', expected")
    tiny_cihp.annotations[0]['iscrowd'] = 1
    write(parsing_id=parsing_id, bbox=[0, 0, 0, 0])
    for test_mode in (False, True):
        refused(
            tiny_cihp,
            'CIHP_train.json: none of 1 boxes can be used; .* is zero size',
            test_mode=test_mode)
    write(iscrowd=1)
    refused(tiny_cihp,
            'CIHP_train.json has no person to train on among 2 images')
    tiny_cihp.images[1]['file_name'] = 'Images/0007.png'
    write(iscrowd=0, bbox=[1, 2, 3, 4])
    message = ('CIHP_train.json: the images 0007.jpg and Images/0007.png would'
               ' share the label map 0007.png')
    refused(tiny_cihp, message)
    with pytest.raises(InputError, match=message):
        ParsingEvaluator(str(tiny_cihp.ann_file), str(tiny_cihp.split), ())
    tiny_cihp.ann_file.write_text('{"images": [')
    refused(tiny_cihp, 'CIHP_train.json is not valid json')


@pytest.mark.parametrize('missing,arguments,pattern', [
    ('Images/0007.jpg', {}, 'Images/0007.jpg does not exist .*: 2 of 2 files'),
    ('Category_ids/0007.png', {}, 'Category_ids/0007.png does not exist'),
    ('Human_ids/0007.png', {}, 'Human_ids/0007.png does not exist'),
    ('.', dict(data_prefix=dict(img='Train/Images')),
     'folder .*Train/Images does not exist'),
    ('.', dict(ann_file='nowhere.json'),
     'annotation file .*nowhere.json does not exist'),
])
def test_missing_files(tiny_cihp, missing, arguments, pattern):
    if missing != '.':
        (tiny_cihp.split / missing).unlink()
    refused(tiny_cihp, pattern, FileNotFoundError, **arguments)


def test_damaged_images_are_named(tiny_cihp):
    path = tiny_cihp.split / 'Images' / '0007.jpg'
    path.write_bytes(path.read_bytes()[:900])
    dataset = build(tiny_cihp, pipeline=[dict(type='LoadImageFromFile')])
    with pytest.raises(InputError, match='Images/0007.jpg cannot be .* cut '):
        dataset[0]


def test_errors_of_transforms_stay(tiny_cihp):

    def broken(sample):
        raise AssertionError('a defect')

    with pytest.raises(AssertionError, match='a defect'):
        build(tiny_cihp, pipeline=[broken])[0]
