# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import pytest

from projects.qanet.ground_truth import (ImageInfo, PersonInfo, load_persons,
                                         read_annotations)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import load_json

IMAGE = dict(id=1, file_name='a.jpg', width=30, height=20)
PERSON = dict(id=5, image_id=1, bbox=[1, 2, 3, 4], category_id=1)


def without(record, key):
    return {name: value for name, value in record.items() if name != key}


def write(tmp_path, document):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(document))
    return str(path)


def images(*records):
    return dict(images=list(records))


def person(**changes):
    return dict(images=[IMAGE], annotations=[dict(PERSON, **changes)])


@pytest.mark.parametrize('document,pattern', [
    ([], "lacks the key 'images'"),
    (dict(annotations=[]), "lacks the key 'images'"),
    (images(), 'lists no images'),
    (dict(images={}), 'images must be a list, got dict'),
    (images(IMAGE, 3), r'images\[1\] must be an object'),
    (images(without(IMAGE, 'width')), r"images\[0\] lacks the key 'width'"),
    (images(IMAGE, IMAGE), 'several images with the same id 1'),
    (images(dict(
        IMAGE, id='1')), r"images\[0\] has id '1', expected a whole number$"),
    (images(dict(IMAGE, id=[1])), r'images\[0\] has id \[1\]'),
    (images(dict(IMAGE, width='30')),
     r"images\[0\] has width '30', expected a whole number above 0"),
    (images(dict(IMAGE, height=0)), r'images\[0\] has height 0'),
    (images(dict(IMAGE, height=2.5)), r'images\[0\] has height 2.5'),
    (images(dict(IMAGE, width=True)), r'images\[0\] has width True'),
    (images(dict(IMAGE, file_name=3)), r'images\[0\] has file_name 3'),
    (dict(images(IMAGE), annotations=3), 'annotations must be a list'),
    (dict(images(IMAGE), annotations=[PERSON, without(
        PERSON, 'bbox')]), r"annotations\[1\] lacks the key 'bbox'"),
    (person(image_id=2), 'annotation 5 belongs to image_id 2'),
    (person(image_id=[1]), r'annotation 5 belongs to image_id \[1\]'),
    (person(bbox=[1, 2, 3]), r'annotation 5 has bbox \[1, 2, 3\]'),
    (person(bbox=[1, 2, '3', 4]), 'annotation 5 has bbox'),
])
def test_malformed_annotations(document, pattern, tmp_path):
    path = write(tmp_path, document)
    with pytest.raises(InputError, match=pattern) as error:
        load_persons(path)
    assert path in str(error.value)


@pytest.mark.parametrize('parsing_id',
                         [0, -1, 1.7, 1., '1', True, None, 65536, 10**10, [1]])
def test_ids_of_persons_are_bounded(parsing_id, tmp_path):
    path = write(tmp_path, person(parsing_id=parsing_id))
    for read in (load_persons, read_annotations):
        with pytest.raises(
                InputError,
                match='a.json: annotation 5 has '
                'parsing_id .*whole number 1..65535'):
            read(path)


def test_persons_of_an_image(tmp_path):
    """Largest and least id, and two of the same."""
    persons = [dict(image_id=1, parsing_id=i) for i in (65535, 1)]
    path = write(tmp_path, dict(images=[IMAGE], annotations=persons))
    image = read_annotations(path)[1]
    assert image == ImageInfo(1, 'a.jpg', 30, 20,
                              (PersonInfo(65535, False), PersonInfo(1, False)))
    assert image.size == (30, 20)
    path = write(tmp_path, dict(images=[IMAGE], annotations=persons * 2))
    with pytest.raises(
            InputError,
            match='a.json: the image id 1 has two annotations with the '
            'parsing_id 65535'):
        read_annotations(path)


def test_images_come_in_the_order_of_their_ids(tmp_path):
    path = write(tmp_path, images(*(dict(IMAGE, id=i) for i in (9, -2, 4))))
    assert list(read_annotations(path)) == [-2, 4, 9]
    assert load_persons(path)['annotations'] == []


def test_only_persons_count(tmp_path):
    """A chair needs no parsing_id; without a category it is a person."""
    persons = [
        dict(image_id=1, category_id=62),
        dict(image_id=1, category_id=1, parsing_id=4, iscrowd=1),
        dict(image_id=1, parsing_id=7),
        dict(image_id=1, category_id=3, parsing_id=9)
    ]
    path = write(tmp_path, dict(images=[IMAGE], annotations=persons))
    assert read_annotations(path)[1].persons == (PersonInfo(4, True),
                                                 PersonInfo(7, False))
    found = read_annotations(path, person_cat_ids=(3, ))[1].persons
    assert found == (PersonInfo(7, False), PersonInfo(9, False))
    with pytest.raises(InputError, match="lacks the key 'parsing_id'"):
        read_annotations(path, person_cat_ids=(62, ))


def test_what_is_no_person_is_not_looked_at(tmp_path):
    others = [dict(image_id=1, category_id=62, parsing_id=0, bbox=None)]
    path = write(tmp_path, dict(images=[IMAGE], annotations=[PERSON, *others]))
    found = load_persons(path, person_cat_ids=(1, ))['annotations']
    assert found == [PERSON]
    path = write(tmp_path, dict(images=[IMAGE], annotations=3 * others))
    for read in (read_annotations, load_persons):
        with pytest.raises(
                InputError,
                match=r'a.json has no box of category \[1\]; most frequent '
                r'are 62 \(3 boxes\)'):
            read(path, person_cat_ids=(1, ))


def test_files_of_windows(tmp_path):
    """Backslashes, and a byte order mark."""
    path = tmp_path / 'a.json'
    document = dict(images=[dict(IMAGE, file_name='sub\\a.jpg')])
    path.write_text(json.dumps(document), encoding='utf-8-sig')
    assert read_annotations(str(path))[1].file_name == 'sub/a.jpg'
    path.write_bytes('{"images": "\u4eba"}'.encode('gb2312'))
    with pytest.raises(InputError, match='a.json is not valid json'):
        read_annotations(str(path))


def test_bytes_may_come_from_elsewhere(tmp_path):
    asked = []

    def read(path):
        asked.append(path)
        return json.dumps(dict(images=[IMAGE])).encode()

    assert load_persons('s3://x', read=read)['images'] == [IMAGE]
    assert asked == ['s3://x']


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='is a folder'):
        load_json(str(tmp_path))
    with pytest.raises(FileNotFoundError, match='no.json does not exist'):
        load_json(str(tmp_path / 'no.json'))
    path = tmp_path / 'val.json'
    path.write_text('{"images": [')
    with pytest.raises(InputError, match='val.json is not valid json'):
        load_json(str(path))
