# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.densepose.annotations import decode_part_mask
from projects.qanet.densepose.evaluation import (DensePoseEvaluator, Surface,
                                                 similarity)
from projects.qanet.densepose.evaluation.matching import rank
from .test_annotation_checks import encode

KAPPA_OF_GROUP = [((1, 2), .351), ((3, 4), .107), ((5, 6), .126),
                  ((7, 8, 9, 10), .237), ((11, 12, 13, 14), .173),
                  ((15, 16, 17, 18), .142), ((19, 20, 21, 22), .128),
                  ((23, 24), .150)]


@pytest.fixture(scope='module')
def surface(eval_data):
    return Surface.load(eval_data)


@pytest.fixture
def prepare(surface):

    def prepare_one(annotation, size=(240, 200), resize='label_linear'):
        annotation = dict(dict(area=1, iscrowd=0), **annotation)
        return similarity.prepare_person(annotation, size, surface,
                                         similarity.MASK_RESIZES[resize], 'x')

    return prepare_one


@pytest.mark.parametrize('resize, iou', [('label_linear', 'mask_iou'),
                                         ('binary', 'mask_iou_binary')])
def test_golden_pairs(golden, eval_data, surface, resize, iou):
    """GPS and box IoU of both systems, the mask IoU of each."""
    evaluator = DensePoseEvaluator(
        golden.ann_file, eval_data, mask_resize=resize)
    for image_id, image in evaluator.images.items():
        detections = golden.of_image(image_id)
        if image_id == 14:
            detections = []  # nobody is there, the pairs are none
        best = rank([one['score'] for one in detections])
        detections = [detections[i] for i in best]
        truths = evaluator.truths(image_id)
        expected = {
            name: golden.arrays[f'pairs/{image_id}/{name}']
            for name in ('gps', 'box_iou', iou)
        }
        size = image['width'], image['height']
        if not truths or not detections:
            assert all(one.size == 0 for one in expected.values())
        else:
            np.testing.assert_allclose(
                similarity.point_similarities(detections, truths, surface),
                expected['gps'],
                rtol=0,
                atol=1e-7)
            np.testing.assert_array_equal(
                similarity.mask_ious(detections, truths, size), expected[iou])
            np.testing.assert_array_equal(
                similarity.box_ious(detections, truths), expected['box_iou'])


def naive_similarity(mesh, annotation, detection):
    """GPS point by point."""
    x, y, width, height = annotation['bbox']
    left, top, columns, rows = detection['bbox']
    values = []
    for dp_x, dp_y, patch, *place in zip(*(annotation[f'dp_{key}']
                                           for key in 'xyIUV')):
        column = int(dp_x * width / 255 + x - left)
        row = int(dp_y * height / 255 + y - top)
        found = [0, 0, 0]
        if 0 <= column < columns and 0 <= row < rows:
            found = detection['uv'][:, row, column]
        if found[0] == 0:
            values.append(0)
            continue
        vertices = []
        for chart, u, v in ((patch, *place), (found[0], found[1] / 255,
                                              found[2] / 255)):
            own = np.flatnonzero(mesh.patches == chart)
            distances = np.hypot(mesh.u[own] - u, mesh.v[own] - v)
            vertices.append(mesh.vertices[own[np.argmin(distances)]])
        distance = float(mesh.distances[tuple(vertices)])
        kappa = next(k for group, k in KAPPA_OF_GROUP if patch in group)
        values.append(np.exp(-distance**2 / (2 * kappa**2)))
    return np.mean(values)


def random_person(rng, number=40):
    return dict(
        bbox=[20.3, 11.8, 70.2, 90.6],
        dp_x=rng.uniform(0, 255, number).tolist(),
        dp_y=rng.uniform(0, 255, number).tolist(),
        dp_I=rng.integers(1, 25, number).astype(float).tolist(),
        dp_U=rng.random(number).tolist(),
        dp_V=rng.random(number).tolist())


