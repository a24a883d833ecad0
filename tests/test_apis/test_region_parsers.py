# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parsers that find the persons themselves."""
import numpy as np
import pytest
from mmengine.config import Config

from projects.qanet.apis import HumanParsingInferencer, InputError

pytest.importorskip('mmdet.models')

import projects.qanet.detection.region_parsers  # noqa: E402, F401
from projects.qanet.quality import quality_score  # noqa: E402
from projects.qanet.testing import region_parsers as tiny  # noqa: E402

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(130, 98), keep_ratio=False),
    dict(type='PackRegionInputs')
]


@pytest.fixture
def model():
    model = tiny.small_region_parser('RPRCNN').eval()
    model.dataset_meta = dict(classes=('bg', 'a', 'b', 'c', 'd'))
    model.cfg = Config(dict(default_scope='mmdet', test_pipeline=PIPELINE))
    return model


def test_a_built_model_finds_and_parses(model):
    """As in a test; two photos at once; a call's thresholds and weights."""
    items = [tiny.region_sample(seed, (130, 98)) for seed in (1, 2)]
    expected = [
        one.pred_instances for one in model.test_step(tiny.batch_of(items))
    ]
    photos = [image.permute(1, 2, 0).numpy() for image, _ in items]
    infer = HumanParsingInferencer(model, bbox_thr=0.)
    found = infer(photos, batch_size=2)['predictions']
    thr = float(np.median(expected[0].bbox_scores))
    few, _ = infer(
        photos, bbox_thr=thr, quality_weights=(0, 1, 1))['predictions']
    for ours, theirs in zip(found, expected):
        np.testing.assert_array_equal(ours.bboxes, theirs.bboxes)
        np.testing.assert_array_equal(ours.scores, theirs.scores)
    kept = expected[0][expected[0].bbox_scores >= thr]
    assert 0 < len(few) == len(kept) < len(expected[0])
    for maps in zip(few.part_maps, kept.part_maps):
        np.testing.assert_array_equal(*maps)
    np.testing.assert_allclose(
        few.scores,
        quality_score(kept.bbox_scores, kept.iou_scores, kept.pixel_scores,
                      (0, 1, 1)))


def test_boxes_and_missing_configs_are_refused(model):
    with pytest.raises(InputError, match='^bboxes is given, but a RPRCNN f'):
        HumanParsingInferencer(model)(
            np.zeros((9, 9, 3), np.uint8), bboxes=[[1, 2, 5, 6]])
    with pytest.raises(InputError, match='^det_model is given, but a RPRCNN'):
        HumanParsingInferencer(model, det_model=model)
    del model.cfg
    with pytest.raises(InputError, match='RPRCNN needs its config, with the'):
        HumanParsingInferencer(model)
