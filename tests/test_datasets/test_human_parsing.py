# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import logging
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
def warnings_of():
    """The messages that reach mmengine's logger."""
    messages = []

    class Collect(logging.Handler):

        def emit(self, record):
            messages.append(record.getMessage())

    logger, handler = MMLogger.get_current_instance(), Collect()
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


def detection(image_id=7, bbox=(1, 2, 3, 4), score=.5, category_id=1):
    return dict(
        image_id=image_id,
        category_id=category_id,
        bbox=list(bbox),
        score=score)


# -------------------------------------------------------------- training


def test_training_samples(tiny_cihp):
    dataset = CIHPParsingDataset(**tiny_cihp.arguments())
    assert len(dataset) == 2
    sample = dataset.get_data_info(1)
    split = tiny_cihp.split
    np.testing.assert_array_equal(
        sample.pop('bbox'), np.float32([30, 0, 42, 40]))
    sample.pop('sample_idx')
    assert sample == dict(
        img_path=f'{split}/Images/0000007.jpg',
        seg_map_path=f'{split}/Category_ids/0000007.png',
        human_map_path=f'{split}/Human_ids/0000007.png',
        parsing_id=2,
        img_id=7,
        ann_id=72,
        height=40,
        width=60,
        num_classes=20,
        flip_pairs=[(14, 15), (16, 17), (18, 19)],
        seg_fields=[],
        reduce_zero_label=False)


def test_bad_boxes_are_named_skipped_and_counted(tiny_cihp, warnings_of):
    bad = {
        80: ([5, 5, 0, 10], 'zero size'),
        81: ([5, 5, 10, 0], 'zero size'),
        82: ([60, 0, 5, 5], 'wholly outside the image'),
        83: ([0, -8, 5, 8], 'wholly outside the image'),
        84: ([0, 0, float('nan'), 8], 'not finite'),
    }
    partly_outside = [[-10, -10, 20, 20], [59, 39, 50, 50]]
    for ann_id, (bbox, _) in bad.items():
        tiny_cihp.annotations.append(
            dict(tiny_cihp.annotations[0], id=ann_id, bbox=bbox))
    for bbox in partly_outside:
        tiny_cihp.annotations.append(
            dict(tiny_cihp.annotations[0], id=int(90 + bbox[0]), bbox=bbox))
    tiny_cihp.write_annotations()
    dataset = CIHPParsingDataset(**tiny_cihp.arguments())
    assert len(dataset) == 4
    assert dataset.num_skipped_boxes == 5
    np.testing.assert_array_equal(
        dataset.get_data_info(2)['bbox'], [-10, -10, 10, 10])
    for ann_id, (_, problem) in bad.items():
        assert any(f'0000007.jpg (image 7, annotation {ann_id})' in message
                   and problem in message for message in warnings_of)
    assert any('Skipped 5 of 9 boxes' in message for message in warnings_of)


def test_crowds_and_other_categories_are_passed_over(tiny_cihp):
    tiny_cihp.annotations[0]['iscrowd'] = 1
    tiny_cihp.annotations.append(
        dict(tiny_cihp.annotations[1], id=73, category_id=5))
    tiny_cihp.write_annotations()
    dataset = CIHPParsingDataset(**tiny_cihp.arguments())
    assert [info['ann_id'] for info in dataset.load_data_list()] == [72]
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(person_cat_ids=(1, 5)))
    assert [info['ann_id'] for info in dataset.load_data_list()] == [72, 73]


