# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.structures.rle import decode_runs


def random_masks():
    """Masks of many shapes and densities, also empty and full ones."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        height, width = rng.integers(1, 80, 2)
        density = rng.choice([0., .01, .4, .97, 1.])
        yield rng.random((height, width)) < density


def runs_of(mask):
    edges = np.diff(np.pad(mask.T.reshape(-1).astype(int), 1))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def coco_counts(mask):
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return code['counts'].decode()


def test_decode_many_codes_of_pycocotools_at_once():
    masks = list(random_masks())
    starts, ends, owners, totals = decode_runs(
        [coco_counts(mask) for mask in masks])
    assert totals.tolist() == [mask.size for mask in masks]
    for i, mask in enumerate(masks):
        expected = runs_of(mask)
        np.testing.assert_array_equal(starts[owners == i], expected[0])
        np.testing.assert_array_equal(ends[owners == i], expected[1])


def test_decode_no_code():
    assert [len(values) for values in decode_runs([])] == [0, 0, 0, 0]


def test_decode_large_image():
    code = coco_mask.frPyObjects(
        dict(size=[10**5, 10**4], counts=[7, 2, 10**9 - 9]), 10**5, 10**4)
    starts, ends, _, totals = decode_runs([code['counts'].decode()])
    assert (starts[0], ends[0], totals[0]) == (7, 9, 10**9)


@pytest.mark.parametrize('code', [
    '', 'a b', '12o', b'237', None, '237\x7f', '23\xe4', 'oooooooooooooooooo0',
    '2O7'
])
def test_refuse_what_is_no_code(code):
    with pytest.raises(ValueError) as caught:
        decode_runs(['237', code])
    assert caught.value.args[1] == 1
