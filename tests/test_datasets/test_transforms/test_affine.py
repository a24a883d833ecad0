# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from projects.qanet.datasets.transforms import get_warp_matrix


@pytest.fixture(scope='module')
def golden(data_dir):
    return np.load(data_dir / 'transforms/golden.npz')


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
        # OpenCV 4 rounds positions to a coarser grid, which shows at every
        # edge of these finely divided labels.
        is_new = cv2.__version__.startswith('5')
        assert difference.max() <= (1 if is_new else 6)
        assert wrong <= (0 if is_new else .015)


@pytest.mark.parametrize(
    'box, turn, crop_size, moves',
    [
        ((50, 70, 40, 80), 0., (20, 40), {
            (50, 70): (10, 20),
            (30, 30): (0, 0),
            (70, 110): (20, 40)
        }),
        # Counter-clockwise: what lies right of the centre moves up.
        ((50, 70, 40, 80), 90., (40, 80), {
            (60, 70): (20, 30)
        }),
        # As in the released system, 50 px above the centre goes to the left.
        ((100, 100, 384, 512), 30., (384, 512), {
            (100, 50): (192 - 25, 256 - 43.30127)
        }),
    ])
def test_points_by_hand(box, turn, crop_size, moves):
    matrix = get_warp_matrix(box[:2], box[2:], turn, crop_size)
    for point, expected in moves.items():
        np.testing.assert_allclose(matrix @ [*point, 1], expected, atol=1e-4)