def paint(annotation, box, spread=0):
    """A detection that has, around each point, what is annotated there."""
    x, y, width, height = annotation['bbox']
    uv = np.zeros((3, box[3], box[2]), np.uint8)
    for dp_x, dp_y, *values in zip(*(annotation[f'dp_{key}']
                                     for key in 'xyIUV')):
        column = int(dp_x * width / 255 + x - box[0])
        row = int(dp_y * height / 255 + y - box[1])
        values = np.array(values) * (1, 255, 255)
        if 0 <= column < box[2] and 0 <= row < box[3]:
            uv[:, row, column] = values.round()
    return dict(bbox=list(box), score=1., uv=uv)


def test_against_naive(mesh, surface, prepare):
    """Boxes that hold few or many of the points, cells of random patches."""
    rng = np.random.default_rng(3)
    annotation = random_person(rng)
    detections = []
    for box in ((20, 11, 71, 91), (45, 30, 60, 30), (-20, -30, 80, 90)):
        uv = rng.integers(0, 256, (3, box[3], box[2])).astype(np.uint8)
        uv[0] = np.where(rng.random(uv.shape[1:]) < .3, 0, uv[0] % 25)
        near = paint(annotation, box)['uv']
        use = (near[0] > 0) & (rng.random(uv.shape[1:]) < .7)
        detections.append(
            dict(bbox=list(box), uv=np.where(use, near, uv), score=1.))
    found = similarity.point_similarities(detections,
                                          [prepare(annotation)] * 2, surface)
    expected = [naive_similarity(mesh, annotation, one) for one in detections]
    assert .5 < max(expected) < 1 and len(set(expected)) == 3
    np.testing.assert_allclose(found, np.stack([expected] * 2, 1), rtol=1e-12)


def test_the_truth_is_found(surface, prepare):
    """Up to the fineness of uint8, and in boxes of different place."""
    annotation = random_person(np.random.default_rng(4), 25)
    detection = paint(annotation, (20, 11, 72, 93))
    found = similarity.point_similarities([detection], [prepare(annotation)],
                                          surface)
    assert .97 < found[0, 0] <= 1


@pytest.mark.parametrize('offset', [(13, 0), (0, -7), (30, 45)])
def test_moved_together(surface, prepare, offset):
    rng = np.random.default_rng(5)
    annotation = random_person(rng)
    detection = paint(annotation, (30, 20, 50, 60))
    dx, dy = offset
    x, y, *size = annotation['bbox']
    left, top, *sides = detection['bbox']
    moved = dict(annotation, bbox=[x + dx, y + dy, *size])
    moved_detection = dict(detection, bbox=[left + dx, top + dy, *sides])
    first = similarity.point_similarities([detection], [prepare(annotation)],
                                          surface)
    second = similarity.point_similarities([moved_detection], [prepare(moved)],
                                           surface)
    np.testing.assert_array_equal(first, second)
    assert 0 < first[0, 0] < 1
    assert similarity.point_similarities([moved_detection],
                                         [prepare(annotation)],
                                         surface) < first


def test_one_point_or_none(surface, prepare):
    annotation = random_person(np.random.default_rng(6), 1)
    detection = paint(annotation, (20, 11, 72, 93))
    outside = dict(detection, bbox=[200, 150, 72, 93])
    truths = [
        prepare(annotation),
        prepare(random_person(np.random.default_rng(6), 0)),
        prepare(dict(bbox=annotation['bbox']))
    ]
    found = similarity.point_similarities([detection, outside], truths,
                                          surface)
    assert found[0, 0] > .9 and found[1:].sum() + found[:, 1:].sum() == 0
    assert [one.is_ignored for one in truths] == [False, False, True]
    assert similarity.point_similarities([], truths, surface).shape == (0, 3)
    assert similarity.point_similarities([detection], [],
                                         surface).shape == (1, 0)


def test_left_by_less_than_a_pixel(surface, prepare):
    """Positions are rounded towards 0: the first column, not outside."""
    annotation = dict(
        bbox=[10.2, 10., 20., 20.],
        dp_x=[0.],
        dp_y=[0.],
        dp_I=[7.],
        dp_U=[.5],
        dp_V=[.5])
    uv = np.tile(np.array([7, 128, 128], np.uint8)[:, None, None], (1, 5, 5))
    for left, expected in ((11, True), (12, False)):
        detection = dict(bbox=[left, 10, 5, 5], uv=uv, score=1.)
        found = similarity.point_similarities([detection],
                                              [prepare(annotation)], surface)
        assert (found[0, 0] > .9) == expected


