# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.structures.records import decode_records, encode_parts
from projects.qanet.structures.runs import maps_to_runs, runs_to_map

SIZE = (23, 17)  # width, height


def paste(window, corner):
    """A part map in the whole image."""
    x, y = corner
    image = np.zeros(SIZE[::-1], np.uint8)
    image[y:y + window.shape[0], x:x + window.shape[1]] = window
    return image


def random_persons(rng):
    """Windows of five persons in one image, one of them without a part."""
    maps, corners = [], []
    for density in (.9, .5, 0., .97, .2):
        left, top = rng.integers(0, 22), rng.integers(0, 16)
        right, bottom = rng.integers(left, 23) + 1, rng.integers(top, 17) + 1
        if density == .97:  # full height: runs touch from column to column
            top, bottom = 0, 17
        window = rng.integers(1, 4, (bottom - top, right - left))
        window[rng.random(window.shape) >= density] = 0
        maps.append(window.astype(np.uint8))
        corners.append((left, top))
    return maps, corners


@pytest.mark.parametrize('seed', range(5))
def test_runs_masks_and_back(seed):
    maps, corners = random_persons(np.random.default_rng(seed))
    whole = [paste(*one) for one in zip(maps, corners)]
    runs = maps_to_runs(maps, corners, SIZE)
    assert runs.num_persons == 5 and runs.image_size == SIZE
    for one, image in zip(runs.split(), whole, strict=True):
        drawn = np.zeros(SIZE[0] * SIZE[1], np.uint8)
        for start, end, label in zip(one.starts, one.ends, one.labels):
            assert not drawn[start:end].any() and label > 0
            drawn[start:end] = label
        np.testing.assert_array_equal(drawn.reshape(SIZE).T, image)
        assert one.num_persons == 1 and not one.persons.any()

    encoded = encode_parts(runs)
    for masks, image in zip(encoded, whole, strict=True):
        assert list(masks) == [v for v in np.unique(image).tolist() if v]
        for label, mask in masks.items():
            expected = coco_mask.encode(
                np.asfortranarray(image == label, np.uint8))
            assert mask == dict(
                size=[17, 23], counts=expected['counts'].decode())

    records = [
        dict(parts=[dict(label=k, segmentation=v) for k, v in masks.items()])
        for masks in encoded
    ]
    decoded = decode_records(records, SIZE).split()
    for one, image in zip(decoded, whole, strict=True):
        window, corner = runs_to_map(one)
        np.testing.assert_array_equal(paste(window, corner), image)
        assert (*corner, *window.shape[::-1]) == cv2.boundingRect(image)


def test_nobody():
    runs = maps_to_runs([], [], (7, 5))
    assert runs.split() == [] and encode_parts(runs) == []
    nothing = maps_to_runs([np.zeros((0, 3), np.uint8)], [(2, 1)], (7, 5))
    assert encode_parts(nothing) == [{}]
    assert runs_to_map(nothing.split()[0])[0].shape == (0, 0)
