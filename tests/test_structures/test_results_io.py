# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import copy
import json

import pytest

from projects.qanet.structures import (read_results, read_results_document,
                                       write_results)
from projects.qanet.utils.errors import InputError

CLASSES = ['background', 'head', 'torso']


@pytest.fixture
def record():
    return {
        'image_id':
        17,
        'category_id':
        1,
        'bbox': [1., 2., 3., 4.],
        'score':
        .5,
        'bbox_score':
        .9,
        'iou_score':
        None,
        'pixel_score':
        .4,
        'parts': [{
            'label': label,
            'score': .3,
            'pixel_score': .2,
            'segmentation': {
                'size': [5, 7],
                'counts': '237'
            }
        } for label in (1, 2)]
    }


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / 'results.json')


def test_there_and_back(path, record):
    other = dict(copy.deepcopy(record), image_id=18)
    images = [dict(id=17, file_name='a.jpg', width=7, height=5)]
    write_results(path, [record, other], CLASSES, (1, .5, 3), .2, images)
    info, records = read_results(path)
    assert records == [record, other]
    assert info == {
        'format': 'human-parsing-results',
        'version': 1,
        'num_classes': 3,
        'classes': CLASSES,
        'quality_weights': [1., .5, 3.],
        'pixel_score_thr': .2
    }
    with open(path) as file:
        assert json.load(file)['images'] == images


def test_writer_refuses_what_readers_refuse(path, record):
    record['score'] = float('nan')
    with pytest.raises(InputError, match=r'records\[0\].score is nan'):
        write_results(path, [record], CLASSES, (1, 1, 1), .2)


def test_writer_refuses_more_classes_than_readers_know(path):
    with pytest.raises(InputError, match='num_classes is 400.* 2..255'):
        write_results(path, [], [str(i) for i in range(400)], None, None)


IMAGE = dict(id=17, file_name='a.jpg', width=7, height=5)


@pytest.mark.parametrize(
    'images, message',
    [([dict(IMAGE, file_name=name)], r'images\[0\].file_name is')
     for name in ('', '../evil.jpg', 'a/../../b.jpg', '/etc/a.jpg',
                  '..\\evil.jpg', 'C:\\a.jpg', None)] +
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
    with open(path) as file:
        document = dict(json.load(file), images=images)
    with open(path, 'w') as file:
        json.dump(document, file)
    with pytest.raises(InputError, match=message):
        read_results(path)


def test_paths_written_on_windows(path):
    write_results(path, [], CLASSES, None, None, [IMAGE])
    with open(path) as file:
        document = json.load(file)
    document['images'][0]['file_name'] = 'v0\\a..b.jpg'
    with open(path, 'w') as file:
        json.dump(document, file)
    image, = read_results_document(path).images
    assert image == dict(IMAGE, file_name='v0/a..b.jpg')


def change(document, keys, value):
    """Set (or delete, with ...) the value behind a path of keys."""
    for key in keys[:-1]:
        document = document[key]
    if value is ...:
        del document[keys[-1]]
    else:
        document[keys[-1]] = value


RECORD, PART = ('results', 1), ('results', 1, 'parts', 0)


@pytest.mark.parametrize('keys, value, message', [
    (('info', 'format'), 'coco', "info.format is 'coco'"),
    (('info', ), ..., 'info.format is None'),
    (('info', 'version'), 2, 'info.version is 2, this reader knows'),
    (('info', 'num_classes'), 1, 'info.num_classes is 1'),
    (('info', 'num_classes'), 4, 'num_classes = 4 names'),
    (('results', ), {}, 'results must be a list'),
    (RECORD, 3, r'results\[1\] is not an object'),
    (RECORD + ('parts', ), ..., r"results\[1\] has no 'parts'"),
    (RECORD + ('image_id', ), '17', r"results\[1\].image_id is '17'"),
    (RECORD + ('image_id', ), True, r'results\[1\].image_id is True'),
    (RECORD + ('bbox', ), [1, 2, -3, 4], r'results\[1\].bbox is'),
    (RECORD + ('bbox', ), [1, 2, 3], r'results\[1\].bbox is'),
    (RECORD + ('score', ), float('nan'), r'results\[1\].score is nan'),
    (RECORD + ('score', ), float('inf'), r'results\[1\].score is inf'),
    (RECORD + ('bbox_score', ), -.1, r'results\[1\].bbox_score is -0.1'),
    (RECORD + ('score', ), 10**400, r'results\[1\].score is 10{79}, a'),
    (RECORD + ('bbox', ), [1, 2, 10**400, 4], r'results\[1\].bbox is'),
    (RECORD + ('image_id', ), 10**400, r'results\[1\].image_id is 10{79},'),
    (RECORD + ('score', ), '1', r"results\[1\].score is '1'"),
    (RECORD + ('parts', ), {}, r'results\[1\].parts is not a list'),
    (PART + ('label', ), 3, r'results\[1\].parts\[0\].label is 3, allowed'),
    (PART + ('label', ), 0, r'results\[1\].parts\[0\].label is 0, allowed'),
    (PART + ('label', ), 2, r'results\[1\].parts\[1\].label is 2 after 2'),
    (PART + ('score', ), -1, r'results\[1\].parts\[0\].score is -1'),
    (PART + ('segmentation', 'size'), [5], r'segmentation.size is \[5\]'),
    (PART + ('segmentation', 'counts'), [2, 3], 'counts is not a string'),
])
def test_malformed(path, record, keys, value, message):
    other = dict(copy.deepcopy(record), image_id=18)
    write_results(path, [record, other], CLASSES, (1, 1, 1), .2)
    with open(path) as file:
        document = json.load(file)
    change(document, keys, value)
    with open(path, 'w') as file:
        json.dump(document, file)
    with pytest.raises(InputError, match=message) as caught:
        read_results(path)
    assert path in str(caught.value)


def test_persons_with_equal_boxes(path, record):
    """Such a file is written, so it is read; a mark of UTF-8 does no harm."""
    write_results(path, [record, record], CLASSES, (1, 1, 1), .2)
    with open(path) as file:
        text = file.read()
    with open(path, 'w', encoding='utf-8-sig') as file:
        file.write(text)
    assert read_results(path)[1] == [record, record]


@pytest.mark.parametrize('text', ['', '[]', '{"info": ', '\x00'])
def test_no_results_file(path, text):
    with open(path, 'w') as file:
        file.write(text)
    with pytest.raises(InputError, match='results.json'):
        read_results(path)


def test_missing_file(path):
    with pytest.raises(FileNotFoundError, match='results.json'):
        read_results(path)
