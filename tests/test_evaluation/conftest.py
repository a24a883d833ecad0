# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Small data sets on disk and persons to evaluate on them."""
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from projects.qanet.structures import ParsingInstances
from projects.qanet.testing.layout import (LabelledImage, make_persons,
                                           write_dataset)


@pytest.fixture(scope='session')
def scenes():
    """Functions that build data sets and predictions."""
    return SimpleNamespace(
        make_image=LabelledImage,
        make_persons=make_persons,
        write_dataset=write_dataset)


@pytest.fixture(scope='session')
def golden():
    """The golden data set, its predictions and the expected values."""
    folder = Path(__file__).parents[1] / 'data' / 'metrics_seed0'
    arrays = np.load(folder / 'predictions.npz')
    persons = {}
    for image_id in sorted({int(key.split('/')[0]) for key in arrays}):
        values = {
            key: arrays[f'{image_id}/{key}']
            for key in ('parsings', 'boxes_xywh', 'box_scores', 'iou_scores',
                        'inst_pixel_scores', 'cat_pixel_scores')
        }
        boxes = values['boxes_xywh'].copy()
        boxes[:, 2:] += boxes[:, :2]
        num_persons, height, width = values['parsings'].shape
        persons[image_id] = ParsingInstances(
            boxes, values['box_scores'], values['iou_scores'],
            values['inst_pixel_scores'], values['box_scores'],
            values['cat_pixel_scores'], values['cat_pixel_scores'],
            np.zeros(num_persons), list(values['parsings']),
            np.zeros((num_persons, 2)), (width, height), image_id)
    return SimpleNamespace(
        ann_file=str(folder / 'annotations' / 'CIHP_val.json'),
        data_root=str(folder / 'Validation'),
        classes=[f'class{label}' for label in range(20)],
        persons=persons,
        records=[
            record for image in persons.values()
            for record in image.to_records()
        ],
        expected=json.loads((folder / 'golden.json').read_text()),
        dump=np.load(folder / 'dump_w1-0.5-3.npz'))
