# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.datasets.conversion.shapes import Shape, shape_mask
from projects.qanet.utils.errors import InputError
from .drawings import EXPECTED, SHAPES, convert_drawing, flat, painted


@pytest.fixture
def coco(mini):
    """The same drawing as a COCO file, and a second image."""
    mini.photo('photos/sub/a.jpg')
    mini.photo('photos/b.jpg')
    names = ('shirt', 'person', 'left arm', 'right arm', '__ignore__',
             '_background_')
    annotations = []
    for entry in SHAPES:
        (x1, y1), *_, (x2, y2) = sorted(entry['points'])
        annotations.append(
            dict(
                category_id=10 * names.index(entry['label']) + 10,
                image_id=31,
                segmentation=flat(x1, y1, x2, y2),
                person_id=entry['group_id'],
                attributes=dict(person_id=99)))
    mask = np.asfortranarray(painted((1, 1, (4, 3, 6, 9)))[0])
    counts = coco_mask.encode(mask)['counts'].decode()
    second = [
        (20, flat(0, 0, 10, 30), {}),
        (20, flat(20, 0, 40, 30), {}),
        (10, dict(size=[30, 40], counts=counts), {}),
        (30, flat(25, 2, 28, 4) + flat(30, 2, 33, 4), {}),
        (30, flat(0, 20, 2, 24), dict(attributes=dict(person_id=7))),
    ]
    annotations += [
        dict(category_id=category, image_id=8, segmentation=outline, **more)
        for category, outline, more in second
    ]
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
    return convert_drawing(
        coco, 'parts.json', images=str(coco.raw / 'photos'), **kwargs)


def check(coco, ids):
    report = convert_coco(coco)
    assert report.classes == ('Background', 'shirt', 'left arm', 'right arm')
    table = np.arange(256)
    table[[3, 1, 2]] = [1, 2, 3]
    coco.check('Training', 'a', table[EXPECTED[0]], EXPECTED[1], 4)
    # By outline, and an outline's annotation id as the person's.
    expected = painted((1, 1, (4, 3, 6, 9)), (2, 2, (25, 2, 28, 4)),
                       (2, 2, (30, 2, 33, 4)), (2, 2, (0, 20, 2, 24)))
    coco.check('Training', 'b', *expected, 4)
    images = coco.document('Custom_train')['images']
    assert [image['id'] for image in images] == ids


def test_conversion(coco):
    check(coco, [31, 8])
    (coco.raw / 'photos/b.jpg').unlink()
    (stem, reason), = convert_coco(coco).skipped
    assert stem == 'b' and reason.endswith('photos/b.jpg is missing')


def test_as_other_programs_write_it(coco):
    """Blank persons, numbers as texts, attributes that are a list."""
    for annotation in coco.coco['annotations']:
        if annotation.get('person_id') is None:
            annotation.setdefault('attributes', [3, 'person_id'])
            annotation['person_id'] = ' '
        else:  # the blank key is passed over, and '2' is 2
            annotation['attributes'] = dict(
                person_id=str(annotation['person_id']))
            annotation['person_id'] = ''
        annotation['image_id'] = f'x{annotation["image_id"]}'
    for image in coco.coco['images']:
        image['id'] = f'x{image["id"]}'
    check(coco, [1, 2])


@pytest.mark.parametrize('key,index,change,message', [
    ('annotations', 0, dict(person_id=True), 'ion 0 has the person id Tr'),
    ('annotations', 0, dict(image_id=5), 'ion 0 has image_id 5, which is'),
    ('annotations', 0, dict(category_id=5), '0 has category_id 5, which'),
    ('annotations', 0, dict(image_id=[31]), r'\[0\] has image_id \[31\],'),
    ('images', 1, dict(id=31), 'several images with the id 31'),
    ('images', 1, dict(file_name='x/a.jpg'), 'x/a.jpg and .*sub/a.jpg wo'),
    ('categories', 1, dict(name=None), '20 has no label: None is no name'),
    ('annotations', 1, None, r'annotations\[1\] lacks the key .segmenta'),
])
def test_broken_files(key, index, change, message, coco):
    if change is None:
        del coco.coco[key][index]['segmentation']
    else:
        coco.coco[key][index].update(change)
    with pytest.raises(InputError, match=message):
        convert_coco(coco)
    del coco.coco[key]
    with pytest.raises(InputError, match=f'lacks the list {key!r}'):
        convert_coco(coco)


def test_shape_mask():

    def mask(segmentation, size=(9, 5)):
        return shape_mask(Shape('a', None, segmentation, 'a'), size)

    # A pixel belongs to a polygon if its centre does.
    assert mask([[0, 0, 8, 0, 0, 4]]).sum(axis=1)[3:].tolist() == [1, 0]
    outside = mask(flat(-5, -5, 2, 100))
    assert outside[:, :2].all() and not outside[:, 2:].any()
    counts = dict(size=[5, 9], counts=[10, 5, 30])
    assert mask(counts).sum(axis=0).tolist() == [0, 0, 5, 0, 0, 0, 0, 0, 0]
    with pytest.raises(InputError, match=r'size \(h, w\) \[5, 9\], but the'):
        mask(counts, (5, 9))


@pytest.mark.parametrize('counts,reason', [
    ([5], '5 pixels, but the image has 45'), ([], '0 pixels'),
    (None, 'not a compressed'), ('zz', 'not a compressed'),
    ([50, -5], 'whole numbers'), ('5', '5 pixels')])  # yapf: disable
def test_broken_run_lengths(counts, reason):
    code = dict(size=[5, 9], counts=counts)
    with pytest.raises(InputError, match=reason):
        shape_mask(Shape('a', None, code, 'a'), (9, 5))


@pytest.mark.parametrize('polygons', [[], [[1, 2, 3, 4]], [[1, 2] * 3 + [1]],
                                      [[1, 2, 3, 4, 5, 'x']], 'counts', None])
def test_broken_polygons(polygons):
    with pytest.raises(InputError, match='a is no polygon'):
        shape_mask(Shape('a', None, polygons, 'a'), (9, 5))