def test_resizing():
    """Labels are interpolated, or what is inside."""
    labels = np.zeros((256, 256), np.uint8)
    labels[:, 100:140], labels[:, 140:] = 1, 14
    bbox = [3., 2.2, 33.9, 20.8]
    linear, binary = similarity.resize_labels(labels,
                                              bbox), similarity.resize_binary(
                                                  labels, bbox)
    assert linear.shape == (20, 33) and binary.shape == (21, 33)
    assert (linear == linear[0]).all() and (binary == binary[0]).all()
    # The pixel centres, 100 / 256 * 33 = 12.9 and the end of what is inside.
    assert linear[0].tolist() == [False] * 13 + [True] * 20
    assert binary[0].argmax() == 13
    # Enlarged, a quarter of the head is enough, but half of the torso.
    for label, resize, first in ((14, similarity.resize_labels,
                                  255), (1, similarity.resize_labels, 256),
                                 (14, similarity.resize_binary, 256)):
        half = np.where(np.arange(256) < 128, 0, label) * np.ones((256, 1))
        resized = resize(half, [0, 0, 512, 20])
        assert resized.shape == (20, 512) and resized[0].argmax() == first
    for resize, shape in ((similarity.resize_labels, (0, 40)),
                          (similarity.resize_binary, (0, 40))):
        assert resize(labels, [0, 0, 40.2, .3]).shape == shape


def test_mask_ious_in_the_image(prepare):
    """Windows against masks of the whole image, cut off at all its edges."""
    rng = np.random.default_rng(7)
    size = width, height = 90, 70
    masks = [[] for _ in range(14)]
    for part in (0, 6, 13):
        masks[part] = encode(rng.random((256, 256)) < .2)
    labels = decode_part_mask(masks, 'x')
    boxes = [[-10.5, -7.2, 60.9, 50.4], [60.7, 40.1, 60.2, 50.8],
             [20, 10, 30, 30], [200, 10, 30, 30]]
    truths, wholes = [], []
    for crowd in (0, 1):
        for box in boxes:
            truths.append(
                prepare(dict(bbox=box, dp_masks=masks, iscrowd=crowd), size))
            wholes.append(
                whole(similarity.resize_labels(labels, box), box, size))
    truths.append(prepare(dict(bbox=boxes[2]), size))  # without masks
    wholes.append(np.zeros((height, width), bool))
    detections = []
    for box in ([-4, -6, 40, 30], [50, 30, 60, 70], [5, 5, 60, 40]):
        uv = rng.integers(0, 2, (3, box[3], box[2])).astype(np.uint8)
        detections.append(dict(bbox=box, uv=uv))
    found = similarity.mask_ious(detections, truths, size)
    own = [whole(one['uv'][0] > 0, one['bbox'], size) for one in detections]
    codes = [[
        coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        for mask in some
    ] for some in (own, wholes)]
    expected = coco_mask.iou(*codes, [t.is_crowd for t in truths])
    assert (expected[:, 4:7] > 0).any() and (expected[:, :3] > 0).sum() > 5
    np.testing.assert_array_equal(found, expected)


def whole(pixels, box, size):
    """Pixels of a box in the whole image, one by one."""
    image = np.zeros(size[::-1], bool)
    for row, column in np.argwhere(pixels):
        y, x = row + int(box[1]), column + int(box[0])
        if 0 <= x < size[0] and 0 <= y < size[1]:
            image[y, x] = True
    return image


def test_placing():
    pixels = np.arange(12).reshape(3, 4)
    mask = similarity.place_mask([-1, -2, 4, 3], pixels, (10, 10))
    assert mask.corner == (0, 0) and mask.pixels.tolist() == [[9, 10, 11]]
    mask = similarity.place_mask([8.9, 8.9, 4, 3], pixels, (10, 9))
    assert mask.corner == (8, 8) and mask.pixels.tolist() == [[0, 1]]
    for corner in ((20, 0), (0, -9), (-9, 3)):
        assert similarity.place_mask([*corner, 4, 3], pixels,
                                     (10, 9)).pixels.size == 0
