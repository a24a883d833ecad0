# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmseg.structures import SegDataSample

from projects.qanet.densepose.losses import (BatchPoints, DensePosePatchLoss,
                                             DensePoseUVLoss, sample_points)
from projects.qanet.utils.errors import InputError


def sample(xy, patches, uv):
    points = InstanceData(
        xy=torch.as_tensor(xy), patches=torch.as_tensor(patches).long())
    points.uv = torch.as_tensor(uv)
    return SegDataSample(gt_points=points)


@pytest.fixture(scope='module')
def golden(data_dir):
    return dict(np.load(data_dir / 'densepose/losses_64x48.npz'))


@pytest.fixture(scope='module')
def points(golden):
    """One crop has none, one has all, some of the last are at the borders."""
    samples = []
    for x, y, patches, u, v in golden['target']:
        filled = patches > 0
        samples.append(
            sample(
                np.stack([x, y], 1)[filled], patches[filled],
                np.stack([u, v], 1)[filled]))
    points = BatchPoints.collect(samples)
    assert points.owners.bincount().tolist() == [90, 196, 0, 40]
    return points


def maps_of(golden, name):
    return (torch.from_numpy(golden[f'{name}_q16']).float() /
            16).requires_grad_()


def test_golden_patches(golden, points):
    logits = maps_of(golden, 'patch')
    loss = DensePosePatchLoss()(logits, points)
    assert loss.item() == pytest.approx(float(golden['loss_patch']), rel=1e-6)
    loss.backward()
    np.testing.assert_allclose(
        logits.grad[..., ::4, ::4], golden['patch_gradient_s4'], atol=1e-6)
    np.testing.assert_allclose(
        logits.grad[..., 0, 0], golden['patch_gradient_corner'], atol=1e-6)


@pytest.mark.parametrize('name, column', [('u', 0), ('v', 1)])
def test_golden_coordinates(golden, points, name, column):
    maps = maps_of(golden, name)
    loss = DensePoseUVLoss()(maps, points, points.uv[:, column])
    assert loss.item() == pytest.approx(
        float(golden[f'loss_{name}']), rel=1e-6)
    loss.backward()
    expected = np.zeros(maps.shape, np.float32)
    place = tuple(golden[f'{name}_gradient_at'].T.astype(int))
    expected[place] = golden[f'{name}_gradient_nonzero']
    np.testing.assert_allclose(maps.grad, expected, atol=1e-9)


def test_without_what_is_no_point(golden, points):
    loss, logits = DensePosePatchLoss(False), maps_of(golden, 'patch')
    inside = points.inside(64, 48)
    for chosen, name in ((points, 'without_padding'), (inside, 'inside')):
        assert loss(logits, chosen).item() == pytest.approx(
            float(golden[f'patch_{name}']), rel=1e-6)
    assert len(points.xy) - len(inside.xy) == 34
    # Where a point is dropped, there is one more that is missing.
    count = len(inside.patches)
    corners = logits[..., 0, 0].log_softmax(1)[:, 0]
    missing = 196 - inside.owners.bincount(minlength=4)
    expected = loss(logits, inside) * count - (missing * corners).sum()
    np.testing.assert_allclose(
        DensePosePatchLoss(loss_weight=2.)(logits, inside).detach(),
        2 * expected.detach() / 784,
        rtol=1e-6)


def test_points_are_pixel_indices():
    """On a plane, with the values next to the border beyond it."""
    y, x = torch.meshgrid(torch.arange(5.), torch.arange(7.), indexing='ij')
    feat = torch.stack([10 * y + x, -x])[None].repeat(2, 1, 1, 1)
    feat[1] += 100
    cases = [((2.25, 3.5), 37.25), ((0, 0), 0), ((6, 4), 46), ((-1, 2), 20),
             ((7, 2), 26), ((3, -1), 3), ((3, 5), 43), ((-1, 5), 40),
             ((6.5, 1.5), 21)]
    xy, expected = map(torch.tensor, zip(*cases))
    owners = torch.arange(len(cases)) % 2
    found = sample_points(feat, xy, owners)
    torch.testing.assert_close(found[:, 0], expected + 100. * owners)
    torch.testing.assert_close(found[:, 1],
                               100. * owners - xy[:, 0].clamp(0, 6))
    channels = owners.flip(0)
    torch.testing.assert_close(
        sample_points(feat, xy, owners, channels),
        found.gather(1, channels[:, None])[:, 0])
    outside = torch.tensor([[-1.01, 2], [7.01, 2], [3, -1.01], [3, 5.01]])
    assert not sample_points(feat + 7, outside, torch.ones(4).long()).any()


def test_nobody_has_points():
    empty = sample(
        np.zeros((0, 2), np.float32), [], np.zeros((0, 2), np.float32))
    points = BatchPoints.collect([empty, empty])
    maps = torch.randn(2, 25, 4, 3, requires_grad=True)
    assert DensePoseUVLoss()(maps, points, points.uv[:, 0]) == 0
    without = DensePosePatchLoss(pad_points=False)(maps, points)
    assert without == 0 and without.requires_grad
    torch.testing.assert_close(DensePosePatchLoss()(maps, points),
                               -maps[..., 0, 0].log_softmax(1)[:, 0].mean())


def test_too_many_points():
    xy = np.zeros((197, 2), np.float32)
    with pytest.raises(InputError, match='data sample 1 has 197 points.* 196'):
        BatchPoints.collect(
            [sample(xy[:3], [1] * 3, xy[:3]),
             sample(xy, [1] * 197, xy)])
