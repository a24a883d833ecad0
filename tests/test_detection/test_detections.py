# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import pickle
from functools import partial

import cv2
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
# image id, label, xyxy, score
FOUND = [
    (3, 0, (10., 20., 30., 70.), .5),
    (7, 0, (5., 5., 25., 35.), .9),
    (7, 2, (5., 5., 25., 35.), .95),  # no person
    (7, 0, (6., 5., 25., 35.), .8),  # nearly the first
    (7, 0, (30., 2., 55., 38.), .6),
    (7, 0, (70., 2., 80., 38.), .7),  # outside
    (3, 0, (12., 20., 40., 60.), .25),
]


@pytest.fixture
def ann_file(tmp_path):
    """An annotation file of three images, and the images."""
    path = tmp_path / 'annotations/val.json'
    path.parent.mkdir()
    categories = [dict(id=1, name='person'), dict(id=5, name='dog')]
    path.write_text(
        json.dumps(
            dict(
                images=list(IMAGES.values()),
                annotations=[],
                categories=categories)))
    (tmp_path / 'Images').mkdir()
    for image in IMAGES.values():
        cv2.imwrite(
            str(tmp_path / 'Images' / image['file_name']),
            np.zeros((image['height'], image['width'], 3), np.uint8))
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
        metric='bbox',
        format_only=True,
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


@pytest.fixture
def tool(run_tool, ann_file):
    return partial(run_tool, 'tools/analysis_tools/detections_to_boxes.py',
                   '--ann-file', ann_file)


@pytest.mark.parametrize('source', ['coco_file', 'folder'])
def test_both_sources_give_the_persons(source, request):
    records = read_detections(str(request.getfixturevalue(source)), IMAGES)
    assert len(records) == 6
    assert {record['category_id'] for record in records} == {1}
    best = max(records, key=lambda record: record['score'])
    assert best['image_id'] == 7
    np.testing.assert_allclose(best['bbox'], [5, 5, 20, 30])
    assert best['score'] == pytest.approx(.9)


def test_other_ids_may_be_persons(coco_file, folder):
    dogs = read_detections(str(coco_file), IMAGES, [5])
    assert dogs == read_detections(str(folder), IMAGES, [2])
    assert [dog['category_id'] for dog in dogs] == [1]
    assert len(read_detections(str(folder / 'preds'), IMAGES, [0, 2])) == 7


def test_filters(coco_file):
    records = read_detections(str(coco_file), IMAGES)
    kept, counts = select_detections(records, IMAGES, .3, .5, 1)
    assert [(r['image_id'], round(r['score'], 3)) for r in kept] == [(7, .9),
                                                                     (3, .5)]
    assert counts._asdict() == dict(
        read=6,
        unusable=1,
        low_score=1,
        suppressed=1,
        over_limit=1,
        kept=2,
        empty_images=1)
    # The IoU of the two is 0.95.
    assert select_detections(records, IMAGES, nms_thr=.94)[1].suppressed == 1
    kept, counts = select_detections(records, IMAGES, nms_thr=.96)
    assert counts.suppressed == 0 and len(kept) == 5
    assert [round(r['score'], 3) for r in kept] == [.9, .8, .6, .5, .25]
    assert select_detections([], IMAGES)[1].empty_images == 3


def test_a_dataset_reads_what_the_tool_writes(coco_file, tmp_path, tool):
    out = tmp_path / 'boxes/val.bbox.json'
    text = tool(coco_file, out, '--score-thr', .3, '--nms-thr', .5).stdout
    assert f'3 of 6 boxes of persons are in {out}' in text
    assert [line[12:] for line in text.splitlines() if 'left out' in line] == [
        '1 without area or outside', '1 below the score',
        '1 suppressed by a better one'
    ]
    assert '2 of 3 images have a box' in text
    dataset = HumanParsingDataset(
        ann_file='annotations/val.json',
        data_root=str(tmp_path),
        data_prefix=dict(img='Images'),
        metainfo=dict(classes=('background', 'Hat')),
        bbox_file=str(out),
        test_mode=True)
    assert dataset.num_skipped_boxes == 0
    infos = [dataset.get_data_info(k) for k in range(len(dataset))]
    assert [info['img_id'] for info in infos] == [7, 3, 9]
    expected = [([[5, 5, 25, 35], [30, 2, 55, 38]], [.9, .6]),
                ([[10, 20, 30, 70]], [.5]), ([], [])]
    for info, (boxes, scores) in zip(infos, expected):
        np.testing.assert_allclose(info['bboxes'], np.reshape(boxes, (-1, 4)))
        np.testing.assert_allclose(info['bbox_scores'], scores, rtol=1e-6)


