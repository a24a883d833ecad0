# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.datasets import HumanParsingDataset
from projects.qanet.datasets.conversion import convert_polygons
from projects.qanet.datasets.conversion.shapes import Shape, shape_mask
from projects.qanet.utils.errors import InputError


def corners(x1, y1, x2, y2):
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def flat(*box):
    return [[value for point in corners(*box) for value in point]]


def shape(label, box, person=None, **kwargs):
    return dict(
        dict(
            label=label,
            points=corners(*box),
            group_id=person,
            shape_type='polygon'), **kwargs)


def write_labelme(mini, path, shapes, **kwargs):
    document = dict(
        dict(imagePath='a.jpg', imageWidth=40, imageHeight=30, shapes=shapes),
        **kwargs)
    mini.text(path, json.dumps(document))


# Person 5 is in front, person 2 was drawn first.
SHAPES = [
    shape('shirt', (2, 5, 12, 25), 2),
    shape('shirt', (8, 10, 30, 20), 5),
    shape('left arm', (2, 8, 5, 15), 2),
    shape(
        'right arm', (26, 12, 30, 20),
        5,
        points=[[26, 12], [30, 20]],
        shape_type='rectangle'),
    shape('__ignore__', (8, 10, 10, 12), 5),
    shape('_background_', (20, 10, 22, 20)),
]
CLASSES = ('Background', 'left arm', 'right arm', 'shirt')


def expected_maps():
    categories = np.zeros((30, 40), np.uint8)
    humans = np.zeros((30, 40), np.uint8)
    for label, person, (x1, y1, x2, y2) in [(3, 1, (2, 5, 12, 25)),
                                            (3, 2, (8, 10, 30, 20)),
                                            (1, 1, (2, 8, 5, 15)),
                                            (2, 2, (26, 12, 30, 20)),
                                            (255, 2, (8, 10, 10, 12)),
                                            (0, 0, (20, 10, 22, 20))]:
        categories[y1:y2, x1:x2] = label
        humans[y1:y2, x1:x2] = person
    return categories, humans


@pytest.fixture
def labelme(mini):
    mini.photo('one/a.jpg')
    write_labelme(mini, 'one/a.json', SHAPES)
    return mini