def samples_of(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def test_file_names_may_begin_with_the_image_folder(tiny_cihp):
    """The data set finds what the evaluator finds."""
    usual = CIHPParsingDataset(**tiny_cihp.arguments())
    for image in tiny_cihp.images:
        image['file_name'] = 'Images/' + image['file_name']
    tiny_cihp.write_annotations()
    dataset = CIHPParsingDataset(**tiny_cihp.arguments())
    image = read_annotations(str(tiny_cihp.ann_file))[7]
    for one, other in zip(samples_of(dataset), samples_of(usual)):
        assert one['img_path'] == other['img_path']
        assert one['seg_map_path'] == other['seg_map_path'] == label_path(
            str(tiny_cihp.split / 'Category_ids'), image.file_name)
    # With the split as the folder of images the name is whole.
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(
        data_prefix=dict(
            img='Training',
            seg_map='Training/Category_ids',
            human_map='Training/Human_ids')))
    assert samples_of(dataset)[0]['img_path'] == samples_of(
        usual)[0]['img_path']
    assert samples_of(dataset)[0]['seg_map_path'] == samples_of(
        usual)[0]['seg_map_path']


@pytest.mark.parametrize('img', ['', '.'])
def test_root_may_be_the_folder_of_images(tiny_cihp, img):
    """Labels are beside it, as always."""
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(
        ann_file=str(tiny_cihp.ann_file),
        data_root=str(tiny_cihp.split / 'Images'),
        data_prefix=dict(img=img)))
    sample = dataset.get_data_info(0)
    for key, folder in (('img_path', 'Images'), ('seg_map_path',
                                                 'Category_ids')):
        found, = tiny_cihp.split.glob(f'{folder}/0000007.*')
        assert found.samefile(sample[key])


def test_label_folders_can_be_elsewhere(tiny_cihp):
    (tiny_cihp.split / 'Category_ids').rename(tiny_cihp.root / 'parts')
    prefix = dict(img='Training/Images', seg_map='parts')
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(data_prefix=prefix))
    sample = dataset.get_data_info(0)
    assert sample['seg_map_path'] == f'{tiny_cihp.root}/parts/0000007.png'
    assert sample['human_map_path'] == (
        f'{tiny_cihp.split}/Human_ids/0000007.png')


# --------------------------------------------------------------- testing


def test_ground_truth_boxes(tiny_cihp):
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(test_mode=True))
    assert len(dataset) == 2
    crowded, empty = dataset.get_data_info(0), dataset.get_data_info(1)
    np.testing.assert_array_equal(crowded['bboxes'],
                                  [[5, 10, 25, 35], [30, 0, 42, 40]])
    np.testing.assert_array_equal(crowded['bbox_scores'], [1, 1])
    assert (crowded['img_id'], empty['img_id']) == (7, 9)
    assert empty['bboxes'].shape == (0, 4)
    assert empty['bbox_scores'].shape == (0, )
    for name in ('bboxes', 'bbox_scores'):
        assert crowded[name].dtype == empty[name].dtype == np.float32
    assert 'parsing_id' not in crowded
    assert crowded['human_map_path'].endswith('Human_ids/0000007.png')
    assert 'instance_map_path' not in crowded  # there is no such folder


def test_boxes_from_a_detector(tiny_cihp, warnings_of):
    path = tiny_cihp.write_boxes([
        detection(9, (1.5, 2, 3, 4), .2),
        detection(7, (0, 0, 60, 40), .3),
        detection(9, (2, 2, 0, 4), .9),
        detection(9, (5, 6, 7, 8), .1),
        detection(9, (9, 9, 9, 9), .95, category_id=2),
        detection(9, (-5, 6, 7, 8), .8)
    ])
    dataset = CIHPParsingDataset(
        **tiny_cihp.arguments(test_mode=True, bbox_file=path, bbox_thr=.2))
    np.testing.assert_array_equal(
        dataset.get_data_info(0)['bboxes'], [[0, 0, 60, 40]])
    sample = dataset.get_data_info(1)
    np.testing.assert_array_equal(sample['bboxes'],
                                  [[1.5, 2, 4.5, 6], [-5, 6, 2, 14]])
    np.testing.assert_array_equal(sample['bbox_scores'], np.float32([.2, .8]))
    assert dataset.num_skipped_boxes == 1
    assert any('0000009.jpg' in message and 'zero size' in message
               for message in warnings_of)


