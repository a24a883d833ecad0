# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
from functools import partial

import cv2
import numpy as np
import pytest

from projects.qanet.detection.result_files import (read_probability_map,
                                                   read_records,
                                                   rescore_records,
                                                   score_probability_maps)
from projects.qanet.utils.errors import InputError

RLE = dict(size=[6, 9], counts='052000000')


def record(**fields):
    return dict(image_id=1, category_id=2, segmentation=RLE, **fields)


def test_fuses_the_ingredients_and_nothing_else():
    records = [
        record(score=.3, bbox_score=.9, iou_score=.5, pixel_score=.4),
        record(score=.2, bbox_score=.6, iou_score=1.2, pixel_score=.8)
    ]
    for weights in ((1, 0, 1), (1, .5, 3), (2, 0, 0)):
        scored = rescore_records(records, weights)
        for old, new in zip(records, scored):
            expected = (old['bbox_score']**weights[0] *
                        min(old['iou_score'], 1)**weights[1] *
                        old['pixel_score']**weights[2])**(1 / sum(weights))
            assert new['score'] == pytest.approx(expected)
            assert dict(new, score=old['score']) == old
    assert records[0]['score'] == .3  # not changed in place
    assert rescore_records([], (1, 0, 1)) == []


@pytest.mark.parametrize('fields,weights,message', [
    (dict(), (1, 0, 0), 'record 0 has no bbox_score'),
    (dict(bbox_score=.5), (1, 0, 1),
     'record 0 has no pixel_score. Masks as run lengths hold no prob'),
    (dict(bbox_score=.5, pixel_score=.5), (1, 1, 1), 'Mask Scoring R-CNN'),
    (dict(bbox_score='.5', pixel_score=.5), (1, 0, 1), "but is '.5'"),
    (dict(bbox_score=-1, pixel_score=.5), (1, 0, 1), 'at least 0'),
    (dict(bbox_score=.5, pixel_score=float('nan')), (1, 0, 1), 'is nan'),
    (dict(bbox_score=.5), (0, 0, 0), 'not all 0'),
])
def test_missing_and_bad_ingredients(fields, weights, message):
    with pytest.raises(InputError, match=message):
        rescore_records([record(score=.5, **fields)], weights)


@pytest.fixture
def maps(tmp_path):
    """A folder with the same map in all three forms."""
    folder = tmp_path / 'maps'
    folder.mkdir()
    probs = np.array([[.0, .2, .25, .6], [.8, .9, 1., .3]])
    np.save(folder / '000000.npy', probs.astype(np.float32))
    for i, dtype in ((1, np.uint8), (2, np.uint16)):
        values = np.round(probs * np.iinfo(dtype).max).astype(dtype)
        cv2.imwrite(str(folder / f'00000{i}.png'), values)
    return folder


def test_probability_maps(maps):
    probs = np.load(maps / '000000.npy')
    for name, atol in (('0.npy', 1e-6), ('1.png', 2e-3), ('2.png', 1e-5)):
        found = read_probability_map(maps / f'00000{name}')
        np.testing.assert_allclose(found, probs, atol=atol)
    for options, expected in (((), 3 / 6), (('mean', .5), 3.3 / 4)):
        scores = score_probability_maps(str(maps), 3, *options)
        np.testing.assert_allclose(scores, [expected] * 3, atol=1e-3)
    with pytest.raises(InputError, match='record 3 has no probability map'):
        score_probability_maps(str(maps), 4)


@pytest.mark.parametrize('name,content,message', [
    ('a.npy', np.array([[1.5, 0]]), 'a.npy.*in'),
    ('a.npy', np.zeros((1, 2, 3)), r'\(1, 2, 3\)'),
    ('a.png', np.zeros((2, 3, 3), np.uint8), 'mode is RGB'),
    ('a.npy', b'', 'a.npy cannot be read'),
    ('a.png', b'<html>', 'a.png cannot be read'),
])
def test_broken_maps(name, content, message, tmp_path):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif path.suffix == '.npy':
        np.save(path, content)
    else:
        cv2.imwrite(str(path), content)
    with pytest.raises(InputError, match=message):
        read_probability_map(path)


@pytest.mark.parametrize('text,message', [
    ('{', 'results.json is not valid json'),
    ('{"results": []}', 'results.json must be a list'),
    ('[{"image_id": 1}]', r"results.json\[0\] lacks the key 'score'"),
])
def test_bad_files(tmp_path, text, message):
    path = tmp_path / 'results.json'
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_records(str(path))


def test_the_tool(tmp_path, run_tool, maps):
    rescore = partial(run_tool, 'tools/analysis_tools/rescore_instances.py')
    source, out = tmp_path / 'in.json', tmp_path / 'new/out.json'
    records = [record(score=.9), record(score=.8), record(score=.7)]
    source.write_text(json.dumps(records), encoding='utf-8-sig')
    assert 'run lengths hold' in rescore(source, out, code=2).stderr
    assert not out.exists()
    rescore(source, out, '--probs-dir', maps)
    for old, new in zip(records, json.loads(out.read_text())):
        assert new['score'] == pytest.approx((old['score'] * .5)**.5)
        assert new['bbox_score'] == old['score'] and new['pixel_score'] == .5
        assert new['segmentation'] == RLE
    again = tmp_path / 'again.json'
    rescore(out, again, '--quality-weights', 1, 0, 0)
    assert [item['score'] for item in json.loads(again.read_text())
            ] == np.float32([.9, .8, .7]).tolist()
    rescore(source, source, code=2)
