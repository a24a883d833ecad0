# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.structures.rle import decode_runs, encode_counts


def test_decode_many_codes_of_pycocotools_at_once():
    """Masks of many shapes and densities, also empty and full ones."""
    rng = np.random.default_rng(0)
    masks = [
        rng.random(rng.integers(1, 80, 2)) < density
        for density in rng.choice([0., .01, .4, .97, 1.], 200)
    ]
    starts, ends, owners, totals = decode_runs([
        coco_mask.encode(np.asfortranarray(mask, np.uint8))['counts'].decode()
        for mask in masks
    ])
    assert totals.tolist() == [mask.size for mask in masks]
    for i, mask in enumerate(masks):
        edges = np.diff(np.pad(mask.T.reshape(-1).astype(int), 1))
        mine = owners == i
        assert starts[mine].tolist() == np.flatnonzero(edges == 1).tolist()
        assert ends[mine].tolist() == np.flatnonzero(edges == -1).tolist()


@pytest.mark.parametrize(
    'code', ['', 'a b', '12o', b'237', None, '23\xe4', 18 * 'o' + '0', '2O7'])
def test_refuse_what_is_no_code(code):
    with pytest.raises(ValueError) as caught:
        decode_runs(['237', code])
    assert caught.value.args[1] == 1


def test_encode_what_pycocotools_encodes():
    """Many shapes and densities at once, also of one pixel and very long."""
    rng = np.random.default_rng(1)
    masks = [
        rng.random(rng.integers(1, 80, 2)) < density
        for density in rng.choice([0., .01, .4, .97, 1.], 200)
    ]
    masks.append(np.zeros((3000, 2000), bool))
    masks[-1][70:2000, 3:1500] = True
    counts = []
    for mask in masks:
        pixels = mask.T.reshape(-1).astype(int)
        changes = np.flatnonzero(np.diff(pixels, prepend=0))
        counts.append(np.diff(changes, prepend=0, append=pixels.size))
    # The last run has at least one pixel, so it is there for set ones, too.
    expected = [
        coco_mask.encode(np.asfortranarray(mask, np.uint8))['counts'].decode()
        for mask in masks
    ]
    assert encode_counts(counts) == expected
    assert encode_counts([]) == []