def test_bbox_file_relative_to_data_root(tiny_cihp):
    tiny_cihp.write_boxes([detection()], 'dets.json')
    dataset = CIHPParsingDataset(
        **tiny_cihp.arguments(test_mode=True, bbox_file='dets.json'))
    assert len(dataset.get_data_info(0)['bboxes']) == 1


def test_images_without_labels_can_be_tested(tiny_cihp):
    for folder in ('Category_ids', 'Human_ids'):
        for path in (tiny_cihp.split / folder).iterdir():
            path.unlink()
    (tiny_cihp.split / 'Human_ids').rmdir()
    del tiny_cihp.annotations[:]
    tiny_cihp.write_annotations()
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(test_mode=True))
    assert len(dataset) == 2
    assert not [key for key in dataset.get_data_info(0) if 'map_path' in key]


def test_what_is_left_out_is_counted(tiny_cihp, warnings_of):
    MMLogger.get_current_instance().setLevel(logging.INFO)
    path = tiny_cihp.write_boxes([
        detection(9),
        detection(7, (8, 8, 50, 40)),
        detection(7, category_id=3),
        detection(7, score=.1)
    ])
    CIHPParsingDataset(
        **tiny_cihp.arguments(test_mode=True, bbox_file=path, bbox_thr=.2))
    assert any('2 of 4 boxes' in message and '1 are of other' in message
               and '1 score below 0.2' in message for message in warnings_of)
    assert any('1 of 2 boxes' in message and 'x1, y1, x2, y2?' in message
               for message in warnings_of)


@pytest.mark.parametrize('arguments,pattern', [
    (dict(person_cat_ids=(0, )), r'no box of category \[0\]; .* 1 \(1 boxes'),
    (dict(bbox_thr=.6), 'boxes.json: bbox_thr = 0.6 leaves none of 1 boxes'),
    (dict(bbox=[99, 0, 5, 5]), 'boxes.json: none of 1 boxes can be used; .* '
     'wholly outside the image'),
    (dict(bbox=[0, 0, float('nan'), 5]), 'none of 1 boxes .* not finite'),
])
def test_nothing_left_of_a_bbox_file(tiny_cihp, arguments, pattern):
    arguments = dict(arguments)
    box = {key: arguments.pop(key) for key in ('bbox', ) if key in arguments}
    path = tiny_cihp.write_boxes([dict(detection(9), **box)])
    with pytest.raises(InputError, match=pattern):
        CIHPParsingDataset(
            **tiny_cihp.arguments(test_mode=True, bbox_file=path, **arguments))


@pytest.mark.parametrize('test_mode', [False, True])
def test_no_annotation_of_a_person(tiny_cihp, test_mode):
    with pytest.raises(
            InputError, match=r'json has no box of category \[0\].* 1 \(2 b'):
        CIHPParsingDataset(
            **tiny_cihp.arguments(test_mode=test_mode, person_cat_ids=(0, )))


# --------------------------------------------------- filters and wrappers


def test_filters(tiny_cihp):
    arguments = tiny_cihp.arguments(filter_cfg=dict(min_size=15))
    dataset = CIHPParsingDataset(**arguments)  # 20 x 25 and 12 x 40
    assert [sample['ann_id'] for sample in samples_of(dataset)] == [71]
    arguments = tiny_cihp.arguments(
        filter_cfg=dict(filter_empty_gt=True), test_mode=True)
    dataset = CIHPParsingDataset(**arguments)
    assert [sample['img_id'] for sample in samples_of(dataset)] == [7]


@pytest.mark.parametrize('filter_cfg,pattern', [
    (dict(min_szie=3), r"filter_cfg has the keys \['min_szie'\], allowed are"),
    (dict(min_size=30), 'leaves none of 2 samples of .*CIHP_train.json'),
])
def test_wrong_filters(tiny_cihp, filter_cfg, pattern):
    with pytest.raises(InputError, match=pattern):
        CIHPParsingDataset(**tiny_cihp.arguments(filter_cfg=filter_cfg))