class TestLabelMe:

    def test_conversion(self, labelme):
        for _ in range(2):
            report, classes = convert_polygons(
                str(labelme.raw), str(labelme.out))
        assert classes == CLASSES
        assert (report.num_images, report.num_persons) == (1, 2)
        categories, humans, instances, table = labelme.maps('Training', 'a')
        np.testing.assert_array_equal(categories, expected_maps()[0])
        np.testing.assert_array_equal(humans, expected_maps()[1])
        assert table == [(1, 1, 1), (3, 3, 1), (6, 2, 2), (7, 3, 2)]
        assert set(np.unique(instances)) == {0, 1, 3, 6, 7}
        document = labelme.document('Custom_train')
        assert document['info'] == dict(classes=list(CLASSES))
        assert [person['bbox']
                for person in document['annotations']] == [[2, 5, 10, 20],
                                                           [8, 10, 22, 10]]
        assert (labelme.out / 'Training/Images/a.jpg').is_symlink()
        dataset = HumanParsingDataset(
            'annotations/Custom_train.json',
            data_root=str(labelme.out),
            metainfo=dict(classes=classes, flip_pairs=[(1, 2)]))
        assert len(dataset) == 2

    def test_classes_of_the_training_run_are_kept(self, labelme, tmp_path):
        convert_polygons(str(labelme.raw), str(labelme.out))
        write_labelme(labelme, 'one/a.json', [shape('shirt', (1, 1, 9, 9), 1)])
        arguments = str(labelme.raw), str(labelme.out), 'Custom', 'val'
        _, classes = convert_polygons(*arguments)
        assert classes == CLASSES
        assert labelme.maps('Validation', 'a')[0][5, 5] == 3
        listed = tmp_path / 'mine.txt'
        listed.write_text('hat\nshirt')
        _, classes = convert_polygons(*arguments, classes=str(listed))
        assert classes == ('Background', 'hat', 'shirt')
        assert labelme.maps('Validation', 'a')[0][5, 5] == 2

    def test_outlines_give_the_person(self, labelme):
        write_labelme(labelme, 'one/a.json', [
            shape('person', (0, 0, 20, 30)),
            shape('person', (18, 0, 40, 30), 7),
            shape('shirt', (15, 5, 22, 10)),
            shape('hat', (25, 0, 30, 5)),
            shape('hat', (0, 0, 3, 3), 7),
        ])
        convert_polygons(str(labelme.raw), str(labelme.out))
        categories, humans, _, _ = labelme.maps('Training', 'a')
        # Hats are 1, shirts 2; persons by their first part.
        expected = np.zeros((30, 40), np.uint8)
        expected[5:10, 15:22] = 1  # 5 of 7 columns lie in the first outline
        expected[0:5, 25:30] = 2
        expected[0:3, 0:3] = 2  # an id beats the outline
        np.testing.assert_array_equal(humans, expected)
        np.testing.assert_array_equal(categories,
                                      np.array([0, 2, 1])[expected])

    def test_single_person(self, labelme):
        shapes = [shape('hat', (0, 0, 5, 5)), shape('shirt', (0, 5, 9, 9))]
        write_labelme(labelme, 'one/a.json', shapes)
        with pytest.raises(
                InputError, match=r'shape 0 \(hat\) belongs to nobody'):
            convert_polygons(str(labelme.raw), str(labelme.out))
        report, _ = convert_polygons(
            str(labelme.raw), str(labelme.out), single_person=True)
        assert report.num_persons == 1

    def test_images_elsewhere(self, labelme, tmp_path):
        photos = tmp_path / 'photos'
        (labelme.raw / 'one/a.jpg').rename(labelme.raw / 'b.jpg')
        photos.mkdir()
        (labelme.raw / 'b.jpg').rename(photos / 'b.jpg')
        write_labelme(
            labelme, 'one/a.json', SHAPES, imagePath='..\\photos\\b.jpg')
        with pytest.raises(InputError, match='belongs to ../photos/b.jpg'):
            convert_polygons(str(labelme.raw), str(labelme.out))
        convert_polygons(
            str(labelme.raw), str(labelme.out), images=str(photos))
        assert labelme.maps('Training', 'b')[0].any()

    @pytest.mark.parametrize('shapes,kwargs,reason', [
        ([shape('hat', (0, 0, 5, 5), 1, shape_type='circle')
          ], {}, r'shape 0 (hat) is a circle, allowed are'),
        ([shape('hat', (0, 0, 5, 5), 1, points=[[1, 2], [3, 4]])
          ], {}, r'shape 0 (hat) is no polygon'),
        ([shape('hat',
                (0, 0, 5, 5), 1, points=[1, 2])], {}, 'has no list of points'),
        ([shape('hat', (0, 0, 5, 5), [1])], {}, 'has the person id [1]'),
        ([dict(points=[])], {}, 'shapes[0] has no label'),
        ([shape(' ', (0, 0, 5, 5), 1)], {}, "label: ' ' is no name"),
        ([shape('hat', (0, 0, 5, 10**9), 1)
          ], {}, 'coordinate beyond 800 pixels, but the image is 40x30'),
        ([shape('hat', (0, 0, 5, 10**400), 1)], {}, 'no list of points'),
        (SHAPES, dict(imageWidth='40'), "has the size '40' x 30"),
        (SHAPES, dict(imageWidth=30, imageHeight=40), 'is 30x40 pixels'),
        (None, {}, 'is no LabelMe file'),
    ])
    def test_skipped_with_reason(self, shapes, kwargs, reason, labelme):
        labelme.photo('one/b.jpg')
        write_labelme(
            labelme, 'one/b.json', shapes, imagePath='b.jpg', **kwargs)
        report, _ = convert_polygons(str(labelme.raw), str(labelme.out))
        (stem, why), = report.skipped
        assert stem in ('b', 'one/b.json') and reason in why

    def test_rectangle_of_four_corners(self, labelme):
        tilted = [[12, 4], [20, 12], [12, 20], [4, 12]]
        shapes = [
            shape('hat', (3, 2, 13, 8), 1, shape_type='rectangle'),
            shape(
                'bag', (0, 0, 1, 1), 1, shape_type='rectangle', points=tilted)
        ]
        write_labelme(labelme, 'one/a.json', shapes)
        convert_polygons(str(labelme.raw), str(labelme.out))
        polygon = Shape('bag', 1, [np.ravel(tilted).tolist()], 'bag')
        expected = np.zeros((30, 40), np.uint8)
        expected[2:8, 3:13] = 2
        expected[shape_mask(polygon, (40, 30))] = 1
        np.testing.assert_array_equal(
            labelme.maps('Training', 'a')[0], expected)

    def test_files_as_people_save_them(self, labelme, tmp_path):
        """Byte order marks; one json in a national encoding; a zero byte."""
        labelme.photo('one/b.jpg')
        labelme.photo('one/c.jpg')
        (labelme.raw / 'one/c.jpg').write_bytes(b'')
        shirt = '\u886c\u886b'
        for stem in 'abc':
            document = dict(
                imagePath=f'{stem}.jpg',
                shapes=[shape(shirt, (2, 2, 9, 9), 1)])
            text = json.dumps(document, ensure_ascii=False)
            encoding = 'gb2312' if stem == 'b' else 'utf-8-sig'
            (labelme.raw / f'one/{stem}.json').write_bytes(
                text.encode(encoding))
        for name in 'de':
            labelme.photo(f'one/{name}.jpg')
            write_labelme(
                labelme,
                f'one/{name}.json', [shape(shirt, (2, 2, 9, 9), 1)],
                imagePath=f'{name}.jpg')
        report, classes = convert_polygons(str(labelme.raw), str(labelme.out))
        assert classes == ('Background', shirt) and report.num_images == 3
        assert [stem for stem, _ in report.skipped] == ['one/b.json', 'c']
        assert 'one/b.json is not valid json' in report.skipped[0][1]
        assert labelme.maps('Training', 'a')[0].sum() == 49
        # The second run reads what the first has written.
        _, again = convert_polygons(
            str(labelme.raw), str(labelme.out), split='val')
        assert again == classes

    def test_label_that_an_earlier_run_lacks(self, labelme, messages):
        convert_polygons(str(labelme.raw), str(labelme.out))
        labelme.photo('one/b.jpg')
        write_labelme(
            labelme,
            'one/b.json', [shape('hat', (1, 1, 9, 9), 1)],
            imagePath='b.jpg')
        report, classes = convert_polygons(str(labelme.raw), str(labelme.out))
        assert classes == CLASSES and report.num_images == 1
        assert any('classes.txt of an earlier run lacks hat' in message
                   for message in messages)

    def test_blank_person_is_nobody(self, labelme):
        write_labelme(labelme, 'one/a.json', [
            shape('person', (0, 0, 20, 30), '7'),
            shape('hat', (0, 0, 3, 3), ' '),
            shape('hat', (5, 0, 9, 3), 7)
        ])
        report, _ = convert_polygons(str(labelme.raw), str(labelme.out))
        assert report.num_persons == 1  # '7' is 7, and owns what lies in it

    def test_broken_file_beside_a_good_one_of_its_name(self, labelme):
        """0.JSON describes a.jpg; a.json and two called 1.json are broken."""
        (labelme.raw / 'one/a.json').unlink()
        write_labelme(labelme, 'one/0.JSON', SHAPES)
        for name in ('b', 'c', 'd'):
            labelme.photo(f'one/{name}.jpg')
            write_labelme(
                labelme, f'one/{name}.json', SHAPES, imagePath=f'{name}.jpg')
        for name in ('one/a.json', '1.json', 'one/1.json', '._b.json',
                     '.cache/b.json', '__MACOSX/b.json'):
            labelme.text(name, '{}')
        report, _ = convert_polygons(str(labelme.raw), str(labelme.out))
        assert report.num_images == 4
        assert [name for name, _ in report.skipped
                ] == ['1.json', 'one/1.json', 'one/a.json']
        np.testing.assert_array_equal(
            labelme.maps('Training', 'a')[0],
            expected_maps()[0])

    def test_numbers_are_ids_beside_a_stray_file(self, labelme):
        labelme.text('one/settings.json', '{}')
        for stem in ('0007', '0030'):
            labelme.photo(f'one/{stem}.jpg')
            write_labelme(
                labelme, f'one/{stem}.json', SHAPES, imagePath=f'{stem}.jpg')
        (labelme.raw / 'one/a.json').unlink()
        convert_polygons(str(labelme.raw), str(labelme.out))
        assert [
            image['id'] for image in labelme.document('Custom_train')['images']
        ] == [7, 30]

    def test_almost_the_label_of_persons(self, labelme, tmp_path):
        write_labelme(labelme, 'one/a.json',
                      [shape('Person', (0, 0, 20, 30), 2), *SHAPES])
        arguments = str(labelme.raw), str(labelme.out)
        with pytest.raises(InputError, match="'Person' is almost 'person'"):
            convert_polygons(*arguments)
        convert_polygons(*arguments, person_label='Person')
        np.testing.assert_array_equal(
            labelme.maps('Training', 'a')[0],
            expected_maps()[0])

    def test_shape_beside_the_image(self, labelme):
        write_labelme(labelme, 'one/a.json',
                      [*SHAPES, shape('hat', (50, 0, 60, 9))])
        report, _ = convert_polygons(str(labelme.raw), str(labelme.out))
        (stem, note), = report.notes
        assert stem == 'a' and note.endswith(
            'shape 6 (hat) covers no pixel of the image')

    def test_person_who_is_all_ignored(self, labelme):
        labelme.photo('one/b.jpg')
        write_labelme(
            labelme,
            'one/b.json', [shape('__ignore__', (1, 1, 9, 9), 1)],
            imagePath='b.jpg')
        report, _ = convert_polygons(str(labelme.raw), str(labelme.out))
        assert report.empty == ['b']

    def test_same_names(self, labelme):
        labelme.photo('two/a.jpg')
        write_labelme(labelme, 'two/a.json', SHAPES)
        with pytest.raises(
                InputError, match='two/a.jpg and .*one/a.jpg would'):
            convert_polygons(str(labelme.raw), str(labelme.out))

    def test_list_of_images(self, labelme, tmp_path):
        labelme.photo('one/b.jpg')
        write_labelme(labelme, 'one/b.json', SHAPES, imagePath='b.jpg')
        ids = tmp_path / 'ids.txt'
        ids.write_text('b.jpg\n')
        convert_polygons(str(labelme.raw), str(labelme.out), ids=str(ids))
        assert [
            image['file_name']
            for image in labelme.document('Custom_train')['images']
        ] == ['b.jpg']
        ids.write_text('b\nc\na\n')
        report, _ = convert_polygons(
            str(labelme.raw), str(labelme.out), ids=str(ids))
        assert report.skipped == [('c', 'c is not in the annotations')]
        labelme.text('one/c.json', '{}')
        report, _ = convert_polygons(
            str(labelme.raw), str(labelme.out), ids=str(ids))
        (stem, why), = report.skipped
        assert stem == 'c' and 'one/c.json is no LabelMe file' in why


