# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from projects.qanet.deployment.export import (_distance, compare_with_torch,
                                              export_network)
from projects.qanet.deployment.network import OnnxNetwork
from projects.qanet.models.parsers import CropSettings
from projects.qanet.utils.errors import InputError

pytest.importorskip('onnxruntime')
onnx = pytest.importorskip('onnx')


class ToyParser(nn.Module):
    """Channels are the crop's; every crop's IoU score is its mean."""

    num_classes = 3

    def __init__(self, with_iou=True, baked=False, pooled=False):
        super().__init__()
        self.settings = CropSettings((6, 8))
        self.with_iou, self.baked, self.pooled = with_iou, baked, pooled

    def predict_crops(self, crops):
        batch = int(crops.size(0)) if self.baked else crops.size(0)
        # If the exporter takes the number of crops for a constant, further
        # crops slip into the last dimension.
        crops = crops.reshape(batch, 3, 8, -1)[..., :6]
        if self.pooled:
            crops = crops + F.adaptive_avg_pool2d(crops, 3).mean()
        return crops.softmax(1), (
            crops.mean((1, 2, 3)) if self.with_iou else None)


def test_tool_reports_and_writes(onnx_file):
    path, printed = onnx_file
    lines = printed.splitlines()
    for line, number in zip(lines, (1, 3)):
        probs, iou = re.fullmatch(
            f'.*, {number} crops: probabilities (.*), IoU scores (.*)',
            line).groups()
        assert 0 < float(probs) < 1e-5 and 0 <= float(iou) < 1e-5
    assert lines[2].startswith(f'{path} is written')
    proto = onnx.load(path)
    opset, = (item for item in proto.opset_import if not item.domain)
    assert opset.version == 17
    sizes = {
        value.name: [
            dim.dim_value or dim.dim_param
            for dim in value.type.tensor_type.shape.dim
        ]
        for value in [*proto.graph.input, *proto.graph.output]
    }
    assert sizes == dict(
        crops=['batch', 3, 64, 48],
        probs=['batch', 20, 64, 48],
        iou_scores=['batch'])


def test_too_large_a_difference_writes_nothing(parser_files, export, tmp_path):
    out = tmp_path / 'parser.onnx'
    args = *parser_files, out, '--tolerance', 0
    found = export(*args, code=2)
    assert 'more than --tolerance 0; nothing is written' in found.stderr
    assert not out.exists()
    found = export(*args, '--no-check', '--opset', 16)
    assert 'largest difference' not in found.stdout
    assert onnx.load(out).opset_import[0].version == 16


def test_bad_arguments(export, tmp_path):
    for out, text in (('parser.pth', 'must end with .onnx'),
                      (tmp_path / 'a.onnx', 'config gone.py not found')):
        assert text in export('gone.py', 'a.pth', out, code=2).stderr
    assert not (tmp_path / 'a.onnx').exists()
    with pytest.raises(InputError, match='exporter must be one of'):
        export_network(ToyParser(), exporter='magic')


def test_without_iou_branch_there_is_one_output():
    parser = ToyParser(with_iou=False)
    model = export_network(parser)
    graph = onnx.load_model_from_string(model).graph
    assert [value.name for value in graph.output] == ['probs']
    crops = torch.randn(4, 3, 8, 6, generator=torch.manual_seed(0))
    probs, iou = OnnxNetwork(model)(crops)
    torch.testing.assert_close(probs, crops.softmax(1))
    rows = compare_with_torch(parser, model)
    assert [row.batch_size for row in rows] == [1, 3]
    assert iou is None and rows[0].iou_scores is None
    assert max(row.largest for row in rows) < 1e-6


def test_a_built_in_batch_size_shows():
    """As in SwinTransformer, whose window_reverse counts the images."""
    baked = ToyParser(baked=True)
    rows = compare_with_torch(baked, export_network(baked))
    assert [row.probs for row in rows] == [np.inf, np.inf]
    fixed = export_network(baked, fixed_batch=True)
    assert OnnxNetwork(fixed).batch_size == 1
    assert max(row.largest for row in compare_with_torch(baked, fixed)) < 1e-6


def test_distance():
    ones = torch.ones(2, 3)
    assert _distance(ones, ones * .75) == .25
    assert _distance(ones, ones[:1]) == _distance(ones,
                                                  ones * np.nan) == np.inf


def test_pooling_that_torchscript_cannot_export():
    """As in UPerHead: the message says that dynamo can."""
    pytest.importorskip('onnxscript')
    model = ToyParser(with_iou=False, pooled=True)
    text = 'ToyParser with exporter=torch.*opset=17 .try dynamo.: .*_pool2d'
    with pytest.raises(InputError, match=text):
        export_network(model)
    rows = compare_with_torch(model, export_network(model, 'dynamo'))
    assert max(row.largest for row in rows) < 1e-5