def test_class_balanced(tiny_cihp):
    dataset = CIHPParsingDataset(**tiny_cihp.arguments())
    assert [dataset.get_cat_ids(i) for i in (0, 1)] == [[5, 14], [9]]
    tested = CIHPParsingDataset(**tiny_cihp.arguments(test_mode=True))
    assert [tested.get_cat_ids(i) for i in (0, 1)] == [[5, 9, 14], []]
    tiny_cihp.annotations.append(dict(tiny_cihp.annotations[0], id=73))
    tiny_cihp.write_annotations()
    # Class 9 is in one of three samples: it comes ceil(sqrt(2 / (1 / 3)))
    # times, the others ceil(sqrt(2 / (2 / 3))).
    balanced = ClassBalancedDataset(
        CIHPParsingDataset(**tiny_cihp.arguments()), oversample_thr=2)
    assert [balanced.get_data_info(i)['ann_id']
            for i in range(len(balanced))] == 2 * [71] + 3 * [72] + 2 * [73]


# -------------------------------------------------------------- metainfo


@pytest.mark.parametrize('info', [
    dict(num_classes=7),
    dict(classes=['Background', 'Hat']),
])
def test_classes_of_the_json(tiny_cihp, info):
    tiny_cihp.write_annotations(info)
    number = info.get('num_classes', 2)
    with pytest.raises(
            InputError,
            match=f'CIHP_train.json was made for {number} classes .* the '
            'data set has 20: Background, Hat, Hair'):
        CIHPParsingDataset(**tiny_cihp.arguments())
    tiny_cihp.write_annotations(
        dict(num_classes=20, classes=CIHPParsingDataset.METAINFO['classes']))
    CIHPParsingDataset(**tiny_cihp.arguments())


@pytest.mark.parametrize('classes', ['Hat', [1, 2], 3])
def test_classes_of_the_json_that_are_no_names(tiny_cihp, classes):
    tiny_cihp.write_annotations(dict(classes=classes))
    build_error(tiny_cihp, InputError,
                'CIHP_train.json: info.classes is .*, expected a list')


def test_classes_that_the_json_leaves_open(tiny_cihp):
    tiny_cihp.write_annotations(dict(classes=None, num_classes=None))
    assert len(CIHPParsingDataset(**tiny_cihp.arguments())) == 2


def test_own_classes(tiny_cihp):
    dataset = DATASETS.build(
        dict(
            type='HumanParsingDataset',
            metainfo=dict(
                classes=('background', 'left wing', 'right wing'),
                flip_pairs=[(1, 2)]),
            **tiny_cihp.arguments()))
    assert dataset.metainfo == dict(
        classes=('background', 'left wing', 'right wing'),
        palette=[[0, 0, 0], [128, 0, 0], [0, 128, 0]],
        flip_pairs=[(1, 2)])
    sample = dataset.get_data_info(0)
    assert sample['flip_pairs'] == [(1, 2)]
    assert sample['num_classes'] == 3


def test_misspelt_keys_of_metainfo(tiny_cihp):
    """They would leave the classes of CIHP."""
    with pytest.raises(InputError) as found:
        CIHPParsingDataset(
            metainfo=dict(classes_=('background', 'wing')),
            **tiny_cihp.arguments())
    assert str(found.value) == ("metainfo has no key 'classes_', allowed are "
                                'classes, palette, flip_pairs')

    class Mine(CIHPParsingDataset):
        METAINFO = dict(CIHPParsingDataset.METAINFO, year=2018)

    dataset = Mine(metainfo=dict(year=2019), **tiny_cihp.arguments())
    assert dataset.metainfo['year'] == 2019


