# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How alike detected and annotated persons are.

A detection is a dict with ``bbox``, whole numbers x, y, width and height in
pixels, and ``uv``, (3, height, width) uint8 in that box: patch, 0 for nobody,
and U and V times 255.
"""
from dataclasses import dataclass
from typing import Any, Callable, Dict, NamedTuple, Sequence, Tuple

import cv2
import numpy as np
from pycocotools.mask import iou as coco_iou
from scipy.ndimage import zoom

from ..annotations import decode_part_mask
from ..labels import POINT_RANGE
from .surface import Surface

#: Distances in metres that still count, by patch: exp(-1/2) at this distance.
#: Those of pairs of patches or, of limbs, of groups of four.
KAPPAS = np.array([np.nan] + [.351] * 2 + [.107] * 2 + [.126] * 2 +
                  [.237] * 4 + [.173] * 4 + [.142] * 4 + [.128] * 4 +
                  [.150] * 2)
_FULL = 255.  # what U or V of 1 is stored as
_COVERAGE = .5

Detections = Sequence[Dict[str, Any]]


class Mask(NamedTuple):
    """A mask in a window inside its image."""
    corner: Tuple[int, int]  # x, y
    pixels: np.ndarray  # (h, w) bool


@dataclass
class TruePerson:
    """An annotated person, prepared to be compared with many detections."""
    bbox: Sequence[float]  # xywh, in pixels
    area: float  # of its segmentation, in pixels
    is_crowd: bool
    is_ignored: bool  # whether it has no points and need not be found
    points: np.ndarray  # positions (x, y) in pixels of the image, (P, 2)
    kappas: np.ndarray  # of the points' patches, (P,)
    vertices: np.ndarray  # nearest mesh vertices of the points, (P,)
    mask: Mask


def resize_labels(labels: np.ndarray, bbox: Sequence[float]) -> np.ndarray:
    """Bring a mask of parts to its box (xywh), as the released system.

    It interpolates between the labels, so a pixel of the head (label 14) that
    is covered by 4 % is inside, one of the torso (1) from a half on. Gives
    bool, of the box's size rounded down.
    """
    width, height = int(bbox[2]), int(bbox[3])
    size = max(width, 1), max(height, 1)
    resized = cv2.resize(labels.astype(np.float64), size)
    return resized[:height, :width] > _COVERAGE


def resize_binary(labels: np.ndarray, bbox: Sequence[float]) -> np.ndarray:
    """Bring a mask of parts to its box (xywh), as detectron2 does.

    A pixel that is covered by a half is inside. Gives bool, of the box's
    size rounded to the nearest, at most up to its last pixel.
    """
    x, y, width, height = bbox
    factors = [
        max(side, 1) / own for side, own in zip((height, width), labels.shape)
    ]
    inside = (labels > 0).astype(np.float64)
    resized = zoom(inside, factors, order=1, prefilter=False)
    right, bottom = int(x + width) - int(x), int(y + height) - int(y)
    return resized[:bottom, :right] > _COVERAGE


#: Ways to bring an annotated mask to its person's size.
MASK_RESIZES: Dict[str, Callable[..., np.ndarray]] = dict(
    label_linear=resize_labels, binary=resize_binary)


def place_mask(bbox: Sequence[float], pixels: np.ndarray,
               image_size: Tuple[int, int]) -> Mask:
    """Put the pixels of a box (xywh) into an image of a size (w, h).

    The box's corner is rounded towards 0; what is outside is cut off.
    """
    left, top = int(bbox[0]), int(bbox[1])
    right = min(left + pixels.shape[1], image_size[0])
    bottom = min(top + pixels.shape[0], image_size[1])
    x, y = max(left, 0), max(top, 0)
    return Mask((x, y), pixels[y - top:max(bottom - top, 0),
                               x - left:max(right - left, 0)])


def prepare_person(annotation: Dict[str, Any], image_size: Tuple[int, int],
                   surface: Surface, resize: Callable[..., np.ndarray],
                   where: str) -> TruePerson:
    """Prepare an annotation whose points were checked.

    ``image_size`` is (w, h), ``resize`` one of :data:`MASK_RESIZES`. Raises an
    InputError that begins ``where`` if a mask is broken.
    """
    x, y, width, height = bbox = annotation['bbox']
    is_ignored = 'dp_x' not in annotation
    dp_x, dp_y, patches, u, v = (
        np.array(annotation.get(key, []), np.float64)
        for key in ('dp_x', 'dp_y', 'dp_I', 'dp_U', 'dp_V'))
    points = np.stack(
        [dp_x * width / POINT_RANGE + x, dp_y * height / POINT_RANGE + y], 1)
    pixels = np.zeros((0, 0), bool)
    if 'dp_masks' in annotation:
        labels = decode_part_mask(annotation['dp_masks'], where)
        pixels = resize(labels, bbox)
    return TruePerson(bbox, annotation['area'],
                      bool(annotation.get('iscrowd', 0)), is_ignored, points,
                      KAPPAS[patches.astype(np.int64)],
                      surface.closest_vertices(patches, u, v),
                      place_mask(bbox, pixels, image_size))


def point_similarities(detections: Detections, truths: Sequence[TruePerson],
                       surface: Surface) -> np.ndarray:
    """GPS of D detections and G persons, (D, G) float64 in [0, 1].

    The geodesic point similarity: the mean, over all annotated points, of
    ``exp(-d**2 / (2 * kappa**2))`` with the distance ``d`` between the
    vertices that were annotated and detected; 0 where nobody was detected.
    """
    similarities = np.zeros((len(detections), len(truths)))
    for j, truth in enumerate(truths):
        if truth.is_ignored or not len(truth.points) or not len(detections):
            continue
        found = np.stack(
            [_look_up(detection, truth.points) for detection in detections])
        patches, u, v = found.swapaxes(0, 1).reshape(3, -1)
        vertices = surface.closest_vertices(patches, u / _FULL, v / _FULL)
        distances = surface.distances(
            np.tile(truth.vertices, len(detections)), vertices)
        distances = distances.reshape(len(detections), -1)
        # Up to 1e-7 the released value: it squares in single precision where
        # no distance of a pair is 0 or infinite.
        values = np.exp(-distances**2 / (2 * truth.kappas**2))
        similarities[:, j] = values.sum(axis=1) / len(truth.points)
    return similarities


def _look_up(detection: Dict[str, Any], points: np.ndarray) -> np.ndarray:
    """Patch, U and V that are detected at points, (3, P); 0 outside."""
    # Rounded towards 0: what is left or above by less than a pixel is inside.
    columns, rows = (points - detection['bbox'][:2]).astype(np.int64).T
    uv = detection['uv']
    inside = (columns >= 0) & (rows >= 0)
    inside &= (columns < uv.shape[2]) & (rows < uv.shape[1])
    found = np.zeros((3, len(points)), np.int64)
    found[:, inside] = uv[:, rows[inside], columns[inside]]
    return found


def mask_ious(detections: Detections, truths: Sequence[TruePerson],
              image_size: Tuple[int, int]) -> np.ndarray:
    """IoU of the masks of D detections and G persons, (D, G) float64.

    With a crowd it is the share of the detection that lies on it.
    """
    masks = [
        place_mask(detection['bbox'], detection['uv'][0] > 0, image_size)
        for detection in detections
    ]
    ious = np.zeros((len(masks), len(truths)))
    areas = [np.count_nonzero(truth.mask.pixels) for truth in truths]
    for i, mask in enumerate(masks):
        area = np.count_nonzero(mask.pixels)
        for j, truth in enumerate(truths):
            common = _count_common(mask, truth.mask)
            whole = area
            if not truth.is_crowd:
                whole += areas[j] - common
            if common:
                ious[i, j] = common / whole
    return ious


def _count_common(first: Mask, second: Mask) -> int:
    """Pixels that are in both."""
    corner = np.maximum(first.corner, second.corner)
    pixels = []
    for mask in first, second:
        x, y = corner - mask.corner
        pixels.append(mask.pixels[y:, x:])
    height, width = np.minimum(pixels[0].shape, pixels[1].shape)
    first_part, second_part = (part[:height, :width] for part in pixels)
    return np.count_nonzero(first_part & second_part)


def box_ious(detections: Detections,
             truths: Sequence[TruePerson]) -> np.ndarray:
    """IoU of the boxes of D detections and G persons, (D, G) float64.

    With a crowd it is the share of the detection's box that lies in its box.
    """
    if not detections or not truths:
        return np.zeros((len(detections), len(truths)))
    boxes = np.array([one['bbox'] for one in detections], np.float64)
    others = np.array([truth.bbox for truth in truths], np.float64)
    return coco_iou(boxes, others, [int(one.is_crowd) for one in truths])
