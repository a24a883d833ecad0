# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From an image and a person's box to a crop (docs/protocol.md, section 3)."""
import inspect
import math
from typing import Sequence, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from projects.qanet.structures.boxes import boxes_to_center_scale
from ..metainfo import flip_lookup_table


def get_warp_matrix(center: Sequence[float], scale: Sequence[float],
                    rotation: float, crop_size: Tuple[int, int]) -> np.ndarray:
    """Affine map from image to crop pixels.

    The box centre, x, y in pixels, lands on the pixel index (w / 2, h / 2) of
    the crop, without a half-pixel shift. Of ``scale``, the padded box's width
    and height, the width alone decides, and becomes the crop's. A positive
    ``rotation``, in degrees, turns the content counter-clockwise. Gives a
    matrix (2, 3), float64: crop = matrix @ (x, y, 1).
    """
    zoom, angle = crop_size[0] / float(scale[0]), math.radians(rotation)
    # The y axis points down, hence the sign of the sines.
    cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
    x, y = map(float, center)
    return np.array([[cos, sin, crop_size[0] / 2 - cos * x - sin * y],
                     [-sin, cos, crop_size[1] / 2 + sin * x - cos * y]])


def _check_crop_size(crop_size: Tuple[int, int]) -> Tuple[int, int]:
    if len(crop_size) != 2 or min(crop_size) < 1:
        raise ValueError('crop_size must be (width, height) in pixels, got '
                         f'{crop_size!r}')
    return int(crop_size[0]), int(crop_size[1])


class ShownTransform(BaseTransform):
    """A transform that is shown with the arguments it was made with."""

    def __repr__(self) -> str:
        values = ', '.join(
            f'{name}={getattr(self, name)!r}'
            for name in inspect.signature(type(self)).parameters)
        return f'{type(self).__name__}({values})'


@TRANSFORMS.register_module()
class GetParsingBox(ShownTransform):
    """Turn a person's box into the centre and size of the region to crop.

    ``bbox`` (4,), xyxy in pixels, grows about its centre to the aspect
    ratio of ``crop_size``, width and height of the network's input, and both
    sides are multiplied by ``padding``. Adds ``bbox_center`` (2,), xy, and
    ``bbox_scale`` (2,), width and height, float32 in pixels.
    """

    def __init__(self,
                 crop_size: Tuple[int, int],
                 padding: float = 1.25) -> None:
        if padding <= 0:
            raise ValueError(f'padding must be positive, got {padding}')
        self.crop_size = _check_crop_size(crop_size)
        self.padding = padding

    def transform(self, results: dict) -> dict:
        """Add ``bbox_center`` and ``bbox_scale``."""
        (center, ), (scale, ) = boxes_to_center_scale(results['bbox'],
                                                      self.crop_size,
                                                      self.padding)
        return dict(results, bbox_center=center, bbox_scale=scale)


@TRANSFORMS.register_module()
class RandomParsingAffine(ShownTransform):
    """Draw a scale factor and a rotation; the warp itself comes later.

    Scale, which multiplies ``bbox_scale``: ``clip(1 + scale_std * N(0, 1),
    *scale_clip)``. Rotation, which becomes ``bbox_rotation``: with probability
    ``rotate_prob``, ``clip(rotate_std * N(0, 1), -rotate_max, rotate_max)``
    degrees, else 0; positive turns the content counter-clockwise. There is no
    shift.
    """

    def __init__(self,
                 scale_std: float = .3,
                 scale_clip: Tuple[float, float] = (.7, 1.3),
                 rotate_std: float = 40.,
                 rotate_max: float = 80.,
                 rotate_prob: float = .6) -> None:
        if not 0 < scale_clip[0] <= scale_clip[1]:
            raise ValueError('scale_clip must be two ascending positive '
                             f'factors, got {scale_clip!r}')
        if not 0 <= rotate_prob <= 1:
            raise ValueError(
                f'rotate_prob must be from 0 to 1, got {rotate_prob}')
        self.scale_std = scale_std
        self.scale_clip = tuple(scale_clip)
        self.rotate_std = rotate_std
        self.rotate_max = rotate_max
        self.rotate_prob = rotate_prob

    @cache_randomness
    def _draw(self) -> Tuple[float, float]:
        scale = np.clip(1 + self.scale_std * np.random.randn(),
                        *self.scale_clip)
        rotation = np.clip(self.rotate_std * np.random.randn(),
                           -self.rotate_max, self.rotate_max)
        if np.random.rand() >= self.rotate_prob:
            rotation = 0.
        return float(scale), float(rotation)

    def transform(self, results: dict) -> dict:
        """Draw and note the augmentation."""
        scale, rotation = self._draw()
        return dict(
            results,
            bbox_scale=results['bbox_scale'] * np.float32(scale),
            bbox_rotation=rotation)


@TRANSFORMS.register_module()
class RandomParsingFlip(ShownTransform):
    """With probability ``prob`` mirror image, labels and box.

    Swaps the labels of ``flip_pairs`` in ``gt_seg_map`` (h, w) uint8, if that
    is there, and makes x of ``bbox_center`` W - 1 - x. Adds ``flip``, a bool,
    and ``flip_direction``, 'horizontal' or None. Comes before the warp; the
    rotation keeps its sign, as it is applied to the mirrored image.
    """

    def __init__(self, prob: float = .5) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be from 0 to 1, got {prob}')
        self.prob = prob

    @cache_randomness
    def _draw(self) -> bool:
        return bool(np.random.rand() < self.prob)

    def transform(self, results: dict) -> dict:
        """Mirror the sample or leave it."""
        results['flip'] = self._draw()
        results['flip_direction'] = 'horizontal' if results['flip'] else None
        if not results['flip']:
            return results
        results['img'] = cv2.flip(results['img'], 1)
        if 'gt_seg_map' in results:
            results['gt_seg_map'] = cv2.LUT(
                cv2.flip(results['gt_seg_map'], 1),
                flip_lookup_table(results['flip_pairs']))
        center = results['bbox_center'].copy()
        center[0] = results['img'].shape[1] - 1 - center[0]
        results['bbox_center'] = center
        return results


@TRANSFORMS.register_module()
class TopDownAffine(ShownTransform):
    """Cut the crop out of image and labels with a single affine warp.

    The image is sampled bilinearly, labels by the nearest pixel; what lies
    outside the image is black and background. Needs ``img, bbox_center,
    bbox_scale``, and warps ``gt_seg_map`` and turns by ``bbox_rotation``
    (degrees) where they are there. ``img_shape`` becomes the crop's; adds
    ``warp_mat``, (2, 3) float64, from (mirrored) image to crop pixels.
    ``crop_size`` is width and height.
    """

    def __init__(self, crop_size: Tuple[int, int]) -> None:
        self.crop_size = _check_crop_size(crop_size)

    def transform(self, results: dict) -> dict:
        """Warp the sample."""
        matrix = get_warp_matrix(results['bbox_center'], results['bbox_scale'],
                                 results.get('bbox_rotation', 0.),
                                 self.crop_size)
        results['warp_mat'] = matrix
        for key, flags in (('img', cv2.INTER_LINEAR), ('gt_seg_map',
                                                       cv2.INTER_NEAREST)):
            if key in results:
                results[key] = cv2.warpAffine(
                    results[key], matrix, self.crop_size, flags=flags)
        results['img_shape'] = results['img'].shape[:2]
        return results
