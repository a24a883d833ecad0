# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Our operators against compiled ones: their numbers, or themselves."""
import importlib.util
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import mmcv
import numpy as np
import pytest
import torch
from mmcv.ops.multi_scale_deform_attn import (
    MultiScaleDeformableAttnFunction, multi_scale_deformable_attn_pytorch)
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss

import projects.qanet.compat.operators as ours
from tests.test_compat import operator_cases
from tests.test_compat.operator_cases import CASES, run_case

ROOT = Path(__file__).parents[2]
COMPILED = PathFinder.find_spec('mmcv._ext', mmcv.__path__) is not None


@pytest.fixture
def our_operators(monkeypatch):
    """mmcv's layers with our operators, whatever is installed."""
    for module in list(sys.modules.values()):
        name = getattr(module, '__name__', '')
        if name.startswith('mmcv.ops.') and hasattr(module, 'ext_module'):
            monkeypatch.setattr(module, 'ext_module', ours)


@pytest.mark.parametrize('name', CASES)
def test_values_and_gradients(our_operators, name):
    with np.load(ROOT / 'tests/test_compat/operators.npz') as stored:
        expected = {
            key.partition('/')[2]: stored[key]
            for key in stored if key.startswith(f'{name}/')
        }
    found = run_case(name)
    assert set(found) == set(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-5)


@pytest.mark.skipif(not COMPILED, reason='mmcv has no compiled operators')
@pytest.mark.parametrize('name', CASES)
def test_compiled_operators_give_the_stored_numbers(name):
    with np.load(ROOT / 'tests/test_compat/operators.npz') as stored:
        for key, value in run_case(name).items():
            np.testing.assert_allclose(
                value, stored[f'{name}/{key}'], rtol=0, atol=1e-5)


@pytest.mark.parametrize('weighted', [False, True])
def test_focal_loss(our_operators, weighted):
    """Compiled mmcv has it for CUDA only; mmdet's own form is for the CPU."""
    found = operator_cases.focal_loss(weighted)
    logits = found['logits'].detach().requires_grad_()
    labels = torch.arange(9) % 5  # the last one is the background
    targets = torch.nn.functional.one_hot(labels, 5)[:, :4]
    weight = torch.tensor([.5, 1., 2., 3., 3.])[labels] if weighted else 1.
    losses = py_sigmoid_focal_loss(
        logits, targets, None, 1.5, .3, reduction='none')
    losses = losses * torch.as_tensor(weight).reshape(-1, 1)
    torch.testing.assert_close(found['output'], losses, rtol=0, atol=1e-5)
    # A sum: mmcv gives each entry the gradient of the sum.
    found['output'].sum().backward()
    losses.sum().backward()
    torch.testing.assert_close(
        found['logits'].grad, logits.grad, rtol=0, atol=1e-5)


def test_deformable_attention(our_operators):
    generator = torch.Generator().manual_seed(0)
    shapes = torch.tensor([[4, 6], [2, 3]])
    starts = torch.tensor([0, 24])
    sizes = (2, 30, 2, 5), (2, 7, 2, 2, 3, 2), (2, 7, 2, 2, 3)
    inputs = [torch.rand(size, generator=generator) for size in sizes]
    ours_in = [each.clone().requires_grad_() for each in inputs]
    theirs = [each.clone().requires_grad_() for each in inputs]
    found = MultiScaleDeformableAttnFunction.apply(ours_in[0], shapes, starts,
                                                   *ours_in[1:], 64)
    expected = multi_scale_deformable_attn_pytorch(theirs[0], shapes,
                                                   *theirs[1:])
    torch.testing.assert_close(found, expected)
    for output in (found, expected):
        output.square().sum().backward()
    for one, other in zip(ours_in, theirs):
        torch.testing.assert_close(one.grad, other.grad)


@pytest.mark.parametrize('call, name', [
    (lambda ops: ops.softnms(None), 'softnms'),
    (lambda ops: ops.roi_align_forward(
        torch.zeros(1, 1, 4, 4),
        torch.zeros(1, 5),
        torch.zeros(1, 1, 2, 2),
        None,
        None,
        aligned_height=2,
        aligned_width=2,
        spatial_scale=1.,
        sampling_ratio=0,
        pool_mode=0,
        aligned=True), "pool_mode='max'"),
])
def test_other_operators_are_refused_by_name(call, name):
    with pytest.raises(NotImplementedError, match=name) as error:
        call(ours)
    assert 'MMCV=compiled' in str(error.value)


def test_compiled_operators_go_first(tmp_path, monkeypatch):
    """Where mmcv has its own, nobody asks for ours; elsewhere they are it."""
    package = tmp_path / 'mmcv'
    package.mkdir()
    (package / '__init__.py').touch()
    code = ('import projects.qanet, importlib.util as u; '
            'print(u.find_spec("mmcv._ext").origin); import sys; '
            'print("torch" in sys.modules)')

    def found():
        lines = subprocess.run([sys.executable, '-c', code],
                               cwd=ROOT,
                               env={
                                   'PYTHONPATH': str(tmp_path)
                               },
                               check=True,
                               capture_output=True,
                               text=True).stdout.split()
        return Path(lines[0]), lines[1]

    assert found() == (Path(ours.__file__), 'False')
    (package / '_ext.py').touch()
    assert found() == (package / '_ext.py', 'False')
    assert importlib.util.find_spec('mmcv._elsewhere') is None
