# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import base64
import io
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from projects.qanet.densepose.submission import (decode_uv, encode_uv,
                                                 pack_record, person_records,
                                                 read_submission,
                                                 write_submission)
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError


def instances(boxes, maps, offsets, size, scores=None, image_id=4711):
    """Persons from (3, h, w) patches, U and V in windows."""
    number = len(boxes)
    scores = np.full(number, .5) if scores is None else scores
    parts = np.zeros((number, 24))
    return ParsingInstances(
        boxes,
        scores,
        scores,
        scores,
        scores,
        parts,
        parts,
        np.zeros(number), [one[0] for one in maps],
        offsets,
        size,
        image_id,
        uv_maps=[one[1:] for one in maps])


def random_uv(rng, height, width):
    uv = rng.integers(0, 256, (3, height, width)).astype(np.uint8)
    uv[0] = np.where(rng.random((height, width)) < .4, 0, uv[0] % 25)
    return uv


def test_golden_png(golden):
    """Written by the released system's libraries, with broken lines."""
    record = golden.values['png_example']
    assert '\n' in record['uv_data'] and record['uv_shape'] == [3, 31, 21]
    np.testing.assert_array_equal(decode_uv(record), golden.packing['uv_0'])


def test_golden_records(golden):
    """What the released system makes of maps of the whole image."""
    arrays = golden.packing
    maps = np.stack([arrays['index'], arrays['u'], arrays['v']], 1)
    boxes = np.array([[3.7, 5.2, 24.3, 36.1], [0, 0, 50, 40]])
    persons = instances(boxes, maps, np.zeros((2, 2)), (50, 40), [.9, .5])
    records = person_records(persons)
    assert [record['bbox'] for record in records] == [[3, 5, 21, 31],
                                                      [0, 0, 50, 40]]
    for i, record in enumerate(records):
        np.testing.assert_array_equal(record['uv'], arrays[f'uv_{i}'])
        assert (record['image_id'], record['category_id']) == (4711, 1)
    assert records[0]['score'] == float(np.float32(.9))


def test_windows_and_boxes():
    """Any window and any box, against the whole image; empty boxes go."""
    rng = np.random.default_rng(0)
    width, height = size = 40, 30
    windows = [(0, 0, 40, 30), (5, 3, 20, 22), (25, 20, 15, 10),
               (10, 12, 1, 1), (3, 4, 10, 10), (0, 0, 0, 0), (3, 3, 9, 9)]
    boxes = [[-7.5, -3, 55.9, 31], [7.9, 1.2, 21.4, 26], [2, 1, 12.5, 9],
             [9.1, 11.7, 12.6, 14.9], [-9, 3, -2, 9], [2.5, 2.5, 8, 7.9],
             [4.1, 5, 4.9, 9]]
    maps = [random_uv(rng, h, w) for _, _, w, h in windows]
    records = person_records(
        instances(boxes, maps, [w[:2] for w in windows], size))
    kept = [0, 1, 2, 3, 5]
    assert len(records) == len(kept)
    for record, i in zip(records, kept):
        x, y, w, h = windows[i]
        image = np.zeros((3, height, width), np.uint8)
        image[:, y:y + h, x:x + w] = maps[i]
        image[1:, image[0] == 0] = 0
        x1, x2 = (int(min(max(one, 0), width)) for one in boxes[i][::2])
        y1, y2 = (int(min(max(one, 0), height)) for one in boxes[i][1::2])
        assert record['bbox'] == [x1, y1, x2 - x1, y2 - y1]
        np.testing.assert_array_equal(record['uv'], image[:, y1:y2, x1:x2])


def test_what_is_no_dense_pose():
    rng = np.random.default_rng(1)
    persons = instances([[0, 0, 5, 6]], [random_uv(rng, 6, 5)], [[0, 0]],
                        (9, 9))
    with pytest.raises(InputError, match='25 classes and no uv_maps, dense'):
        person_records(replace(persons, uv_maps=None))
    parts = np.zeros((1, 19))
    with pytest.raises(InputError, match='gives 20 classes and some uv_maps'):
        person_records(
            replace(persons, part_scores=parts, part_pixel_scores=parts))
    for change in (dict(scores=[np.nan]), dict(bboxes=[[0, np.nan, 5, 6]])):
        with pytest.raises(
                InputError, match='image 4711 has a person whose .* not fin'):
            person_records(replace(persons, **change))
    assert person_records(ParsingInstances.empty((9, 9), 20)) == []


@pytest.fixture
def records():
    rng = np.random.default_rng(2)
    maps = [random_uv(rng, 6, 5), random_uv(rng, 7, 11)]
    return person_records(
        instances([[1, 2, 6, 8], [3, 0, 14, 7]], maps, [[1, 2], [3, 0]],
                  (20, 10), [.25, .1]))


