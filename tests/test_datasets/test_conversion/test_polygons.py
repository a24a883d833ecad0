# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawings of parts, as LabelMe and as COCO files."""
import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.datasets import HumanParsingDataset
from projects.qanet.datasets.conversion import (convert_polygons,
                                                suggest_flip_pairs)
from projects.qanet.datasets.conversion.shapes import Shape, shape_mask
from projects.qanet.utils.errors import InputError

SQUARE = (1, 1, 9, 9)


def corners(x1, y1, x2, y2):
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def flat(*box):
    return [np.ravel(corners(*box)).tolist()]


def shape(label, box=SQUARE, person=None, **kwargs):
    return dict(
        dict(
            label=label,
            points=corners(*box),
            group_id=person,
            shape_type='polygon'), **kwargs)


def draw(mini, stem, shapes, folder='one', **kwargs):
    """A photo and its LabelMe file."""
    mini.photo(f'{folder}/{stem}.jpg')
    document = dict(
        dict(
            imagePath=f'{stem}.jpg',
            imageWidth=40,
            imageHeight=30,
            shapes=shapes), **kwargs)
    mini.text(f'{folder}/{stem}.json', json.dumps(document))


def convert(mini, raw='', **kwargs):
    """The report, with the classes."""
    report, classes = convert_polygons(
        str(mini.raw / raw), str(mini.out), **kwargs)
    report.classes = classes
    return report


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


def painted(*boxes):
    """Maps of classes and persons of (label, person, box)."""
    categories, humans = np.zeros((2, 30, 40), np.uint8)
    for label, person, (x1, y1, x2, y2) in boxes:
        categories[y1:y2, x1:x2] = label
        humans[y1:y2, x1:x2] = person
    return categories, humans


EXPECTED = painted(
    (3, 1, (2, 5, 12, 25)), (3, 2, (8, 10, 30, 20)), (1, 1, (2, 8, 5, 15)),
    (2, 2, (26, 12, 30, 20)), (255, 2, (8, 10, 10, 12)),
    (0, 0, (20, 10, 22, 20)))  # yapf: disable


