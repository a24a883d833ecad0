# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import sys

import numpy as np
import pytest
import torch

from projects.qanet.deployment.network import (OnnxNetwork, _providers,
                                               default_device)
from projects.qanet.utils.errors import InputError

pytest.importorskip('onnxruntime')
onnx = pytest.importorskip('onnx')


def write_graph(path, inputs, outputs):
    """A file whose outputs are constants."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = []
    for name, shape in outputs.items():
        value = helper.make_tensor(name, kind, shape,
                                   np.full(shape, 7, np.float32))
        nodes.append(helper.make_node('Constant', [], [name], value=value))
    infos = [[
        helper.make_tensor_value_info(name, kind, shape)
        for name, shape in values.items()
    ] for values in (inputs, outputs)]
    graph = helper.make_graph(nodes, 'graph', *infos)
    opset = helper.make_opsetid('', 17)
    onnx.save(
        helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return str(path)


CROPS = dict(crops=[1, 3, 8, 6])
PROBS = dict(probs=[1, 4, 8, 6])


def test_sizes_are_read(tmp_path):
    network = OnnxNetwork(write_graph(tmp_path / 'a.onnx', CROPS, PROBS))
    assert network.crop_size == (6, 8) and network.num_classes == 4
    assert network.batch_size == 1 and network.metadata == {}
    # A batch of five is five passes.
    probs, iou = network(torch.zeros(5, 3, 8, 6))
    assert probs.shape == (5, 4, 8, 6) and iou is None
    assert (probs == 7).all()


@pytest.mark.parametrize('inputs,outputs', [
    (dict(image=[1, 3, 8, 6]), PROBS),
    (dict(crops=[1, 1, 8, 6]), PROBS),
    (dict(crops=[1, 3, 'H', 'W']), PROBS),
    (dict(CROPS, mask=[1]), PROBS),
    (CROPS, dict(logits=[1, 4, 8, 6])),
    (CROPS, dict(probs=[1, 4])),
    (CROPS, dict(PROBS, other=[1])),
])
def test_other_networks_are_refused(tmp_path, inputs, outputs):
    path = write_graph(tmp_path / 'other.onnx', inputs, outputs)
    with pytest.raises(InputError, match='other.onnx holds no parser: its'):
        OnnxNetwork(path)


@pytest.mark.parametrize('content, text', [
    (b'', '^ONNX file .*a.onnx is empty: fetch it again'),
    (b'no network', 'a.onnx cannot be read as an ONNX'),
])
def test_files_that_are_no_onnx(tmp_path, content, text):
    (tmp_path / 'a.onnx').write_bytes(content)
    with pytest.raises(InputError, match=text):
        OnnxNetwork(str(tmp_path / 'a.onnx'))
    with pytest.raises(FileNotFoundError, match='gone.onnx not found'):
        OnnxNetwork('gone.onnx')


def test_failing_runs_name_the_file(tmp_path):
    network = OnnxNetwork(write_graph(tmp_path / 'a.onnx', CROPS, PROBS))
    with pytest.raises(InputError, match=r'a.onnx takes crops .*3, 8, 6\)'):
        network(torch.zeros(1, 3, 8, 7))
    network.batch_size = None  # two crops at once, which the graph refuses
    with pytest.raises(InputError, match='a.onnx fails on 2 crops'):
        network(torch.zeros(2, 3, 8, 6))


def test_the_default_device_is_one_that_both_have(monkeypatch):
    import onnxruntime
    available = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setattr(onnxruntime, 'get_available_providers',
                        lambda: available)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert default_device() == 'cuda'
    available.pop(0)
    assert default_device() == 'cpu'


def test_providers():
    both = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    assert _providers('cpu', both) == ['CPUExecutionProvider']
    assert _providers('cuda:1',
                      both) == [('CUDAExecutionProvider', dict(device_id=1)),
                                'CPUExecutionProvider']
    assert _providers('cuda', both)[0][1] == dict(device_id=0)
    with pytest.raises(InputError, match="'cuda'.*no CUDA.*onnxruntime-gpu"):
        _providers('cuda', both[1:])
    with pytest.raises(InputError, match="'mps'.*runs on cpu and on cuda"):
        _providers('mps', both)


def test_missing_packages_are_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    path = tmp_path / 'a.onnx'
    path.write_bytes(b'')
    text = 'a.onnx needs onnxruntime .pip install onnxrun'
    with pytest.raises(InputError, match=text):
        OnnxNetwork(str(path))
