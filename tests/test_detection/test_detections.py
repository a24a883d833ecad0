# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer
from mmdet.evaluation import CocoMetric
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from projects.qanet.datasets import HumanParsingDataset
from projects.qanet.detection.detections import (read_detections,
                                                 select_detections)
from projects.qanet.utils.errors import InputError

IMAGES = {
    7: dict(id=7, file_name='b.jpg', width=60, height=40),
    3: dict(id=3, file_name='a.jpg', width=50, height=80),
    9: dict(id=9, file_name='c.jpg', width=30, height=20)
}
FOUND = [  # image id, label, xyxy, score
    (7, 0, (6., 5., 26., 35.), .8),
    (7, 0, (5., 5., 25., 35.), .9),  # nearly the first
    (7, 2, (5., 5., 25., 35.), .95),  # no person
    (7, 0, (30., 2., 55., 38.), .6),
    (7, 0, (70., 2., 80., 38.), .7),  # outside
    (3, 0, (10., 20., 30., 70.), .5),
    (3, 0, (12., 20., 40., 60.), .25),
]


@pytest.fixture
def ann_file(tmp_path):
    path = tmp_path / 'val.json'
    document = dict(
        images=list(IMAGES.values()),
        annotations=[],
        categories=[dict(id=1, name='person'),
                    dict(id=5, name='dog')])
    path.write_text(json.dumps(document))
    return path


def samples():
    """What a detector with the labels person, cat, dog gives."""
    for image_id, image in IMAGES.items():
        own = [found for found in FOUND if found[0] == image_id]
        yield DetDataSample(
            metainfo=dict(
                img_id=image_id,
                img_path='somewhere/' + image['file_name'],
                ori_shape=(image['height'], image['width'])),
            pred_instances=InstanceData(
                labels=torch.tensor([f[1] for f in own], dtype=torch.long),
                bboxes=torch.tensor([f[2] for f in own]).view(-1, 4),
                scores=torch.tensor([f[3] for f in own])))


@pytest.fixture
def coco_file(ann_file, tmp_path):
    """The detections as CocoMetric writes them."""
    metric = CocoMetric(
        str(ann_file),
        format_only=True,
        metric='bbox',
        outfile_prefix=str(tmp_path / 'coco'))
    metric.dataset_meta = dict(classes=('person', 'cat', 'dog'))
    metric.cat_ids = [1, 4, 5]
    metric.process({}, [sample.to_dict() for sample in samples()])
    metric.evaluate(len(IMAGES))
    return tmp_path / 'coco.bbox.json'


@pytest.fixture
def folder(tmp_path):
    """The detections as DetInferencer writes them."""
    for sample in samples():
        DetInferencer.pred2dict(None, sample, str(tmp_path / 'out'))
    return tmp_path / 'out'


@pytest.mark.parametrize('source,place,dogs', [('coco_file', '.', [5]),
                                               ('folder', '.', [2]),
                                               ('folder', 'preds', [2])])
def test_sources_give_the_persons(source, place, dogs, request):
    path = str(request.getfixturevalue(source) / place)
    for label, cat_ids in ((0, None), (2, dogs)):
        wanted = [found for found in FOUND if found[1] == label]
        records = read_detections(path, IMAGES, cat_ids)
        assert [r['image_id'] for r in records] == [w[0] for w in wanted]
        assert {r['category_id'] for r in records} == {1}
        for record, (_, _, (x1, y1, x2, y2), score) in zip(records, wanted):
            np.testing.assert_allclose(record['bbox'],
                                       [x1, y1, x2 - x1, y2 - y1])
            assert record['score'] == pytest.approx(score)


def test_filters(coco_file):
    records = read_detections(str(coco_file), IMAGES)
    kept, counts = select_detections(records, IMAGES, .5, .5, 1)
    assert [(r['image_id'], round(r['score'], 3)) for r in kept] == [(7, .9),
                                                                     (3, .5)]
    assert counts == (6, 1, 1, 1, 1, 2, 1)
    # The IoU of the two is 0.905.
    assert select_detections(records, IMAGES, nms_thr=.9)[1].suppressed == 1
    kept, counts = select_detections(records, IMAGES, nms_thr=.91)
    assert counts.suppressed == 0
    assert [round(r['score'], 3) for r in kept] == [.9, .8, .6, .5, .25]


@pytest.fixture
def tool(run_tool, ann_file):
    return partial(run_tool, 'tools/analysis_tools/detections_to_boxes.py',
                   '--ann-file', ann_file)


