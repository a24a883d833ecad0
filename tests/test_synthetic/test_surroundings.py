# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.synthetic.backgrounds import PLACES, draw_background
from projects.qanet.synthetic.brushes import (axis_brush, chain_brush,
                                              plain_brush)
from projects.qanet.synthetic.photo import photograph
from projects.qanet.synthetic.textures import (PATTERNS, Material, cloth_color,
                                               hsv, noise_tile)
from projects.qanet.synthetic.wardrobe import draw_cloth


@pytest.mark.parametrize('place', sorted(PLACES))
@pytest.mark.parametrize('size', [(64, 64), (90, 160), (230, 120)])
def test_every_place_at_any_size(place, size):
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    PLACES[place](np.random.default_rng(0), image, height // 2)
    assert image.std() > 3
    assert (image.max(axis=2) > 0).mean() > .95


def test_background_is_seeded():
    first, again, other = (
        draw_background(np.random.default_rng(s), 120, 80, 20.)
        for s in (1, 1, 2))
    assert first.shape == (80, 120, 3) and first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_photograph_keeps_the_motif():
    image = np.zeros((60, 90, 3), np.uint8)
    image[:, 45:] = 200
    out = photograph(np.random.default_rng(0), image)
    assert out.shape == image.shape and out.dtype == np.uint8
    assert image.max() == 200
    assert out[:, 50:].mean() > out[:, :40].mean() + 80


def test_hsv_known_colors():
    assert np.allclose(hsv(0, 1, 1), (0, 0, 255))
    assert np.allclose(hsv(120, 1, 1), (0, 255, 0))
    assert np.allclose(hsv(240, 1, .5), (127.5, 0, 0))
    assert np.allclose(hsv(77, 0, .2), (51, 51, 51))


def test_cloth_color_keeps_to_its_range():
    rng = np.random.default_rng(0)
    tops = [cloth_color(rng, .3, .6).max() for _ in range(200)]
    assert min(tops) >= .3 * 255 - 1e-6
    assert max(tops) <= .6 * 255 + 1e-6


@pytest.mark.parametrize('pattern', sorted(PATTERNS))
def test_patterns_mix_base_and_accent(pattern):
    material = Material(
        np.array([10., 20., 30.]), np.array([110., 120., 130.]), pattern)
    across = np.linspace(-2, 2, 400, dtype=np.float32)
    colors = material.colors(across, across[::-1] * .7)
    assert colors.shape == (400, 3)
    # One amount for all three channels.
    amount = (colors - material.base) / 100
    assert np.allclose(amount, amount[:, :1], atol=1e-5)
    assert (amount.std() > .02) == (pattern != 'plain')


def test_noise_is_periodic_and_read_only():
    tile = noise_tile()
    assert tile.shape == (256, 256)
    seam = np.abs(tile[:, 0] - tile[:, -1]).max()
    assert seam < 2 * np.abs(np.diff(tile, axis=1)).max()
    with pytest.raises(ValueError):
        tile[0, 0] = 1.


def test_brushes_shade_towards_the_light():
    cloth = Material(np.full(3, 100.), folds=0.)
    light = np.array([1., 0.])
    x, y = np.array([2., 10., 18.]), np.full(3, 50.)
    for brush in (axis_brush(
            np.array([10., 0.]), np.array([10., 100.]), 10., cloth, 20.,
            light),
                  chain_brush(
                      np.array([[10., 0.], [10., 60.], [10., 100.]]),
                      np.full(3, 10.), cloth, 20., light)):
        left, middle, right = brush(x, y)[:, 0]
        assert left < right and left < middle
        assert np.isclose(middle, 98.)
    assert plain_brush((1, 2, 3))(x, y).tolist() == [[1, 2, 3]] * 3


@pytest.mark.parametrize(
    'kind', ['top', 'coat', 'pants', 'dress', 'skirt', 'scarf', 'socks'])
def test_cloth_is_seeded_and_its_pattern_visible(kind):
    for seed in range(8):
        first, again = (
            draw_cloth(np.random.default_rng(seed), kind) for _ in range(2))
        assert np.array_equal(first.base, again.base)
        assert first.pattern == again.pattern
        assert np.abs(first.base - first.accent).sum() >= 100


def test_typical_colors():
    rng = np.random.default_rng(0)
    socks = [draw_cloth(rng, 'socks').base.min() for _ in range(200)]
    assert .7 < (np.array(socks) > 200).mean() < .99
    coats = [draw_cloth(rng, 'coat').base.max() for _ in range(200)]
    assert (np.array(coats) < 145).mean() > .8