@pytest.mark.parametrize('indices', [0, [], [1, 9]])
def test_indices_that_choose_nothing(tiny_cihp, indices):
    arguments = tiny_cihp.arguments(indices=indices)
    message = re.escape(f'indices={indices!r} chooses none, or one that is '
                        'not there, of 2 samples of ')
    with pytest.raises(InputError, match=message + '.*json$'):
        CIHPParsingDataset(**arguments)
    assert len(CIHPParsingDataset(**dict(arguments, indices=[1]))) == 1


def test_classes_are_needed(tiny_cihp):
    with pytest.raises(ValueError, match="'classes' must list"):
        HumanParsingDataset(**tiny_cihp.arguments())


# ---------------------------------------------------------------- errors


def build_error(tiny_cihp, error, pattern, **kwargs):
    with pytest.raises(error, match=pattern):
        CIHPParsingDataset(**tiny_cihp.arguments(**kwargs))


def test_missing_annotation_file(tiny_cihp):
    build_error(
        tiny_cihp,
        FileNotFoundError, 'annotation file .*nowhere.json '
        'does not exist',
        ann_file='nowhere.json')


def test_broken_json(tiny_cihp):
    tiny_cihp.ann_file.write_text('{"images": [')
    build_error(tiny_cihp, ValueError, 'CIHP_train.json is not valid json')


def test_missing_parsing_id(tiny_cihp):
    del tiny_cihp.annotations[1]['parsing_id']
    tiny_cihp.write_annotations()
    build_error(tiny_cihp, ValueError,
                "CIHP_train.json: annotation 72 lacks the key 'parsing_id'")
    # Boxes alone do for testing.
    CIHPParsingDataset(**tiny_cihp.arguments(test_mode=True))


@pytest.mark.parametrize('parsing_id', [0, '1', None, 1.5, True, 65536])
def test_wrong_parsing_id(parsing_id, tiny_cihp):
    tiny_cihp.annotations[0]['parsing_id'] = parsing_id
    tiny_cihp.write_annotations()
    build_error(tiny_cihp, ValueError,
                f'annotation 71 has parsing_id {parsing_id!r}, expected')


def test_nobody_to_train_on(tiny_cihp):
    tiny_cihp.annotations[0]['iscrowd'] = 1
    tiny_cihp.annotations[1]['bbox'] = [0, 0, 0, 0]
    tiny_cihp.write_annotations()
    for test_mode in (False, True):
        build_error(
            tiny_cihp,
            InputError,
            'CIHP_train.json: none of 1 boxes can be used; .* is zero size',
            test_mode=test_mode)
    tiny_cihp.annotations[1]['iscrowd'] = 1
    tiny_cihp.write_annotations()
    build_error(tiny_cihp, ValueError,
                'CIHP_train.json has no person to train on among 2 images')


@pytest.mark.parametrize('arguments,pattern', [
    (dict(person_cat_ids=1), 'person_cat_ids is 1, expected a list'),
    (dict(person_cat_ids=()), r'person_cat_ids is \(\), expected a list'),
    (dict(person_cat_ids=['1']), 'person_cat_ids is .*, expected a list'),
    (dict(bbox_thr='0.5'), "bbox_thr is '0.5', expected a number"),
    (dict(bbox_thr=None), 'bbox_thr is None, expected a number'),
    (dict(data_prefix='V/Images'), "data_prefix is 'V/Images'; it needs"),
    (dict(data_prefix=dict(img='Training/Images', seg_map=None)),
     "'seg_map': None.* the values are folders"),
    (dict(filter_cfg=dict(min_size='5')), "min_size is '5', expected"),
])
def test_arguments_of_the_wrong_kind(tiny_cihp, arguments, pattern):
    build_error(tiny_cihp, InputError, pattern, **arguments)


def test_unknown_image_in_bbox_file(tiny_cihp):
    path = tiny_cihp.write_boxes([detection(), detection(image_id=8)])
    build_error(
        tiny_cihp,
        ValueError,
        r'boxes.json\[1\] has image_id 8',
        test_mode=True,
        bbox_file=path)


