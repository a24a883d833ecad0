# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import pytest

from projects.qanet.ground_truth import (ImageInfo, PersonInfo, load_persons,
                                         read_annotations)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import load_json

IMAGE = dict(id=1, file_name='a.jpg', width=30, height=20)
PERSON = dict(id=5, image_id=1, bbox=[1, 2, 3, 4], category_id=1)
NO_BOX = dict(id=5, image_id=1, category_id=1)
BOUNDS = 'annotation 5 has parsing_id .*whole number 1..65535'


@pytest.fixture
def write(tmp_path):

    def write(document, encoding='utf-8'):
        path = tmp_path / 'a.json'
        path.write_text(json.dumps(document), encoding)
        return str(path)

    return write


def image(**changes):
    return dict(images=[dict(IMAGE, **changes)])


def person(**changes):
    return dict(images=[IMAGE], annotations=[dict(PERSON, **changes)])


@pytest.mark.parametrize('document,pattern', [
    ([], "lacks the key 'images'"),
    (dict(annotations=[]), "lacks the key 'images'"),
    (dict(images=[]), 'lists no images'),
    (dict(images={}), 'images must be a list, got dict'),
    (dict(images=[IMAGE, 3]), r'images\[1\] must be an object'),
    (dict(images=[NO_BOX]), r"images\[0\] lacks the key 'file_name'"),
    (dict(images=[IMAGE, IMAGE]), 'several images with the same id 1'),
    (image(id=[1]), r'images\[0\] has id \[1\], expected a whole number$'),
    (image(width='30'),
     r"images\[0\] has width '30', expected a whole number above 0"),
    (image(width=True), r'images\[0\] has width True'),
    (image(height=0), r'images\[0\] has height 0'),
    (image(height=2.5), r'images\[0\] has height 2.5'),
    (image(file_name=3), r'images\[0\] has file_name 3, expected a text'),
    (dict(image(), annotations=3), 'annotations must be a list'),
    (dict(image(), annotations=[PERSON, NO_BOX
                                ]), r"annotations\[1\] lacks the key 'bbox'"),
    (person(image_id=2), 'annotation 5 belongs to image_id 2'),
    (person(image_id=[1]), r'annotation 5 belongs to image_id \[1\]'),
    (person(bbox=[1, 2, 3]), r'annotation 5 has bbox \[1, 2, 3\]'),
    (person(bbox=[1, 2, '3', 4]), 'annotation 5 has bbox'),
    *((person(parsing_id=value), BOUNDS)
      for value in (0, 1., '1', True, None, 65536)),
])
def test_malformed_annotations(document, pattern, write):
    path = write(document)
    with pytest.raises(InputError, match=pattern) as error:
        load_persons(path)
    assert path in str(error.value)


def test_persons_of_an_image(write):
    """Largest and least id, and two of the same."""
    persons = [dict(image_id=1, parsing_id=i) for i in (65535, 1)]
    found = read_annotations(write(dict(image(), annotations=persons)))[1]
    assert found == ImageInfo(1, 'a.jpg', 30, 20,
                              (PersonInfo(65535, False), PersonInfo(1, False)))
    assert found.size == (30, 20)
    with pytest.raises(
            InputError,
            match='a.json: the image id 1 has two annotations with the '
            'parsing_id 65535'):
        read_annotations(write(dict(image(), annotations=persons * 2)))


def test_images_come_in_the_order_of_their_ids(write):
    """Without any person; Windows adds backslashes and a byte order mark."""
    images = [dict(IMAGE, id=i, file_name='s\\a.jpg') for i in (9, -2, 4)]
    path = write(dict(images=images), 'utf-8-sig')
    found = [(i, im.file_name) for i, im in read_annotations(path).items()]
    assert found == [(-2, 's/a.jpg'), (4, 's/a.jpg'), (9, 's/a.jpg')]
    assert load_persons(path)['annotations'] == []


def test_only_persons_count(write):
    """A chair may have anything; without a category it is a person."""
    chair = dict(image_id=1, category_id=62, bbox=None)
    path = write(
        dict(
            image(),
            annotations=[
                dict(chair, parsing_id=0),
                dict(image_id=1, category_id=1, parsing_id=4, iscrowd=1),
                dict(image_id=1, parsing_id=7),
                dict(image_id=1, category_id=3, parsing_id=9)
            ]))
    assert read_annotations(path)[1].persons == (PersonInfo(4, True),
                                                 PersonInfo(7, False))
    found = read_annotations(path, person_cat_ids=(3, ))[1].persons
    assert found == (PersonInfo(7, False), PersonInfo(9, False))
    path = write(dict(image(), annotations=[dict(image_id=1)]))
    with pytest.raises(InputError, match="lacks the key 'parsing_id'"):
        read_annotations(path)
    path = write(dict(image(), annotations=3 * [chair]))
    with pytest.raises(
            InputError,
            match=r'a.json has no box of category \[1\]; most frequent '
            r'are 62 \(3 boxes\)'):
        load_persons(path, person_cat_ids=(1, ))


def test_bytes_may_come_from_elsewhere():
    files = {'s3://x': json.dumps(image()).encode()}
    assert load_persons('s3://x', read=files.get)['images'] == [IMAGE]


@pytest.mark.parametrize('name, content, words', [
    ('', b'', 'is a folder'),
    ('no.json', None, 'no.json does not exist'),
    ('val.json', b'{"images": [', 'val.json is not valid json'),
    ('val.json', '"\u4eba"'.encode('gb2312'), 'val.json is not valid json'),
])
def test_missing_and_broken_files(name, content, words, tmp_path):
    if name and content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises((FileNotFoundError, InputError), match=words):
        load_json(str(tmp_path / name))
