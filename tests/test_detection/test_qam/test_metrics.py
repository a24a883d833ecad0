# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
import torch
from mmdet.evaluation.metrics import CocoMetric
from pycocotools import mask as mask_utils

from projects.qanet.detection.qam import QualityCocoMetric

SIZE = (30, 40)  # height and width
BOXES = [(2, 3, 12, 23), (20, 5, 38, 15)]  # xyxy


def paint(box):
    mask = np.zeros(SIZE, dtype=bool)
    mask[box[1]:box[3], box[0]:box[2]] = True
    return mask


@pytest.fixture
def ann_file(tmp_path):
    document = dict(
        images=[dict(id=7, height=SIZE[0], width=SIZE[1])],
        categories=[dict(id=3, name='thing')],
        annotations=[])
    for i, (x0, y0, x1, y1) in enumerate(BOXES):
        rle = mask_utils.encode(np.asfortranarray(paint(BOXES[i]), np.uint8))
        document['annotations'].append(
            dict(
                id=i + 1,
                image_id=7,
                category_id=3,
                bbox=[x0, y0, x1 - x0, y1 - y0],
                area=(x1 - x0) * (y1 - y0),
                iscrowd=0,
                segmentation=dict(rle, counts=rle['counts'].decode())))
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps(document))
    return str(path)


def make_sample(**fields):
    """Three predictions: both objects, and a wrong one in between."""
    boxes = [BOXES[0], BOXES[1], (13, 24, 19, 29)]
    instances = dict(
        bboxes=torch.tensor(boxes, dtype=torch.float32),
        labels=torch.zeros(3, dtype=torch.long),
        masks=torch.from_numpy(np.stack([paint(box) for box in boxes])),
        **dict(zip(fields, map(torch.tensor, fields.values()))))
    return dict(img_id=7, ori_shape=SIZE, pred_instances=instances)


def evaluate(metric, *batches):
    metric.dataset_meta = dict(classes=('thing', ))
    for batch in batches:
        metric.process({}, batch)
    return metric.evaluate(sum(map(len, batches)))


# Box scores rank the wrong one second, quality scores last.
BOX, PIXEL, QUALITY = [.9, .5, .6], [.8, .7, .1], [.8, .6, .2]
IOU = [.3, .2, .1]
SECOND_WRONG = (51 + 50 * 2 / 3) / 101


@pytest.mark.parametrize(
    'kind,fields,bbox,segm',
    [
        (QualityCocoMetric, (QUALITY, BOX, None), SECOND_WRONG, 1.),
        (QualityCocoMetric, (BOX, BOX, QUALITY), SECOND_WRONG, 1.),
        (QualityCocoMetric, (BOX, None, None), SECOND_WRONG, SECOND_WRONG),
        (QualityCocoMetric, (QUALITY, None, None), 1., 1.),
        # Why there is a metric of our own.
        (CocoMetric, (QUALITY, BOX, None), 1., 1.),
    ])
def test_which_score_ranks_what(ann_file, kind, fields, bbox, segm):
    fields = zip(('scores', 'bbox_scores', 'mask_scores'), fields)
    sample = make_sample(**{key: value for key, value in fields if value})
    metric = kind(ann_file=ann_file, metric=['bbox', 'segm'])
    values = evaluate(metric, [sample])
    assert values['coco/bbox_mAP'] == pytest.approx(bbox, abs=1e-3)
    assert values['coco/segm_mAP'] == pytest.approx(segm, abs=1e-3)


def test_results_file_carries_the_ingredients(ann_file, tmp_path):
    """Also where an image without instances stands between others."""
    metric = QualityCocoMetric(
        ann_file=ann_file,
        metric=['bbox', 'segm'],
        format_only=True,
        outfile_prefix=str(tmp_path / 'val'))
    scores = dict(
        score=QUALITY, bbox_score=BOX, pixel_score=PIXEL, iou_score=IOU)
    full = make_sample(**{f'{key}s': value for key, value in scores.items()})
    none = {
        key: value[:0]
        for key, value in full['pred_instances'].items()
        if key != 'pixel_scores'
    }
    evaluate(metric, [full, dict(full, pred_instances=none)], [full])
    boxes = json.loads((tmp_path / 'val.bbox.json').read_text())
    np.testing.assert_allclose([record['score'] for record in boxes], BOX * 2)
    masks = json.loads((tmp_path / 'val.segm.json').read_text())
    for key, values in scores.items():
        found = [record[key] for record in masks]
        np.testing.assert_allclose(found, values * 2, rtol=1e-6)
    assert mask_utils.area(masks[1]['segmentation']) == 18 * 10
