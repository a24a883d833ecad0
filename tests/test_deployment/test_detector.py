# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Detectors as ONNX files; tests/test_runtime compares what they find."""
import copy
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from projects.qanet.utils.errors import InputError

pytest.importorskip('onnxruntime')
onnx = pytest.importorskip('onnx')
pytest.importorskip('mmdet')
from projects.qanet.deployment import detector as exporting  # noqa: E402


@pytest.fixture(scope='module')
def detector(detector_files):
    config = Config.fromfile(detector_files[0])
    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(config.model).eval()


PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.Resize', scale=(64, 48), keep_ratio=True),
    dict(type='PackDetInputs')
]


def test_tool_reports_and_writes(detector_file):
    path, printed = detector_file
    *_, first, second, last = printed.splitlines()
    for line, size in zip((first, second), ('192x128', '96x224')):
        scores, boxes = re.fullmatch(
            f'.*, {size} pixels: scores (.*), boxes (.*) pixels',
            line).groups()
        assert 0 < float(scores) < 1e-5 and 0 < float(boxes) < 1e-3
    assert last.startswith(f'{path} is written')
    sizes = {
        value.name: [
            dim.dim_value or dim.dim_param
            for dim in value.type.tensor_type.shape.dim
        ]
        for value in onnx.load(path).graph.input
    }
    assert sizes == dict(image=[1, 3, 'height', 'width'])


@pytest.mark.parametrize('options, text', [
    (['--tolerance', 0], 'more than --tolerance 0; nothing is written'),
    (['--det-cat-ids', 1], 'det_cat_ids has 1, but'),
    (['--fixed-batch'], '--fixed-batch are for parsers, but'),
])
def test_refused_by_the_tool(detector_files, export, tmp_path, options, text):
    out = tmp_path / 'detector.onnx'
    assert text in export(*detector_files, out, *options, code=2).stderr
    assert not out.exists()


def test_document(detector):
    settings = json.loads(
        exporting.write_detector_metadata(detector, PIPELINE, [0, 2]))
    assert settings == dict(
        version=1,
        scale=[64, 48],
        size_divisor=32,
        mean=pytest.approx([123.675, 116.28, 103.53]),
        std=pytest.approx([58.395, 57.12, 57.375]),
        bgr_to_rgb=True,
        score_thr=.1,
        nms_pre=150,
        min_bbox_size=0,
        iou_thr=detector.test_cfg.nms.iou_threshold,
        max_per_img=60,
        cat_ids=[0, 2])


@pytest.mark.parametrize('pipeline, text', [
    ([*PIPELINE, dict(type='Pad', size_divisor=64)], 'but has .*Pad'),
    ([PIPELINE[0]], 'one Resize with'),
    ([dict(PIPELINE[1], keep_ratio=False)], 'keep_ratio=True'),
    ([dict(PIPELINE[1], scale=2.)], 'scale=.W, H.'),
])
def test_other_pipelines_are_refused(detector, pipeline, text):
    with pytest.raises(InputError, match=text):
        exporting.write_detector_metadata(detector, pipeline, [0])


def test_other_padding_is_refused(detector):
    changed = SimpleNamespace(
        test_cfg=detector.test_cfg,
        data_preprocessor=copy.copy(detector.data_preprocessor))
    changed.data_preprocessor.pad_value = 114
    with pytest.raises(InputError, match='pad_value of the detector is 114'):
        exporting.write_detector_metadata(changed, PIPELINE, [0])


def test_other_detectors_are_refused(detector):
    with pytest.raises(InputError, match='a Linear cannot be'):
        exporting.check_detector(torch.nn.Linear(1, 1))
    head = copy.deepcopy(detector)
    head.bbox_head.test_cfg.nms = dict(type='soft_nms')
    with pytest.raises(InputError, match='nms of the detector is soft_nms'):
        exporting.export_detector(head)


def test_a_difference_shows(detector):
    """Another bias of the centerness, and a file of one size only."""
    model = exporting.export_detector(detector)
    rows = exporting.compare_detector(detector, model)
    assert [row.size for row in rows] == [(192, 128), (96, 224)]
    assert max(max(row.scores, row.boxes) for row in rows) < 1e-4
    changed = copy.deepcopy(detector)
    changed.bbox_head.conv_centerness.bias.data += .5
    for row in exporting.compare_detector(changed, model):
        assert row.scores > .01 and row.boxes < 1e-4
    proto = onnx.load_model_from_string(model)
    for dim in proto.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_value = 128
    rows = exporting.compare_detector(detector, proto.SerializeToString())
    assert [row.boxes for row in rows] == [np.inf, np.inf]
