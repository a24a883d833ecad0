# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.structures.records import decode_records, encode_parts
from projects.qanet.structures.runs import maps_to_runs, runs_to_map


def random_persons(rng, size=(23, 17)):
    """Windows of five persons in one image, one of them without a part."""
    width, height = size
    maps, offsets, whole = [], [], []
    for density in (.9, .5, 0., .97, .2):
        left, top = rng.integers(0, width - 1), rng.integers(0, height - 1)
        right = rng.integers(left + 1, width + 1)
        bottom = rng.integers(top + 1, height + 1)
        if density == .97:  # full height: runs touch from column to column
            top, bottom = 0, height
        window = rng.integers(1, 4, (bottom - top, right - left))
        window = (window * (rng.random(window.shape) < density)).astype(
            np.uint8)
        image = np.zeros((height, width), np.uint8)
        image[top:bottom, left:right] = window
        maps.append(window)
        offsets.append((left, top))
        whole.append(image)
    return maps, offsets, whole


@pytest.mark.parametrize('seed', range(5))
def test_runs_masks_and_back(seed):
    size = (23, 17)
    maps, offsets, whole = random_persons(np.random.default_rng(seed), size)
    runs = maps_to_runs(maps, offsets, size)
    assert runs.num_persons == 5 and runs.image_size == size
    for one, image in zip(runs.split(), whole):
        drawn = np.zeros(size[0] * size[1], np.uint8)
        for start, end, label in zip(one.starts, one.ends, one.labels):
            assert not drawn[start:end].any() and label > 0
            drawn[start:end] = label
        np.testing.assert_array_equal(drawn.reshape(size).T, image)
        assert one.num_persons == 1 and not one.persons.any()
        window, (x, y) = runs_to_map(one)
        again = np.zeros_like(image)
        again[y:y + window.shape[0], x:x + window.shape[1]] = window
        np.testing.assert_array_equal(again, image)

    encoded = encode_parts(runs)
    for masks, image in zip(encoded, whole):
        assert list(masks) == [v for v in np.unique(image).tolist() if v]
        for label, mask in masks.items():
            expected = coco_mask.encode(
                np.asfortranarray(image == label, np.uint8))
            assert mask['counts'] == expected['counts'].decode()
            assert mask['size'] == [17, 23]

    records = [
        dict(parts=[dict(label=k, segmentation=v) for k, v in masks.items()])
        for masks in encoded
    ]
    decoded = decode_records(records, size)
    assert decoded.num_persons == 5
    for one, image in zip(decoded.split(), whole):
        window, (x, y) = runs_to_map(one)
        found = image[y:y + window.shape[0], x:x + window.shape[1]]
        np.testing.assert_array_equal(window, found)
        assert (window > 0).sum() == (image > 0).sum()


def test_nobody():
    runs = maps_to_runs([], [], (7, 5))
    assert runs.num_persons == 0 and len(runs.starts) == 0
    assert runs.split() == [] and encode_parts(runs) == []
    nothing = maps_to_runs([np.zeros((0, 3), np.uint8)], [(2, 1)], (7, 5))
    assert encode_parts(nothing) == [{}]
    assert runs_to_map(nothing.split()[0])[0].shape == (0, 0)
