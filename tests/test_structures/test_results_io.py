# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import copy
import json

import pytest

from projects.qanet.structures import (read_results, read_results_document,
                                       write_results)
from projects.qanet.utils.errors import InputError

CLASSES = ['background', 'head', 'torso']
IMAGE = dict(id=17, file_name='a.jpg', width=7, height=5)
MASK = dict(size=[5, 7], counts='237')
RECORD = dict(
    image_id=17,
    category_id=1,
    bbox=[1., 2., 3., 4.],
    score=.5,
    bbox_score=.9,
    iou_score=None,
    pixel_score=.4,
    parts=[
        dict(label=label, score=.3, pixel_score=.2, segmentation=MASK)
        for label in (1, 2)
    ])


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / 'results.json')


def rewrite(path, change, encoding='utf-8'):
    """Change the document of a file."""
    with open(path) as file:
        document = json.load(file)
    change(document)
    with open(path, 'w', encoding=encoding) as file:
        json.dump(document, file)


def test_there_and_back(path):
    """A mark of UTF-8 and paths written on Windows do no harm."""
    records = [RECORD, RECORD, dict(RECORD, image_id=18)]
    image = dict(IMAGE, file_name='v0\\a..b.jpg')
    write_results(path, records, CLASSES, (1, .5, 3), .2, [image])
    rewrite(path, lambda document: document.update(images=[image]),
            'utf-8-sig')
    document = read_results_document(path)
    assert read_results(path) == (document.info, document.records)
    assert document.records == records
    assert document.images == [dict(IMAGE, file_name='v0/a..b.jpg')]
    assert document.info == dict(
        format='human-parsing-results',
        version=1,
        num_classes=3,
        classes=CLASSES,
        quality_weights=[1., .5, 3.],
        pixel_score_thr=.2)


def test_writer_refuses_what_readers_refuse(path):
    wrong = dict(RECORD, score=float('nan'))
    with pytest.raises(InputError, match=r'records\[0\].score is nan'):
        write_results(path, [wrong], CLASSES, (1, 1, 1), .2)
    with pytest.raises(InputError, match='num_classes is 400.* 2..255'):
        write_results(path, [], [str(i) for i in range(400)], None, None)


@pytest.mark.parametrize(
    'images, message',
    [([dict(IMAGE, file_name=name)], r'images\[0\].file_name is')
     for name in ('', 'a/../../b.jpg', '/etc/a.jpg', '..\\evil.jpg',
                  'C:\\a.jpg', None)] +
    [
        ([dict(IMAGE, width=10**400)], r'images\[0\].width is 10{79}, not'),
        ([dict(IMAGE, height=0)], r'images\[0\].height is 0'),
        ([IMAGE, dict(IMAGE, file_name='b.jpg')
          ], r'images\[0\] and images\[1\] have the same id 17'),
    ])
def test_images_that_would_lead_astray(path, images, message):
    with pytest.raises(InputError, match=message):
        write_results(path, [], CLASSES, None, None, images)
    write_results(path, [], CLASSES, None, None, [])
    rewrite(path, lambda document: document.update(images=images))
    with pytest.raises(InputError, match=message):
        read_results(path)


@pytest.mark.parametrize('keys, value, message', [
    ('info.format', 'coco', "info.format is 'coco'"),
    ('info', ..., 'info.format is None'),
    ('info.version', 2, 'info.version is 2, this reader knows'),
    ('info.num_classes', 4, 'num_classes = 4 names'),
    ('results', {}, 'results must be a list'),
    ('images', {}, 'images must be a list'),
    ('results.1', 3, r'results\[1\] is not an object'),
    ('results.1.parts', ..., r"results\[1\] has no 'parts'"),
    ('results.1.parts', {}, r'results\[1\].parts is not a list'),
    ('results.1.image_id', True, r'results\[1\].image_id is True'),
    ('results.1.bbox', [1, 2, -3, 4], r'results\[1\].bbox is'),
    ('results.1.bbox', [1, 2, 10**400, 4], r'results\[1\].bbox is'),
    ('results.1.score', float('inf'), r'results\[1\].score is inf'),
    ('results.1.score', '1', r"results\[1\].score is '1'"),
    ('results.1.bbox_score', -.1, r'results\[1\].bbox_score is -0.1'),
    ('results.1.parts.0.label', 3, r'parts\[0\].label is 3, allowed'),
    ('results.1.parts.0.label', 0, r'parts\[0\].label is 0, allowed'),
    ('results.1.parts.0.label', 2, r'\[1\].parts\[1\].label is 2 after 2'),
    ('results.1.parts.0.segmentation.size', [5], r'ion.size is \[5\]'),
    ('results.1.parts.0.segmentation.counts', [2, 3], 'is not a string'),
])
def test_malformed(path, keys, value, message):

    def change(document):
        *steps, last = [
            int(key) if key.isdigit() else key for key in keys.split('.')
        ]
        for key in steps:
            document = document[key]
        document[last] = value
        if value is ...:
            del document[last]

    write_results(path, [RECORD, copy.deepcopy(RECORD)], CLASSES, None, .2)
    rewrite(path, change)
    with pytest.raises(InputError, match=message) as caught:
        read_results(path)
    assert path in str(caught.value)


def test_no_results_file(path):
    with pytest.raises(FileNotFoundError, match='results.json'):
        read_results(path)
    for text in ('', '[]', '{"info": ', '\x00'):
        with open(path, 'w') as file:
            file.write(text)
        with pytest.raises(InputError, match='results.json'):
            read_results(path)