@pytest.fixture
def coco(mini):
    """The same drawing as a COCO file, and a second image."""
    mini.photo('photos/sub/a.jpg')
    mini.photo('photos/b.jpg')
    names = ('shirt', 'person', 'left arm', 'right arm', '__ignore__',
             '_background_')
    categories = [
        dict(id=10 * i, name=name) for i, name in enumerate(names, 1)
    ]
    annotations = []
    for entry in SHAPES:
        x1, y1 = np.min(entry['points'], axis=0).tolist()
        x2, y2 = np.max(entry['points'], axis=0).tolist()
        annotations.append(
            dict(
                category_id=10 * (names.index(entry['label']) + 1),
                image_id=31,
                segmentation=flat(x1, y1, x2, y2),
                person_id=entry['group_id']))
    mask = np.zeros((30, 40), np.uint8)
    mask[3:9, 4:6] = 1
    code = coco_mask.encode(np.asfortranarray(mask))
    rle = dict(size=[30, 40], counts=code['counts'].decode())
    annotations += [
        dict(category_id=20, image_id=8, segmentation=flat(0, 0, 10, 30)),
        dict(category_id=20, image_id=8, segmentation=flat(20, 0, 40, 30)),
        dict(category_id=10, image_id=8, segmentation=rle),
        dict(
            category_id=30,
            image_id=8,
            # Of two pieces.
            segmentation=flat(25, 2, 28, 4) + flat(30, 2, 33, 4)),
        dict(
            category_id=30,
            image_id=8,
            segmentation=flat(0, 20, 2, 24),
            attributes=dict(person_id=len(SHAPES) + 1)),
    ]
    for i, annotation in enumerate(annotations):
        annotation['id'] = i
    mini.coco = dict(
        images=[
            dict(id=31, file_name='sub/a.jpg', width=40, height=30),
            dict(id=8, file_name='b.jpg')
        ],
        categories=categories,
        annotations=annotations)
    return mini