def test_file(records, tmp_path):
    path = str(tmp_path / 'out' / 'results.json')
    write_submission(path, list(map(pack_record, records)))
    found = read_submission(path)
    assert found == json.loads(json.dumps(list(map(pack_record, records))))
    for record, expected in zip(found, records):
        assert list(record) == [
            'image_id', 'category_id', 'bbox', 'score', 'uv_shape', 'uv_data'
        ]
        assert record['score'] == expected['score']  # to the last bit
        np.testing.assert_array_equal(decode_uv(record), expected['uv'])
        assert decode_uv(record).flags['C_CONTIGUOUS']
    # The channels come last in the picture.
    data = base64.b64decode(found[1]['uv_data'])
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode, image.size) == ('PNG', 'RGB', (11,
                                                                         7))
    write_submission(path, [])
    assert read_submission(path) == []
    with pytest.raises(FileNotFoundError, match='no.json'):
        read_submission(str(tmp_path / 'no.json'))


def chunk(name, data):
    body = name + data
    return (len(data).to_bytes(4, 'big') + body +
            zlib.crc32(body).to_bytes(4, 'big'))


def png(width, height, kind=2, pixels=b''):
    """A PNG of 8 bits, without those pixels that are not given."""
    head = width.to_bytes(4, 'big') + height.to_bytes(4, 'big')
    data = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR',
                                        head + bytes([8, kind, 0, 0, 0]))
    data += chunk(b'IDAT', zlib.compress(pixels)) + chunk(b'IEND', b'')
    return base64.b64encode(data).decode()


@pytest.mark.parametrize('change, message', [
    (dict(image_id='7'), "image_id is '7', not a whole number"),
    (dict(category_id=None), 'category_id is None, not a whole'),
    (dict(score=float('nan')), 'score is nan, not a finite number'),
    (dict(bbox=[1, 2, 5.5, 6]), r'bbox is \[1, 2, 5.5, 6\], not \[x, y'),
    (dict(bbox=[1, 2, 0, 6]), r'bbox is \[1, 2, 0, 6\], not \[x, y, width'),
    (dict(bbox=[1, 2, 5]), 'bbox is'),
    (dict(bbox=[0, 0, 8193, 8192],
          uv_shape=[3, 8192, 8193]), 'bbox is .*at most 67108864 of them'),
    (dict(bbox=[1, 2, 6, 5]), r'uv_shape is \[3, 6, 5\], but bbox '
     r'\[1, 2, 6, 5\] asks for \[3, 5, 6\]'),
    (dict(uv_shape=[6, 5, 3]), r'uv_shape is \[6, 5, 3\], but'),
    (dict(uv_data=3), 'uv_data is not a text'),
])
def test_wrong_records(records, tmp_path, change, message):
    packed = list(map(pack_record, records))
    packed[0].update(change)
    path = tmp_path / 'x.json'
    path.write_text(json.dumps(packed[::-1]))
    with pytest.raises(InputError, match=rf'x.json\[1\]: {message}'):
        read_submission(str(path))
    with pytest.raises(InputError, match=rf'^records\[1\]: {message}'):
        write_submission(str(path), packed[::-1])


def test_wrong_documents(records, tmp_path):
    path = tmp_path / 'x.json'
    record = pack_record(records[0])
    del record['uv_shape']
    for document, message in (('{}', 'x.json must be a list, got dict'),
                              ('[3]', r'x.json\[0\] must be an object'),
                              (json.dumps([record]),
                               r"x.json\[0\] lacks the key 'uv_shape'"),
                              ('[', 'x.json is not valid json')):
        path.write_text(document)
        with pytest.raises(InputError, match=message):
            read_submission(str(path))


@pytest.mark.parametrize('data, message', [
    ('*', 'is not base64'),
    ('é', 'is not base64'),
    ('abcd', 'is no readable PNG'),
    ('', 'is no readable PNG'),
    (png(5, 6), 'is no readable PNG'),
    (png(5, 6, pixels=b'\0' * 40), 'is no readable PNG'),
    (png(6, 5), r'but uv_data is a PNG of \[3, 5, 6\] \(RGB\)'),
    (png(5, 6, kind=0), r'a PNG of \[1, 6, 5\] \(L\)'),
    (png(60000, 60000), r'a PNG of \[3, 60000, 60000\]|no readable PNG'),
])
def test_wrong_pictures(records, data, message):
    record = dict(pack_record(records[0]), uv_data=data)
    with pytest.raises(
            InputError,
            match=f'^file: .*uv_data {message}|^file: '
            f'uv_shape is .*{message}'):
        decode_uv(record, 'file')


def test_wrong_patches_and_formats(records):
    uv = records[0]['uv'].copy()
    uv[0, 2, 3] = 25
    with pytest.raises(
            InputError,
            match=r'^file: uv_data has the patch 25, allowed are 0\.\.24'):
        decode_uv(encode_uv(uv), 'file')
    file = io.BytesIO()
    Image.fromarray(uv.transpose(1, 2, 0)).save(file, 'BMP')
    record = dict(
        encode_uv(uv), uv_data=base64.b64encode(file.getvalue()).decode())
    with pytest.raises(InputError, match='uv_data is no readable PNG'):
        decode_uv(record)