def test_what_the_tool_refuses_or_doubts(coco_file, tmp_path, tool):
    out = tmp_path / 'x.json'
    empty, corners = tmp_path / 'empty.json', tmp_path / 'corners.json'
    empty.write_text('[]')
    box = dict(image_id=7, category_id=1, bbox=[30, 10, 55, 38], score=.5)
    corners.write_text(json.dumps([box]))
    for args, text in (
        ([coco_file, '--score-thr', .97], 'is left: 1 without area or outside,'
         ' 5 below the score'),
        ([coco_file, '--nms-thr', 1.5], '--nms-thr is 1.5, allowed are'),
        ([coco_file, '--max-per-image', 0], '--max-per-image is 0, allowed'),
        ([empty], 'empty.json is an empty list'),
    ):
        assert text in tool(args[0], out, *args[1:], code=2).stderr
        assert not out.exists()
    assert 'are they x1, y1, x2, y2?' in tool(corners, out).stderr


def test_errors_name_the_file(coco_file, folder, tmp_path):
    fewer = {key: IMAGES[key] for key in (7, 9)}
    more, twin = ({
        **IMAGES, 4:
        dict(file_name=f'x/{stem}.png', width=1, height=1)
    } for stem in 'db')
    for source, images, cat_ids, message in [
        (coco_file, fewer, None, r'coco.bbox.json\[\d\] has image_id 3'),
        (folder, fewer, None, 'a.json is named as no image'),
        (folder, more, None, r'no d.json \(1 such'),
        (folder, twin, None, 'images 7 and 4 are both named b'),
        (coco_file, IMAGES, [8], r'category \[8\].* 1 \(6 boxes\), 5'),
        (folder, IMAGES, [8], r'category \[8\].* 0 \(6 boxes\), 2'),
        (tmp_path / 'Images', IMAGES, None, 'has no .json files'),
    ]:
        with pytest.raises(InputError, match=message):
            read_detections(str(source), images, cat_ids)


@pytest.mark.parametrize('text,message', [
    ('{"labels": [], "scores": []}', " lacks the key 'bboxes'"),
    ('{"labels": [0], "scores": [], "bboxes": []}',
     ' has 1, 0, 0 labels, scores'),
    ('{"labels": 1, "scores": [], "bboxes": []}', ': labels, .* be lists'),
    ('{"labels": [0], "scores": [0.5], "bboxes": [[1, 2, 3]]}',
     r' has the bbox \[1, 2, 3\]'),
    ('{"labels": [0], "scores": [0.5], "bboxes": [[1, 2, 3, "?"]]}',
     '.* expected the numbers'),
    ('{"labels": [0], "scores": [NaN], "bboxes": [[1, 2, 3, 4]]}',
     '.* score nan'),
])
def test_malformed_predictions(folder, text, message):
    (folder / 'preds/a.json').write_text(text)
    with pytest.raises(InputError, match=f'a.json{message}'):
        read_detections(str(folder), IMAGES)


def test_pickles_are_refused(tmp_path):
    """Not even opened."""

    class Trap:

        def __reduce__(self):
            return (tmp_path / 'sprung').touch, ()

    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps([Trap()]))
    with pytest.raises(InputError, match='outfile_prefix=PREFIX'):
        read_detections(str(path), IMAGES)
    assert not (tmp_path / 'sprung').exists()