def convert_coco(coco, **kwargs):
    coco.text('parts.json', json.dumps(coco.coco))
    return convert_polygons(
        str(coco.raw / 'parts.json'),
        str(coco.out),
        images=str(coco.raw / 'photos'),
        **kwargs)


class TestCoco:

    def test_conversion(self, coco):
        report, classes = convert_coco(coco)
        assert classes == ('Background', 'shirt', 'left arm', 'right arm')
        assert (report.num_images, report.num_persons) == (2, 4)
        categories, humans, _, _ = coco.maps('Training', 'a')
        table = np.arange(256)
        table[[3, 1, 2]] = [1, 2, 3]
        np.testing.assert_array_equal(categories, table[expected_maps()[0]])
        np.testing.assert_array_equal(humans, expected_maps()[1])
        # By outline, and an outline's annotation id as the person's.
        categories, humans, _, _ = coco.maps('Training', 'b')
        expected = np.zeros((30, 40), np.uint8)
        expected[3:9, 4:6] = 1
        expected[2:4, 25:28] = expected[2:4, 30:33] = 2
        expected[20:24, 0:2] = 2
        np.testing.assert_array_equal(humans, expected)
        np.testing.assert_array_equal(categories, expected)
        assert [
            image['id'] for image in coco.document('Custom_train')['images']
        ] == [31, 8]

    def test_other_keys_and_labels(self, coco):
        for annotation in coco.coco['annotations']:
            annotation['owner'] = annotation.pop('person_id', None)
        coco.coco['categories'][1]['name'] = 'whole'
        convert_coco(coco, person_label='whole', person_keys=['owner'])
        np.testing.assert_array_equal(
            coco.maps('Training', 'a')[1],
            expected_maps()[1])

    def test_missing_photo(self, coco):
        (coco.raw / 'photos/b.jpg').unlink()
        report, _ = convert_coco(coco)
        (stem, reason), = report.skipped
        assert stem == 'b' and reason.endswith('photos/b.jpg is missing')

    def test_files_of_windows_and_blank_persons(self, coco):
        coco.coco['images'][0]['file_name'] = 'sub\\a.jpg'
        for annotation in coco.coco['annotations']:
            if annotation.get('person_id') is None:
                annotation['person_id'] = ' '
            else:  # The blank key is passed over, and '2' is 2.
                annotation['attributes'] = dict(
                    person_id=str(annotation['person_id']))
                annotation['person_id'] = ''
        report, _ = convert_coco(coco)
        assert (report.num_images, report.num_persons) == (2, 4)
        np.testing.assert_array_equal(
            coco.maps('Training', 'a')[1],
            expected_maps()[1])

    @pytest.mark.parametrize('change,message', [
        (dict(person_id=True), 'annotation 0 has the person id True'),
        (dict(image_id=5), 'annotation 0 belongs to image_id 5, which'),
        (dict(category_id=5), 'annotation 0 has category_id 5, which'),
        (dict(person_id=[2]), r'annotation 0 has the person id \[2\]'),
        (dict(image_id=[31]), r'annotations\[0\] has image_id \[31\], exp'),
        (dict(category_id={}), r'annotations\[0\] has category_id {}, exp'),
    ])
    def test_broken_annotations(self, change, message, coco):
        coco.coco['annotations'][0].update(change)
        with pytest.raises(InputError, match=message):
            convert_coco(coco)

    def test_ids_that_are_no_numbers(self, coco):
        for image in coco.coco['images']:
            image['id'] = f'x{image["id"]}'
        for annotation in coco.coco['annotations']:
            annotation['image_id'] = f'x{annotation["image_id"]}'
        convert_coco(coco)
        assert [
            image['id'] for image in coco.document('Custom_train')['images']
        ] == [1, 2]

    def test_attributes_that_are_a_list(self, coco):
        for annotation in coco.coco['annotations']:
            annotation.setdefault('attributes', [3, 'person_id'])
        report, _ = convert_coco(coco)
        assert (report.num_images, report.num_persons) == (2, 4)

    def test_broken_categories_and_sizes(self, coco):
        coco.coco['images'][0]['width'] = '40'
        with pytest.raises(InputError, match="image 31 has the size '40' x"):
            convert_coco(coco)
        coco.coco['categories'][1]['name'] = None
        with pytest.raises(
                InputError, match='category 20 has no label: None is no'):
            convert_coco(coco)
        coco.coco['categories'][1]['id'] = 10
        with pytest.raises(
                InputError, match='several categories with the id 10'):
            convert_coco(coco)

    def test_repeated_image_id(self, coco):
        coco.coco['images'][1]['id'] = 31
        with pytest.raises(InputError, match='several images with the id 31'):
            convert_coco(coco)

    def test_broken_files(self, coco):
        del coco.coco['annotations'][1]['segmentation']
        with pytest.raises(
                InputError, match=r"annotations\[1\] lacks the key 'segm"):
            convert_coco(coco)
        del coco.coco['annotations']
        with pytest.raises(InputError, match="lacks the list 'annotations'"):
            convert_coco(coco)
        with pytest.raises(InputError, match='nowhere is neither a folder'):
            convert_polygons('nowhere', str(coco.out))
        with pytest.raises(ValueError, match='split must be one of'):
            convert_polygons('nowhere', str(coco.out), split='training')


