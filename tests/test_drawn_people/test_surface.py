# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.drawn_people.outfit import PIECES, sample_worn
from projects.drawn_people.surface import (PATTERNS, Chain, Cloth, Material,
                                           sample_color)


@pytest.mark.parametrize('color, expected', [
    ((480, 1, 1), (0, 255, 0)),
    ((240, 1, .5), (127.5, 0, 0)),
    ((77, 0, .2), (51, 51, 51)),
])
def test_known_colors(color, expected):
    found = sample_color(np.random.default_rng(0), np.repeat(color, 2))
    assert np.allclose(found, expected)


@pytest.mark.parametrize('pattern', PATTERNS)
def test_patterns_mix_base_and_accent(pattern):
    base = np.array([10., 20., 30.])
    across = np.linspace(-2, 2, 400, dtype=np.float32)
    colors = Material(base, base + 100,
                      pattern).colors(across, across[::-1] * .7)
    # One amount for all three channels.
    amount = (colors - base) / 100
    assert np.allclose(amount, amount[:, :1], atol=1e-5)
    assert amount.min() >= -.05 and amount.max() <= 1.
    assert (amount.std() > .02) == (pattern != 'plain')


def test_pixels_are_located_on_the_nearest_bone():
    bent = Chain(3, np.array([[0., 0.], [10., 0.], [10., 20.]]),
                 np.array([4., 2., 1.]), np.arange(3.))
    x, y = np.float32([3, 12, 9]), np.float32([2, 15, -3])
    cloth = Cloth(bent, Material(np.zeros(3)), 1., np.zeros(2))
    limb, along, across = cloth.coordinates(x, y).T
    assert limb.tolist() == [3, 3, 3]
    assert np.allclose(along, [.3, 1 + 15 / 20, .9])
    # Width 4 to 2, then 2 to 1; positive to the right of the way.
    assert np.allclose(across, [2 / 3.4, -2 / 1.25, -3 / 2.2])


@pytest.mark.parametrize('ys', [(10, 100), (0, 60, 100)])
def test_light_comes_from_its_side(ys):
    points = np.array([(10., y) for y in ys])
    chain = Chain(0, points, np.full(len(ys), 10.), np.arange(len(ys)))
    cloth = Cloth(chain, Material(np.full(3, 100.), folds=0.), 20.,
                  np.array([1., 0.]))
    found = cloth(np.float32([2, 10, 18]), np.full(3, 50, np.float32))[:, 0]
    # 62 % everywhere, 36 % from the front, 34 % from the light.
    side = .62 + .36 * np.sqrt(1 - .8**2)
    assert np.allclose(found,
                       [100 * (side - .34 * .8), 98, 100 * (side + .34 * .8)])


def test_patterns_of_pieces_are_visible_and_their_colors_typical():
    rng = np.random.default_rng(0)
    colors = {}
    for kind in PIECES:
        made = [sample_worn(rng, kind).material for _ in range(150)]
        for material in made:
            assert np.abs(material.base - material.accent).max() >= 8
        colors[kind] = np.array([material.base for material in made])
    assert .7 < (colors['socks'].min(axis=1) > 200).mean() < .99
    assert (colors['coat'].max(axis=1) < 145).mean() > .8
