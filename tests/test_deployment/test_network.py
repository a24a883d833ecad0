# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re
import sys

import pytest
import torch

from projects.qanet.deployment.network import (OnnxNetwork, _providers,
                                               default_device)
from projects.qanet.utils.errors import InputError

onnxruntime = pytest.importorskip('onnxruntime')
onnx = pytest.importorskip('onnx')

CROPS, PROBS = 'float[1, 3, 8, 6] crops', 'float[1, 4, 8, 6] probs'


def write_graph(path, inputs=CROPS, outputs=PROBS):
    """A file whose outputs are sevens."""
    nodes = ''
    for shape, name in re.findall(r'(\[.*?\]) (\w+)', outputs):
        nodes += (f'{name}_shape = Constant <value_ints = {shape}> () {name} ='
                  f' ConstantOfShape <value = float[1] {{7}}> ({name}_shape) ')
    onnx.save(
        onnx.parser.parse_model(
            '<ir_version: 8, opset_import: ["": 17]> '
            f'graph ({inputs}) => ({outputs}) {{ {nodes} }}'), path)
    return str(path)


def test_sizes_are_read(tmp_path):
    network = OnnxNetwork(write_graph(tmp_path / 'a.onnx'))
    assert network.crop_size == (6, 8) and network.num_classes == 4
    assert network.batch_size == 1 and network.metadata == {}
    # A batch of five is five passes.
    probs, iou = network(torch.zeros(5, 3, 8, 6))
    assert probs.shape == (5, 4, 8, 6) and iou is None
    assert (probs == 7).all()


@pytest.mark.parametrize('inputs,outputs', [
    ('float[1, 3, 8, 6] image', PROBS),
    ('float[1, 1, 8, 6] crops', PROBS),
    ('float[1, 3, H, W] crops', PROBS),
    (f'{CROPS}, float[1] mask', PROBS),
    (CROPS, 'float[1, 4, 8, 6] logits'),
    (CROPS, 'float[1, 4] probs'),
    (CROPS, f'{PROBS}, float[1] other'),
])
def test_other_networks_are_refused(tmp_path, inputs, outputs):
    path = write_graph(tmp_path / 'other.onnx', inputs, outputs)
    with pytest.raises(InputError, match='other.onnx holds no parser: its'):
        OnnxNetwork(path)


@pytest.mark.parametrize('content,kind,text', [
    (b'', InputError, '^ONNX file .*a.onnx is empty: fetch it again'),
    (b'no network', InputError, 'a.onnx cannot be read as an ONNX'),
    (None, FileNotFoundError, 'a.onnx not found'),
])
def test_files_that_are_no_onnx(tmp_path, content, kind, text):
    path = tmp_path / 'a.onnx'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind, match=text):
        OnnxNetwork(str(path))


def test_failing_runs_name_the_file(tmp_path):
    network = OnnxNetwork(write_graph(tmp_path / 'a.onnx'))
    with pytest.raises(InputError, match=r'a.onnx takes crops .*3, 8, 6\)'):
        network(torch.zeros(1, 3, 8, 7))
    network.batch_size = None  # two crops at once, which the graph refuses
    with pytest.raises(InputError, match='a.onnx fails on 2 crops'):
        network(torch.zeros(2, 3, 8, 6))


BOTH = ['CUDAExecutionProvider', 'CPUExecutionProvider']


def test_the_default_device_is_one_that_both_have(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    for available, device in ((BOTH, 'cuda'), (BOTH[1:], 'cpu')):
        monkeypatch.setattr(onnxruntime, 'get_available_providers',
                            lambda: available)
        assert default_device() == device


def test_providers():
    assert _providers('cpu', BOTH) == BOTH[1:]
    for device, index in (('cuda', 0), ('cuda:1', 1)):
        assert _providers(device, BOTH) == [(BOTH[0], dict(device_id=index)),
                                            BOTH[1]]
    with pytest.raises(InputError, match="'cuda'.*no CUDA.*onnxruntime-gpu"):
        _providers('cuda', BOTH[1:])
    with pytest.raises(InputError, match="'mps'.*runs on cpu and on cuda"):
        _providers('mps', BOTH)


def test_missing_packages_are_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    text = 'a.onnx needs onnxruntime .pip install onnxrun'
    with pytest.raises(InputError, match=text):
        OnnxNetwork(write_graph(tmp_path / 'a.onnx'))