def test_a_dataset_reads_what_the_tool_writes(coco_file, tmp_path, tool):
    out = tmp_path / 'boxes/val.bbox.json'
    text = tool(coco_file, out, '--score-thr', .3, '--nms-thr', .5).stdout
    assert text.splitlines() == [
        f'3 of 6 boxes of persons are in {out}',
        '  left out: 1 without area or outside',
        '  left out: 1 below the score',
        '  left out: 1 suppressed by a better one',
        '  2 of 3 images have a box'
    ]
    for image in IMAGES.values():
        (tmp_path / image['file_name']).touch()
    dataset = HumanParsingDataset(
        ann_file='val.json',
        data_root=str(tmp_path),
        data_prefix=dict(img=''),
        metainfo=dict(classes=('background', 'Hat')),
        bbox_file=str(out),
        test_mode=True)
    expected = [(7, [[5, 5, 25, 35], [30, 2, 55, 38]], [.9, .6]),
                (3, [[10, 20, 30, 70]], [.5]), (9, [], [])]
    for k, (image_id, boxes, scores) in enumerate(expected):
        info = dataset.get_data_info(k)
        assert info['img_id'] == image_id
        np.testing.assert_allclose(info['bboxes'], np.reshape(boxes, (-1, 4)))
        np.testing.assert_allclose(info['bbox_scores'], scores, rtol=1e-6)


def test_what_the_tool_refuses_or_doubts(coco_file, tmp_path, tool):
    out, corners = tmp_path / 'x.json', tmp_path / 'corners.json'
    for args, text in (
        (('--score-thr', .97), 'left: 1 without area or outside, 5 below the'),
        (('--nms-thr', 1.5), '--nms-thr is 1.5, allowed are'),
        (('--max-per-image', 0), '--max-per-image is 0, allowed'),
    ):
        assert text in tool(coco_file, out, *args, code=2).stderr
        assert not out.exists()
    box = dict(image_id=7, category_id=1, bbox=[30, 10, 55, 38], score=.5)
    corners.write_text(json.dumps([box]))
    assert 'are they x1, y1, x2, y2?' in tool(corners, out).stderr


@pytest.mark.parametrize('source,known,more,cat_ids,message', [
    ('coco_file', [3, 9], {}, None, r'coco.bbox.json\[\d\] has image_id 7'),
    ('folder', [7, 9], {}, None, 'a.json is named as no image'),
    ('folder', IMAGES, {
        4: dict(file_name='x/d.png')
    }, None, r'd.json \(1 su'),
    ('folder', IMAGES, {
        4: dict(file_name='x/b.png')
    }, None, 'images 7 and 4 are both named b'),
    ('coco_file', IMAGES, {}, [8], r'category \[8\].* 1 \(6 boxes\), 5'),
    ('folder', IMAGES, {}, [8], r'category \[8\].* 0 \(6 boxes\), 2'),
])
def test_errors_name_the_file(source, known, more, cat_ids, message, request):
    path = str(request.getfixturevalue(source))
    images = {**{key: IMAGES[key] for key in known}, **more}
    with pytest.raises(InputError, match=message):
        read_detections(path, images, cat_ids)


@pytest.mark.parametrize('columns,message', [
    (dict(bboxes=None), ' must have the lists labels, scores, bboxes'),
    (dict(scores=[]), ' must have the lists .* equally long'),
    (dict(labels=1), ' must have the lists'),
    (dict(bboxes=[[1, 2, 3]]), r' has the bbox \[1, 2, 3\]'),
    (dict(bboxes=[[1, 2, 3, '?']]), '.* expected the numbers'),
    (dict(scores=[np.nan]), '.* score nan'),
])
def test_malformed_predictions(folder, columns, message):
    columns = dict(
        dict(labels=[0], scores=[.5], bboxes=[[1, 2, 3, 4]]), **columns)
    columns = {key: v for key, v in columns.items() if v is not None}
    (folder / 'preds/a.json').write_text(json.dumps(columns))
    with pytest.raises(InputError, match=f'a.json{message}'):
        read_detections(str(folder), IMAGES)


def test_pickles_are_not_even_opened(tmp_path):

    class Trap:

        def __reduce__(self):
            return (tmp_path / 'sprung').touch, ()

    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps([Trap()]))
    with pytest.raises(InputError, match='outfile_prefix=PREFIX'):
        read_detections(str(path), IMAGES)
    assert not (tmp_path / 'sprung').exists()
