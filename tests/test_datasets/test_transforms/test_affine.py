# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp

import cv2
import numpy as np
import pytest

from projects.qanet.datasets.transforms import get_warp_matrix

GOLDEN = osp.join(osp.dirname(__file__), '../../data/transforms/golden.npz')


@pytest.fixture(scope='module')
def golden():
    return np.load(GOLDEN)


def test_matrices_golden(golden):
    for case, matrix, inverse in zip(golden['affine_cases'],
                                     golden['affine_mats'],
                                     golden['affine_mats_inv']):
        ours = get_warp_matrix(case[:2], case[2:4], case[4],
                               (int(case[5]), int(case[6])))
        np.testing.assert_allclose(ours[:, :2], matrix[:, :2], atol=1e-4)
        # The golden translation comes from points in single precision, whose
        # rounding error grows with the distance to the image's origin. At
        # the box itself, and in image pixels, nothing of it is left.
        np.testing.assert_allclose(
            ours @ [*case[:2], 1], matrix @ [*case[:2], 1], atol=1e-4)
        np.testing.assert_allclose(
            cv2.invertAffineTransform(ours), inverse, atol=1e-4)


def test_warps_golden(golden):
    for i, box in enumerate(golden['warp_boxes']):
        matrix = get_warp_matrix(box[:2], box[2:4], box[4], (384, 512))
        np.testing.assert_allclose(
            matrix, golden['warp_mats'][i], rtol=1e-5, atol=1e-3)
        image = cv2.warpAffine(golden['warp_img'], matrix, (384, 512))
        labels = cv2.warpAffine(
            golden['warp_lab'], matrix, (384, 512), flags=cv2.INTER_NEAREST)
        difference = np.abs(image[::4, ::4].astype(int) -
                            golden['warp_img_linear'][i])
        wrong = (labels != golden['warp_lab_nearest'][i]).mean()
        if cv2.__version__.startswith('5'):
            assert difference.max() <= 1
            assert wrong == 0
        else:
            # OpenCV 4 rounds positions to a coarser grid, which shows at
            # every edge of these finely divided labels.
            assert difference.max() <= 6
            assert wrong <= .015


def test_center_and_corners():
    # Box of 40 x 80 px about (50, 70), no rotation, crop of 20 x 40 px.
    matrix = get_warp_matrix((50, 70), (40, 80), 0., (20, 40))
    np.testing.assert_allclose(matrix @ [50, 70, 1], [10, 20])
    np.testing.assert_allclose(matrix @ [30, 30, 1], [0, 0], atol=1e-12)
    np.testing.assert_allclose(matrix @ [70, 110, 1], [20, 40])


def test_positive_rotation_is_counter_clockwise():
    # What lies right of the centre must move up (smaller y).
    matrix = get_warp_matrix((50, 70), (40, 80), 90., (40, 80))
    np.testing.assert_allclose(matrix @ [60, 70, 1], [20, 30], atol=1e-12)


def test_golden_rotation_landmark():
    # In the released system a point 50 px above the centre goes to the left.
    matrix = get_warp_matrix((100, 100), (384, 512), 30., (384, 512))
    np.testing.assert_allclose(
        matrix @ [100, 50, 1] - [192, 256], [-25, -43.30127], atol=1e-4)