def test_shape_mask():
    # A pixel belongs to a polygon if its centre does.
    triangle = Shape('a', None, [[0, 0, 8, 0, 0, 4]], 'a')
    np.testing.assert_array_equal(
        shape_mask(triangle, (9, 5)).sum(axis=1)[3:], [1, 0])
    outside = Shape('a', None, flat(-5, -5, 2, 100), 'a')
    expected = np.zeros((5, 9), bool)
    expected[:, :2] = True
    np.testing.assert_array_equal(shape_mask(outside, (9, 5)), expected)
    counts = dict(size=[5, 9], counts=[10, 5, 30])
    expected[:, :2], expected[:, 2] = False, True
    np.testing.assert_array_equal(
        shape_mask(Shape('a', None, counts, 'a'), (9, 5)), expected)
    with pytest.raises(InputError, match=r'size \(h, w\) \[5, 9\], but the'):
        shape_mask(Shape('a', None, counts, 'a'), (5, 9))
    for wrong, reason in (([5], '5 pixels, but the image has 45'),
                          ([10, 36], '46 pixels'), ([], '0 pixels'),
                          ('', 'not a compressed'), (None, 'not a compressed'),
                          ([50, -5], 'whole numbers'), ('zz', 'not a compr'),
                          ([45.], 'whole numbers'), ('5', '5 pixels')):
        code = dict(size=[5, 9], counts=wrong)
        with pytest.raises(InputError, match=reason):
            shape_mask(Shape('a', None, code, 'a'), (9, 5))
    for wrong in ([], [[1, 2, 3,
                        4]], [[1, 2] * 3 + [1]], [[1, 2, 3, 4, 5,
                                                   'x']], 'counts', None):
        with pytest.raises(InputError, match='a is no polygon'):
            shape_mask(Shape('a', None, wrong, 'a'), (9, 5))