def test_bbox_file_is_for_testing(tiny_cihp):
    path = tiny_cihp.write_boxes([detection()])
    build_error(
        tiny_cihp, ValueError, 'bbox_file is for testing', bbox_file=path)


@pytest.mark.parametrize('folder,ending', [('Images', 'jpg'),
                                           ('Category_ids', 'png'),
                                           ('Human_ids', 'png')])
def test_missing_files(tiny_cihp, folder, ending):
    (tiny_cihp.split / folder / f'0000007.{ending}').unlink()
    build_error(
        tiny_cihp, FileNotFoundError,
        rf'{folder}/0000007.{ending} does not exist \(missing: 2 of 2 files')


def test_missing_folder(tiny_cihp):
    build_error(
        tiny_cihp,
        FileNotFoundError,
        'folder .*Train/Images does not exist',
        data_prefix=dict(img='Train/Images'))


def test_unknown_prefix(tiny_cihp):
    build_error(
        tiny_cihp,
        ValueError,
        "data_prefix is .*img_path.*; it needs 'img'",
        data_prefix=dict(img_path='Training/Images'))


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('kept,reason', [(0, 'empty'), (.5, 'cut off')])
def test_damaged_image(tiny_cihp, test_mode, kept, reason):
    path = tiny_cihp.split / 'Images' / '0000007.jpg'
    data = path.read_bytes()
    path.write_bytes(data[:int(kept * len(data))])
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(
        test_mode=test_mode, pipeline=[dict(type='LoadImageFromFile')]))
    with pytest.raises(
            InputError, match=f'Images/0000007.jpg cannot be .* {reason}'):
        dataset[0]


def test_errors_of_transforms_stay(tiny_cihp):

    def broken(sample):
        raise AssertionError('a defect')

    dataset = CIHPParsingDataset(**tiny_cihp.arguments(pipeline=[broken]))
    with pytest.raises(AssertionError, match='a defect'):
        dataset[0]


@pytest.mark.parametrize('shape', [(1, 600), (600, 1)])
def test_thin_pictures(tiny_cihp, shape):
    """A line of pixels trains and tests like any other picture."""
    tiny = tiny_cihp
    labels = np.zeros(shape, np.uint8)
    labels.reshape(-1)[100:400] = 5
    tiny.write_pixels('0000007', labels, labels > 0)
    height, width = shape
    tiny.images[0].update(height=height, width=width)
    x, y, w, h = (100, 0, 300, 1) if height == 1 else (0, 100, 1, 300)
    tiny.annotations[:] = [dict(tiny.annotations[0], bbox=[x, y, w, h])]
    tiny.write_annotations()
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadPersonParsing'),
        dict(type='GetParsingBox', crop_size=(24, 32)),
        dict(type='TopDownAffine', crop_size=(24, 32)),
        dict(type='PackParsingInputs')
    ]
    sample = CIHPParsingDataset(**tiny.arguments(pipeline=pipeline))[0]
    assert sample['inputs'].shape == (3, 32, 24)
    assert 5 in sample['data_samples'].gt_sem_seg.data
    tested = CIHPParsingDataset(**tiny.arguments(
        test_mode=True, pipeline=pipeline[:1] + pipeline[-1:]))[0]
    assert tested['inputs'].shape == (3, *shape)


def test_images_that_would_share_label_maps(tiny_cihp):
    tiny_cihp.images[1]['file_name'] = 'Images/0000007.png'
    tiny_cihp.write_annotations()
    message = (
        'CIHP_train.json: the images 0000007.jpg and Images/0000007.png would '
        'share the label map 0000007.png')
    build_error(tiny_cihp, InputError, message)
    with pytest.raises(InputError, match=message):
        ParsingEvaluator(str(tiny_cihp.ann_file), str(tiny_cihp.split), ())