class TestLabelMe:

    def test_conversion(self, mini):
        draw(mini, 'a', SHAPES)
        for _ in range(2):
            report = convert(mini)
        assert report.classes == CLASSES
        assert (report.num_images, report.num_persons) == (1, 2)
        mini.check('Training', 'a', *EXPECTED, 4)
        document = mini.document('Custom_train')
        assert document['info'] == dict(classes=list(CLASSES))
        assert [person['bbox']
                for person in document['annotations']] == [[2, 5, 10, 20],
                                                           [8, 10, 22, 10]]
        assert (mini.out / 'Training/Images/a.jpg').is_symlink()
        dataset = HumanParsingDataset(
            'annotations/Custom_train.json',
            data_root=str(mini.out),
            metainfo=dict(classes=CLASSES, flip_pairs=[(1, 2)]))
        assert len(dataset) == 2

    @pytest.mark.parametrize(
        'shapes,kwargs,boxes',
        [
            # By outline: 5 of 7 columns lie in the first; an id beats it.
            # Hats are 1, shirts 2; persons by their first part.
            ([
                shape('person', (0, 0, 20, 30)),
                shape('person', (18, 0, 40, 30), 7),
                shape('shirt', (15, 5, 22, 10)),
                shape('hat', (25, 0, 30, 5)),
                shape('hat', (0, 0, 3, 3), 7)
            ], {}, [(2, 1, (15, 5, 22, 10)), (1, 2, (25, 0, 30, 5)),
                    (1, 2, (0, 0, 3, 3))]),
            # '7' is 7, a blank is nobody: the outline owns what lies in it.
            ([
                shape('person', (0, 0, 20, 30), '7'),
                shape('hat', (0, 0, 3, 3), ' '),
                shape('hat', (5, 0, 9, 3), 7)
            ], {}, [(1, 1, (0, 0, 3, 3)), (1, 1, (5, 0, 9, 3))]),
            ([shape('hat', (0, 0, 5, 5)),
              shape('shirt', (0, 5, 9, 9))
              ], dict(single_person=True), [(1, 1, (0, 0, 5, 5)),
                                            (2, 1, (0, 5, 9, 9))]),
            # A rectangle of four corners.
            ([
                shape('hat', (3, 2, 13, 8), 1, shape_type='rectangle'),
                shape('shirt', (9, 2, 13, 8), 'x')
            ], {}, [(1, 1, (3, 2, 13, 8)), (2, 2, (9, 2, 13, 8))]),
            ([shape('Person', (0, 0, 20, 30)),
              shape('hat', (0, 0, 3, 3))
              ], dict(person_label='Person'), [(1, 1, (0, 0, 3, 3))]),
        ])
    def test_whose_a_part_is(self, shapes, kwargs, boxes, mini):
        draw(mini, 'a', shapes)
        convert(mini, **kwargs)
        for written, expected in zip(
                mini.maps('Training', 'a'), painted(*boxes)):
            np.testing.assert_array_equal(written, expected)

    def test_more_than_255_persons(self, mini):
        draw(mini, 'a', [
            shape('hat', (i % 40, i // 40, i % 40 + 1, i // 40 + 1), i + 1)
            for i in range(300)
        ])
        assert convert(mini).num_persons == 300
        _, humans, instances, _ = mini.maps('Training', 'a')
        assert humans.dtype == instances.dtype == np.uint16
        for written in (humans, instances):
            np.testing.assert_array_equal(written.ravel()[:300],
                                          np.arange(300) + 1)

    def test_notes(self, mini):
        draw(mini, 'a', [*SHAPES, shape('hat', (50, 0, 60, 9))])
        draw(mini, 'b', [shape('__ignore__', SQUARE, 1)])
        draw(mini, 'c', [shape('hat', SQUARE, 1), shape('hat', SQUARE, 2)])
        report = convert(mini)
        assert report.empty == ['b']
        (first, beside), hidden = report.notes
        assert first == 'a' and beside.endswith(
            'shape 6 (hat) covers no pixel of the image')
        assert hidden == ('c', 'person 1 left out, no pixel of it is visible')

    def test_classes(self, mini, capsys):
        draw(mini, 'a', SHAPES)
        draw(mini, 'c', SHAPES[:2])
        convert(mini)
        assert (
            mini.out /
            'annotations/classes.txt').read_text() == '\n'.join(CLASSES) + '\n'
        # The classes of the training run are kept.
        draw(mini, 'a', [shape('shirt', SQUARE, 1)])
        draw(mini, 'b', [shape('hat', SQUARE, 1)])
        report = convert(mini, split='val')
        assert report.classes == CLASSES and report.num_images == 2
        assert mini.maps('Validation', 'a')[0][5, 5] == 3
        assert 'b.json: shape 0 (hat) is none of' in report.skipped[0][1]
        assert 'an earlier run lacks hat' in capsys.readouterr().err
        mini.text('mine.txt', 'hat\nbackground\n\n shirt \n__ignore__')
        mine = str(mini.raw / 'mine.txt')
        report = convert(mini, split='val', classes=mine)
        assert report.classes == ('Background', 'hat', 'shirt')
        assert mini.maps('Validation', 'a')[0][5, 5] == 2

    @pytest.mark.parametrize('text,message', [
        (b'hat\n\n boot \nhat\n', 'classes.txt: the classes hat stand there '),
        (b'background\n', 'classes.txt: there is no class besides'),
        ('J\u00e4ckchen'.encode('latin-1'), 'classes.txt is no text in UTF-8'),
        (b'\n'.join(
            b'%d' % i
            for i in range(255)), 'num_classes is 256, allowed are 2 to 255'),
        (None, 'classes.txt does not exist'),
    ])
    def test_broken_lists_of_classes(self, text, message, mini):
        draw(mini, 'a', SHAPES)
        path = mini.raw / 'classes.txt'
        if text is not None:
            path.write_bytes(text)
        with pytest.raises(InputError, match=message):
            convert(mini, classes=str(path))

    @pytest.mark.parametrize('shapes,kwargs,reason', [
        ([shape('hat')], {}, 'shape 0 (hat) belongs to nobody'),
        ([shape('hat', shape_type='circle')], {},
         'shape 0 (hat) is a circle, allowed are'),
        ([shape('hat', points=[[1, 2], [3, 4]])], {},
         'shape 0 (hat) is no polygon'),
        ([shape('hat', points=[1, 2])], {}, 'has no list of points'),
        ([shape('hat', SQUARE, [1])], {}, 'has the person id [1]'),
        ([dict(points=[])], {}, 'shapes[0] has no label'),
        ([shape(' ')], {}, "label: ' ' is no name"),
        ([3], {}, 'shapes[0] must be an object'),
        ([shape('hat', (0, 0, 5, 10**9), 1)], {},
         'coordinate beyond 800 pixels, but the image is 40x30'),
        ([shape('hat', (0, 0, 5, 10**400), 1)], {}, 'no list of points'),
        (SHAPES, dict(imageWidth='40'), "has the size '40' x 30"),
        (SHAPES, dict(imageWidth=30, imageHeight=40), 'is 30x40 pixels'),
        (SHAPES, dict(imagePath='x\\z.jpg'), 'belongs to x/z.jpg, which is'),
        (None, {}, 'is no LabelMe file'),
    ])  # yapf: disable
    def test_skipped_with_reason(self, shapes, kwargs, reason, mini):
        draw(mini, 'a', SHAPES)
        draw(mini, 'b', shapes, **kwargs)
        (stem, why), = convert(mini).skipped
        assert stem in ('b', 'one/b.json') and reason in why

    def test_images_elsewhere(self, mini):
        draw(mini, 'b', SHAPES, 'photos')
        draw(mini, 'a', SHAPES, imagePath='..\\photos\\b.jpg')
        (mini.raw / 'photos/b.json').unlink()
        convert(mini)
        mini.check('Training', 'b', *EXPECTED, 4)
        draw(mini, 'a', SHAPES, imagePath='C:\\mine\\b.jpg')
        with pytest.raises(InputError, match='belongs to C:/mine/b.jpg, whi'):
            convert(mini)
        assert convert(mini, images=str(mini.raw / 'photos')).num_images == 1

    def test_files_as_people_save_them(self, mini):
        """Byte order marks, a national encoding, hidden and stray files."""
        shirt = '\u886c\u886b'
        for stem, encoding in (('7', 'utf-8-sig'), ('b', 'gb2312'), ('0030',
                                                                     'utf-8')):
            draw(mini, stem, [])
            text = json.dumps(
                dict(
                    imagePath=f'{stem}.jpg', shapes=[shape(shirt, SQUARE, 1)]),
                ensure_ascii=False)
            (mini.raw / f'one/{stem}.json').write_bytes(text.encode(encoding))
        (mini.raw / 'one/7.json').rename(mini.raw / 'one/9.JSON')
        for name in ('1.json', '._b.json', '.c/b.json', '__MACOSX/b.json'):
            mini.text(f'one/{name}', '{}')
        draw(mini, 'c', [shape(shirt, SQUARE, 1)])
        (mini.raw / 'one/c.jpg').write_bytes(b'')
        draw(mini, '5', [shape(shirt, SQUARE, 1)])
        report = convert(mini)
        assert report.classes == ('Background', shirt)
        assert [stem for stem, _ in report.skipped
                ] == ['one/1.json', 'one/b.json', 'c']
        assert 'one/b.json is not valid json' in report.skipped[1][1]
        # Numbers are ids beside stray files.
        images = mini.document('Custom_train')['images']
        assert [(image['id'], image['file_name'])
                for image in images] == [(30, '0030.jpg'), (5, '5.jpg'),
                                         (7, '7.jpg')]
        # The second run reads what the first has written.
        assert convert(mini, split='val').classes == report.classes

    def test_list_of_images(self, mini):
        for stem in 'ab':
            draw(mini, stem, SHAPES)
        mini.text('one/c.json', '{}')
        mini.text('ids.txt', 'b\nc\nd.jpg\na\n')
        report = convert(mini, ids=str(mini.raw / 'ids.txt'))
        assert mini.file_names('Custom_train') == ['b.jpg', 'a.jpg']
        (_, first), second = report.skipped
        assert 'one/c.json is no LabelMe file' in first
        assert second == ('d', 'd is not in the annotations')

    def test_refused_as_a_whole(self, mini):
        with pytest.raises(InputError, match='holds no json files'):
            convert(mini)
        draw(mini, 'a', SHAPES)
        draw(mini, 'a', SHAPES, 'two')
        with pytest.raises(InputError, match='two/a.jpg and .*one/a.jpg'):
            convert(mini)
        draw(mini, 'a', None, 'two')
        draw(mini, 'a', [shape('Person', (0, 0, 20, 30), 2), *SHAPES])
        with pytest.raises(InputError, match="'Person' is almost 'person'"):
            convert(mini)
        with pytest.raises(InputError, match='none of 1 json files in .*two'):
            convert(mini, 'two')
        with pytest.raises(InputError, match='nowhere is neither a folder'):
            convert(mini, 'nowhere')
        with pytest.raises(ValueError, match='split must be one of'):
            convert(mini, split='training')


@pytest.fixture
def coco(mini):
    """The same drawing as a COCO file, and a second image."""
    mini.photo('photos/sub/a.jpg')
    mini.photo('photos/b.jpg')
    names = ('shirt', 'person', 'left arm', 'right arm', '__ignore__',
             '_background_')
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
    mask = painted((1, 1, (4, 3, 6, 9)))[0]
    code = coco_mask.encode(np.asfortranarray(mask))
    rle = dict(size=[30, 40], counts=code['counts'].decode())
    for category, segmentation, more in ((20, flat(
            0, 0, 10,
            30), {}), (20, flat(20, 0, 40, 30),
                       {}), (10, rle,
                             {}), (30, flat(25, 2, 28, 4) + flat(30, 2, 33, 4),
                                   {}), (30, flat(0, 20, 2, 24),
                                         dict(attributes=dict(person_id=7)))):
        annotations.append(
            dict(
                category_id=category,
                image_id=8,
                segmentation=segmentation,
                **more))
    mini.coco = dict(
        images=[
            dict(id=31, file_name='sub\\a.jpg', width=40, height=30),
            dict(id=8, file_name='b.jpg')
        ],
        categories=[
            dict(id=10 * i, name=name) for i, name in enumerate(names, 1)
        ],
        annotations=[dict(row, id=i) for i, row in enumerate(annotations)])
    return mini


def convert_coco(coco, **kwargs):
    coco.text('parts.json', json.dumps(coco.coco))
    return convert(
        coco, 'parts.json', images=str(coco.raw / 'photos'), **kwargs)


class TestCoco:

    def check(self, coco, report, ids=(31, 8)):
        assert report.classes == ('Background', 'shirt', 'left arm',
                                  'right arm')
        table = np.arange(256)
        table[[3, 1, 2]] = [1, 2, 3]
        coco.check('Training', 'a', table[EXPECTED[0]], EXPECTED[1], 4)
        # By outline, and an outline's annotation id as the person's.
        expected = painted((1, 1, (4, 3, 6, 9)), (2, 2, (25, 2, 28, 4)),
                           (2, 2, (30, 2, 33, 4)), (2, 2, (0, 20, 2, 24)))
        coco.check('Training', 'b', *expected, 4)
        images = coco.document('Custom_train')['images']
        assert [image['id'] for image in images] == list(ids)

    def test_conversion(self, coco):
        self.check(coco, convert_coco(coco))

    def test_other_keys_and_labels(self, coco):
        for annotation in coco.coco['annotations']:
            annotation['owner'] = annotation.pop('person_id', None)
        coco.coco['annotations'][-1]['owner'] = 7
        coco.coco['categories'][1]['name'] = 'whole'
        self.check(
            coco,
            convert_coco(
                coco, person_label='whole', person_keys=['x', 'owner']))

    def test_as_other_programs_write_it(self, coco):
        """Blank persons, numbers as texts, attributes that are a list."""
        for annotation in coco.coco['annotations']:
            if annotation.get('person_id') is None:
                annotation.setdefault('attributes', [3, 'person_id'])
                annotation['person_id'] = ' '
            else:  # the blank key is passed over, and '2' is 2
                annotation['attributes'] = dict(
                    person_id=str(annotation['person_id']))
                annotation['person_id'] = ''
        for image in coco.coco['images']:
            image['id'] = f'x{image["id"]}'
        for annotation in coco.coco['annotations']:
            annotation['image_id'] = f'x{annotation["image_id"]}'
        self.check(coco, convert_coco(coco), (1, 2))

    def test_missing_photo(self, coco):
        (coco.raw / 'photos/b.jpg').unlink()
        (stem, reason), = convert_coco(coco).skipped
        assert stem == 'b' and reason.endswith('photos/b.jpg is missing')

    @pytest.mark.parametrize('key,index,change,message', [
        ('annotations', 0, dict(person_id=True), 'ion 0 has the person id Tr'),
        ('annotations', 0, dict(person_id=[2]), r'0 has the person id \[2\]'),
        ('annotations', 0, dict(image_id=5), 'ion 0 has image_id 5, which is'),
        ('annotations', 0, dict(category_id=5), '0 has category_id 5, which'),
        ('annotations', 0, dict(image_id=[31]), r'\[0\] has image_id \[31\],'),
        ('annotations', 0, dict(category_id={}), r'\[0\] has category_id {},'),
        ('images', 0, dict(width='40'), "image 31 has the size '40' x 30"),
        ('images', 1, dict(id=31), 'several images with the id 31'),
        ('images', 1, dict(file_name='x/a.jpg'), 'x/a.jpg and .*sub/a.jpg wo'),
        ('categories', 1, dict(name=None), '20 has no label: None is no name'),
        ('categories', 1, dict(id=10), 'several categories with the id 10'),
        ('annotations', 1, None, r'annotations\[1\] lacks the key .segmenta'),
        ('annotations', None, None, "lacks the list 'annotations'"),
    ])
    def test_broken_files(self, key, index, change, message, coco):
        if index is None:
            del coco.coco[key]
        elif change is None:
            del coco.coco[key][index]['segmentation']
        else:
            coco.coco[key][index].update(change)
        with pytest.raises(InputError, match=message):
            convert_coco(coco)


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


@pytest.mark.parametrize('counts,reason', [
    ([5], '5 pixels, but the image has 45'), ([10, 36], '46 pixels'),
    ([], '0 pixels'), ('', 'not a compressed'), (None, 'not a compressed'),
    ([50, -5], 'whole numbers'), ('zz', 'not a compressed'),
    ([45.], 'whole numbers'), ('5', '5 pixels')])  # yapf: disable
def test_broken_run_lengths(counts, reason):
    code = dict(size=[5, 9], counts=counts)
    with pytest.raises(InputError, match=reason):
        shape_mask(Shape('a', None, code, 'a'), (9, 5))


@pytest.mark.parametrize('polygons', [[], [[1, 2, 3, 4]], [[1, 2] * 3 + [1]],
                                      [[1, 2, 3, 4, 5, 'x']], 'counts', None])
def test_broken_polygons(polygons):
    with pytest.raises(InputError, match='a is no polygon'):
        shape_mask(Shape('a', None, polygons, 'a'), (9, 5))


def test_suggested_flip_pairs():
    classes = ('Background', 'Right-arm', 'hat', 'Left-arm', 'boot left',
               'boot right', 'leftover', 'left eye')
    assert suggest_flip_pairs(classes) == [(3, 1), (4, 5)]
    assert suggest_flip_pairs(('Background', 'hat')) == []
