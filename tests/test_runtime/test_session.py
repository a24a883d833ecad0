# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import sys

import numpy as np
import pytest

from projects.qanet.runtime.session import Session, read_document
from projects.qanet.utils.errors import InputError

pytest.importorskip('onnxruntime')
CROPS = np.zeros((2, 3, 64, 48), np.float32)


def test_names_shapes_and_a_run(onnx_file):
    session = Session(onnx_file[0], num_threads=1)
    assert list(session.inputs) == ['crops']
    assert session.inputs['crops'][1:] == [3, 64, 48]
    assert list(session.outputs) == ['probs', 'iou_scores']
    found = session(crops=CROPS)
    assert found['probs'].shape == (2, 20, 64, 48)
    assert found['iou_scores'].shape == (2, )
    np.testing.assert_allclose(found['probs'].sum(1), 1, atol=1e-5)
    text = r"parser.onnx fails on {'crops': \(2, 3, 64, 40\)}: "
    with pytest.raises(InputError, match=text) as caught:
        session(crops=CROPS[..., :40])
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('content, text', [
    (None, 'ONNX file .*a.onnx not found'),
    (b'', 'a.onnx is empty'),
    (b'no network', 'a.onnx cannot be read as an ONNX file'),
])
def test_files_that_are_no_onnx(tmp_path, content, text):
    path = tmp_path / 'a.onnx'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=text):
        Session(str(path))


def test_backends(onnx_file, monkeypatch):
    with pytest.raises(InputError, match='must be one of onnxrun.*not .magic'):
        Session(onnx_file[0], 'magic')
    for name, backend in (('openvino', "backend 'openvino' needs openvino"),
                          ('onnxruntime', 'reading .*onnx needs onnxruntime')):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            with pytest.raises(InputError, match=f'{backend} .pip install'):
                Session(onnx_file[0], 'openvino')


def test_openvino_gives_the_same(onnx_file):
    pytest.importorskip('openvino')
    expected = Session(onnx_file[0])(crops=CROPS)
    found = Session(onnx_file[0], 'openvino', 1)(crops=CROPS)
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-4)


def test_documents():
    entries = dict(a='a number', b='a list')
    text = '{"version": 1, "a": 1.5, "b": [], "c": 3}'
    assert read_document(dict(doc=text), 'doc', entries, 'x.onnx')['c'] == 3
    for text, message in (('{', 'is no JSON'), ('[]', 'is not of version 1'),
                          ('{"version": 2}', 'is not of version 1'),
                          ('{"version": 1, "a": 1}',
                           'has no b'), ('{"version": 1, "a": true}',
                                         'a must be a number, not True')):
        with pytest.raises(InputError, match=message) as caught:
            read_document(dict(doc=text), 'doc', entries, 'x.onnx')
        assert str(caught.value).startswith('x.onnx: metadata doc')
    with pytest.raises(
            InputError, match=r'x.onnx .*no entry doc, only \[it\]'):
        read_document(dict(it='{}'), 'doc', entries, 'x.onnx')
