# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re

import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset
from mmengine.logging import MMLogger
from mmseg.registry import DATASETS

from projects.qanet.datasets import CIHPParsingDataset, HumanParsingDataset
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


def samples_of(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def detection(image_id=7, bbox=(1, 2, 3, 4), score=.5, category_id=1):
    return dict(
        image_id=image_id,
        category_id=category_id,
        bbox=list(bbox),
        score=score)


def test_training_samples(tiny_cihp):
    dataset = build(tiny_cihp)
    assert len(dataset) == 2
    sample = dataset.get_data_info(1)
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


def test_bad_boxes_are_named_skipped_and_counted(tiny_cihp, messages):
    bad = [([5, 5, 0, 10], 'zero size'), ([5, 5, 10, 0], 'zero size'),
           ([60, 0, 5, 5], 'wholly outside the image'),
           ([0, -8, 5, 8], 'wholly outside the image'),
           ([0, 0, float('nan'), 8], 'not finite')]
    partly_outside = [[-10, -10, 20, 20], [59, 39, 50, 50]]
    for k, bbox in enumerate([*(bbox for bbox, _ in bad), *partly_outside]):
        tiny_cihp.annotations.append(
            dict(tiny_cihp.annotations[0], id=80 + k, bbox=bbox))
    tiny_cihp.write_annotations()
    dataset = build(tiny_cihp)
    assert len(dataset) == 4
    assert dataset.num_skipped_boxes == 5
    np.testing.assert_array_equal(
        dataset.get_data_info(2)['bbox'], [-10, -10, 10, 10])
    for k, (_, problem) in enumerate(bad):
        assert any(f'0007.jpg (image 7, annotation {80 + k})' in message
                   and problem in message for message in messages)
    assert any('Skipped 5 of 9 boxes' in message for message in messages)


def test_crowds_and_other_categories_are_passed_over(tiny_cihp):
    tiny_cihp.annotations[0]['iscrowd'] = 1
    tiny_cihp.annotations.append(
        dict(tiny_cihp.annotations[1], id=7003, category_id=5))
    tiny_cihp.write_annotations()
    for cat_ids, expected in (((1, ), [7002]), ((1, 5), [7002, 7003])):
        samples = samples_of(build(tiny_cihp, person_cat_ids=cat_ids))
        assert [sample['ann_id'] for sample in samples] == expected


def test_file_names_may_begin_with_the_image_folder(tiny_cihp):
    """The data set finds what the evaluator finds."""
    usual = samples_of(build(tiny_cihp))
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
        found = samples_of(build(tiny_cihp, data_prefix=prefix))
        for one, other in zip(found, usual, strict=True):
            for key in ('img_path', 'seg_map_path', 'human_map_path'):
                assert one[key] == other[key]


def test_folders_can_be_elsewhere(tiny_cihp):
    for img in ('', '.'):  # the root itself: labels are beside it, as always
        sample = build(
            tiny_cihp,
            ann_file=str(tiny_cihp.ann_file),
            data_root=str(tiny_cihp.split / 'Images'),
            data_prefix=dict(img=img)).get_data_info(0)
        for key, folder in (('img_path', 'Images'), ('seg_map_path',
                                                     'Category_ids')):
            found, = tiny_cihp.split.glob(f'{folder}/0007.*')
            assert found.samefile(sample[key])
    (tiny_cihp.split / 'Category_ids').rename(tiny_cihp.root / 'parts')
    prefix = dict(img='Training/Images', seg_map='parts')
    sample = build(tiny_cihp, data_prefix=prefix).get_data_info(0)
    assert sample['seg_map_path'] == f'{tiny_cihp.root}/parts/0007.png'
    assert sample['human_map_path'] == f'{tiny_cihp.split}/Human_ids/0007.png'


def test_ground_truth_boxes(tiny_cihp):
    crowded, empty = samples_of(build(tiny_cihp, test_mode=True))
    np.testing.assert_array_equal(crowded['bboxes'],
                                  [[5, 10, 25, 35], [30, 0, 42, 40]])
    np.testing.assert_array_equal(crowded['bbox_scores'], [1, 1])
    assert (crowded['img_id'], empty['img_id']) == (7, 9)
    assert empty['bboxes'].shape == (0, 4)
    assert empty['bbox_scores'].shape == (0, )
    for name in ('bboxes', 'bbox_scores'):
        assert crowded[name].dtype == empty[name].dtype == np.float32
    assert 'parsing_id' not in crowded
    assert crowded['human_map_path'].endswith('Human_ids/0007.png')


def test_boxes_from_a_detector(tiny_cihp, messages):
    """Of a file below data_root; what is left out is named or counted."""
    tiny_cihp.write_boxes([
        detection(9, (1.5, 2, 3, 4), .2),
        detection(7, (8, 8, 50, 40), .3),
        detection(9, (2, 2, 0, 4), .9),
        detection(9, (5, 6, 7, 8), .1),
        detection(9, (9, 9, 9, 9), .95, category_id=2),
        detection(9, (-5, 6, 7, 8), .8)
    ], 'dets.json')
    dataset = build(
        tiny_cihp, test_mode=True, bbox_file='dets.json', bbox_thr=.2)
    first, sample = samples_of(dataset)
    np.testing.assert_array_equal(first['bboxes'], [[8, 8, 58, 48]])
    np.testing.assert_array_equal(sample['bboxes'],
                                  [[1.5, 2, 4.5, 6], [-5, 6, 2, 14]])
    np.testing.assert_array_equal(sample['bbox_scores'], np.float32([.2, .8]))
    assert dataset.num_skipped_boxes == 1
    text = '\n'.join(messages)
    assert '0009.jpg' in text and 'zero size' in text
    assert re.search('4 of 6 boxes .* 1 are of other .* 1 score below 0.2',
                     text)
    assert re.search('1 of 4 boxes .*x1, y1, x2, y2?', text)


def test_images_without_labels_can_be_tested(tiny_cihp):
    for folder in ('Category_ids', 'Human_ids', 'Instance_ids'):
        for path in (tiny_cihp.split / folder).iterdir():
            path.unlink()
    (tiny_cihp.split / 'Human_ids').rmdir()
    tiny_cihp.annotations.clear()
    tiny_cihp.write_annotations()
    samples = samples_of(build(tiny_cihp, test_mode=True))
    assert len(samples) == 2
    assert not [key for key in samples[0] if 'map_path' in key]


@pytest.mark.parametrize('box,arguments,pattern', [
    ({}, dict(person_cat_ids=(0, )),
     r'no box of category \[0\]; .* 1 \(1 boxes'),
    ({}, dict(bbox_thr=.6),
     'boxes.json: bbox_thr = 0.6 leaves none of 1 boxes'),
    (dict(bbox=[99, 0, 5, 5]), {}, 'boxes.json: none of 1 boxes can be used; '
     '.* wholly outside the image'),
    (dict(bbox=[0, 0, float('nan'), 5]), {}, 'none of 1 boxes .* not finite'),
    (dict(image_id=8), {}, r'boxes.json\[0\] has image_id 8'),
    ({}, dict(test_mode=False), 'bbox_file is for testing'),
])
def test_nothing_left_of_a_bbox_file(tiny_cihp, box, arguments, pattern):
    path = tiny_cihp.write_boxes([dict(detection(9), **box)])
    refused(tiny_cihp, pattern,
            **dict(dict(test_mode=True, bbox_file=path), **arguments))


def test_filters(tiny_cihp):
    dataset = build(tiny_cihp, filter_cfg=dict(min_size=15))
    # 20 x 25 and 12 x 40
    assert [sample['ann_id'] for sample in samples_of(dataset)] == [7001]
    dataset = build(
        tiny_cihp, filter_cfg=dict(filter_empty_gt=True), test_mode=True)
    assert [sample['img_id'] for sample in samples_of(dataset)] == [7]


def test_class_balanced(tiny_cihp):
    dataset = build(tiny_cihp)
    assert [dataset.get_cat_ids(i) for i in (0, 1)] == [[5, 14], [9]]
    tested = build(tiny_cihp, test_mode=True)
    assert [tested.get_cat_ids(i) for i in (0, 1)] == [[5, 9, 14], []]
    tiny_cihp.annotations.append(dict(tiny_cihp.annotations[0], id=7003))
    tiny_cihp.write_annotations()
    # Class 9 is in one of three samples: it comes ceil(sqrt(2 / (1 / 3)))
    # times, the others ceil(sqrt(2 / (2 / 3))).
    balanced = ClassBalancedDataset(build(tiny_cihp), oversample_thr=2)
    assert [sample['ann_id'] for sample in samples_of(balanced)
            ] == 2 * [7001] + 3 * [7002] + 2 * [7003]


MADE_FOR = ('CIHP_train.json was made for {} classes .* the data set has 20: '
            'Background, Hat, Hair')
NO_NAMES = 'CIHP_train.json: info.classes is .*, expected a list'


@pytest.mark.parametrize('info,pattern', [
    (dict(num_classes=7), MADE_FOR.format(7)),
    (dict(classes=['Background', 'Hat']), MADE_FOR.format(2)),
    (dict(classes='Hat'), NO_NAMES),
    (dict(classes=[1, 2]), NO_NAMES),
    (dict(classes=3), NO_NAMES),
    (dict(classes=None, num_classes=None), None),
    (dict(num_classes=20,
          classes=CIHPParsingDataset.METAINFO['classes']), None),
])
def test_classes_of_the_json(tiny_cihp, info, pattern):
    tiny_cihp.write_annotations(info)
    if pattern is None:
        assert len(build(tiny_cihp)) == 2
    else:
        refused(tiny_cihp, pattern)


def test_own_classes(tiny_cihp):
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
    assert sample['flip_pairs'] == [(1, 2)]
    assert sample['num_classes'] == 3
    with pytest.raises(InputError, match="'classes' must list"):
        HumanParsingDataset(**tiny_cihp.arguments())


def test_misspelt_keys_of_metainfo(tiny_cihp):
    """They would leave the classes of CIHP."""
    refused(
        tiny_cihp,
        "^metainfo has no key 'classes_', allowed are classes, palette, "
        'flip_pairs$',
        metainfo=dict(classes_=('background', 'wing')))

    class Mine(CIHPParsingDataset):
        METAINFO = dict(CIHPParsingDataset.METAINFO, year=2018)

    dataset = Mine(metainfo=dict(year=2019), **tiny_cihp.arguments())
    assert dataset.metainfo['year'] == 2019


@pytest.mark.parametrize('indices', [0, [], [1, 9]])
def test_indices_that_choose_nothing(tiny_cihp, indices):
    message = re.escape(f'indices={indices!r} chooses none, or one that is '
                        'not there, of 2 samples of ')
    refused(tiny_cihp, message + '.*json$', indices=indices)
    assert len(build(tiny_cihp, indices=[1])) == 1


@pytest.mark.parametrize('arguments,pattern', [
    (dict(person_cat_ids=1), 'person_cat_ids is 1, expected a list'),
    (dict(person_cat_ids=()), r'person_cat_ids is \(\), expected a list'),
    (dict(person_cat_ids=['1']), 'person_cat_ids is .*, expected a list'),
    (dict(person_cat_ids=(0, )), r'json has no box of category \[0\].* 1 \(2'),
    (dict(person_cat_ids=(0, ),
          test_mode=True), r'json has no box of category \[0\].* 1 \(2 b'),
    (dict(bbox_thr='0.5'), "bbox_thr is '0.5', expected a number"),
    (dict(bbox_thr=None), 'bbox_thr is None, expected a number'),
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
])
def test_wrong_arguments(tiny_cihp, arguments, pattern):
    refused(tiny_cihp, pattern, **arguments)


@pytest.mark.parametrize('parsing_id', [0, '1', None, 1.5, True, 65536])
def test_wrong_parsing_id(parsing_id, tiny_cihp):
    tiny_cihp.annotations[0]['parsing_id'] = parsing_id
    tiny_cihp.write_annotations()
    refused(tiny_cihp,
            f'annotation 7001 has parsing_id {parsing_id!r}, expected')


def test_broken_annotation_files(tiny_cihp):
    del tiny_cihp.annotations[1]['parsing_id']
    tiny_cihp.write_annotations()
    refused(tiny_cihp,
            "CIHP_train.json: annotation 7002 lacks the key 'parsing_id'")
    build(tiny_cihp, test_mode=True)  # boxes alone do for testing
    tiny_cihp.annotations[0]['iscrowd'] = 1
    tiny_cihp.annotations[1]['bbox'] = [0, 0, 0, 0]
    tiny_cihp.write_annotations()
    for test_mode in (False, True):
        refused(
            tiny_cihp,
            'CIHP_train.json: none of 1 boxes can be used; .* is zero size',
            test_mode=test_mode)
    tiny_cihp.annotations[1]['iscrowd'] = 1
    tiny_cihp.write_annotations()
    refused(tiny_cihp,
            'CIHP_train.json has no person to train on among 2 images')
    tiny_cihp.images[1]['file_name'] = 'Images/0007.png'
    del tiny_cihp.annotations[1]['iscrowd']
    tiny_cihp.annotations[1].update(bbox=[1, 2, 3, 4], parsing_id=2)
    tiny_cihp.write_annotations()
    message = ('CIHP_train.json: the images 0007.jpg and Images/0007.png would'
               ' share the label map 0007.png')
    refused(tiny_cihp, message)
    with pytest.raises(InputError, match=message):
        ParsingEvaluator(str(tiny_cihp.ann_file), str(tiny_cihp.split), ())
    tiny_cihp.ann_file.write_text('{"images": [')
    refused(tiny_cihp, 'CIHP_train.json is not valid json')


@pytest.mark.parametrize(
    'missing,arguments,pattern',
    [(f'{folder}/0007.{ending}', {},
      rf'{folder}/0007.{ending} does not exist \(missing: 2 of 2 files')
     for folder, ending in (('Images', 'jpg'), ('Category_ids', 'png'),
                            ('Human_ids', 'png'))] +
    [
        (None, dict(data_prefix=dict(img='Train/Images')),
         'folder .*Train/Images does not exist'),
        (None, dict(ann_file='nowhere.json'),
         'annotation file .*nowhere.json does not exist'),
    ])
def test_missing_files(tiny_cihp, missing, arguments, pattern):
    if missing:
        (tiny_cihp.split / missing).unlink()
    refused(tiny_cihp, pattern, FileNotFoundError, **arguments)


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('kept,reason', [(0, 'empty'), (.5, 'cut off')])
def test_damaged_image(tiny_cihp, test_mode, kept, reason):
    path = tiny_cihp.split / 'Images' / '0007.jpg'
    data = path.read_bytes()
    path.write_bytes(data[:int(kept * len(data))])
    dataset = build(
        tiny_cihp,
        test_mode=test_mode,
        pipeline=[dict(type='LoadImageFromFile')])
    with pytest.raises(
            InputError, match=f'Images/0007.jpg cannot be .* {reason}'):
        dataset[0]


def test_errors_of_transforms_stay(tiny_cihp):

    def broken(sample):
        raise AssertionError('a defect')

    with pytest.raises(AssertionError, match='a defect'):
        build(tiny_cihp, pipeline=[broken])[0]


@pytest.mark.parametrize('shape', [(1, 600), (600, 1)])
def test_thin_pictures(tiny_cihp, shape):
    """A line of pixels trains and tests like any other picture."""
    labels = np.zeros(shape, np.uint8)
    labels.reshape(-1)[100:400] = 5
    tiny_cihp.write_pixels('0007', labels, labels > 0)
    height, width = shape
    tiny_cihp.images[0].update(height=height, width=width)
    bbox = [100, 0, 300, 1] if height == 1 else [0, 100, 1, 300]
    tiny_cihp.annotations[:] = [dict(tiny_cihp.annotations[0], bbox=bbox)]
    tiny_cihp.write_annotations()
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadPersonParsing'),
        dict(type='GetParsingBox', crop_size=(24, 32)),
        dict(type='TopDownAffine', crop_size=(24, 32)),
        dict(type='PackParsingInputs')
    ]
    sample = build(tiny_cihp, pipeline=pipeline)[0]
    assert sample['inputs'].shape == (3, 32, 24)
    assert 5 in sample['data_samples'].gt_sem_seg.data
    tested = build(
        tiny_cihp, test_mode=True, pipeline=pipeline[:1] + pipeline[-1:])[0]
    assert tested['inputs'].shape == (3, *shape)
