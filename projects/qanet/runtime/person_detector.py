# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The exported detector: from an image to its persons' boxes."""
from typing import Any, Dict, Tuple

import cv2
import numpy as np

from projects.qanet.utils.errors import InputError
from .session import Session

#: Name of the document in the file's metadata, and what it has.
DOCUMENT = 'person-detector'
ENTRIES = dict(
    scale='a list of numbers',
    size_divisor='a number',
    mean='a list of numbers',
    std='a list of numbers',
    bgr_to_rgb='true or false',
    score_thr='a number',
    nms_pre='a number',
    min_bbox_size='a number',
    iou_thr='a number',
    max_per_img='a number',
    cat_ids='a list of numbers')
#: Thinner pictures are padded: a side must not become 0 pixels.
_THINNEST = 32


def suppress(boxes: np.ndarray, scores: np.ndarray,
             iou_thr: float) -> np.ndarray:
    """Positions of the boxes (N, 4) that no better one covers, best first."""
    order = np.argsort(-scores, kind='stable')
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[order, :2])
        high = np.minimum(boxes[best, 2:], boxes[order, 2:])
        shared = (high - low).clip(0).prod(1)
        order = order[shared <= iou_thr *
                      (areas[best] + areas[order] - shared)]
    return np.array(kept, int)


class PersonDetector:
    """Finds persons with an ONNX file.

    Args:
        session (Session): A detector that ``export_onnx.py`` has written.

    Raises:
        InputError: If the file has no such metadata, or holds no detector.
    """

    def __init__(self, session: Session) -> None:
        self.document: Dict[str,
                            Any] = session.read_document(DOCUMENT, ENTRIES)
        self._session = session
        if list(session.inputs) != [
                'image'
        ] or not {'boxes', 'scores', 'levels'} <= set(session.outputs):
            raise InputError(
                f'{session.path} holds no detector: its input must be image '
                'and its outputs boxes, scores, levels and, optionally, '
                'centerness')

    def __call__(self, image: np.ndarray, bbox_thr: float) -> np.ndarray:
        """Find the persons of a BGR image (H, W, 3), uint8.

        Gives (N, 5) float32, xyxy in pixels and score, best first. Raises an
        InputError if the network gives numbers that are not finite.
        """
        height, width = image.shape[:2]
        feed, shape, factor = self._prepare(image)
        found = self._session(image=feed)
        boxes, scores, labels = self._candidates(found, shape, factor)
        # A score that is no number is not among the candidates.
        if not (np.isfinite(found['scores']).all()
                and np.isfinite(boxes).all() and np.isfinite(scores).all()):
            raise InputError(f'{self._session.path} gives boxes or scores '
                             'that are not finite')
        kept = [
            rows[suppress(boxes[rows], scores[rows], self.document['iou_thr'])]
            for rows in (np.flatnonzero(labels == label)
                         for label in np.unique(labels))
        ]
        kept = np.concatenate(kept) if kept else np.zeros(0, int)
        kept = kept[np.argsort(-scores[kept], kind='stable')]
        kept = kept[:self.document['max_per_img']]
        boxes = boxes[kept].clip(0, np.float32([width, height] * 2))
        chosen = (
            np.isin(labels[kept], self.document['cat_ids'])
            & (scores[kept] >= bbox_thr)
            & (boxes[:, 2:] > boxes[:, :2]).all(1))
        return np.concatenate([boxes, scores[kept, None]], 1)[chosen]

    def _prepare(
            self, image: np.ndarray
    ) -> Tuple[np.ndarray, Tuple[int, int], np.ndarray]:
        """The network's input, the image's (h, w) in it, and by how much the
        image was scaled, (x, y)."""
        settings = self.document
        least = -(-max(image.shape[:2]) // _THINNEST)
        missing = [max(0, least - side) for side in image.shape[:2]]
        image = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)))
        sides = np.array(image.shape[1::-1])
        factor = min(
            max(settings['scale']) / sides.max(),
            min(settings['scale']) / sides.min())
        width, height = (int(side * factor + 0.5) for side in sides)
        image = cv2.resize(image, (width, height)).astype(np.float32)
        if settings['bgr_to_rgb']:
            image = image[..., ::-1]
        image = (image - np.float32(settings['mean'])) / np.float32(
            settings['std'])
        divisor = settings['size_divisor']
        canvas = np.zeros((1, 3, -(-height // divisor) * divisor,
                           -(-width // divisor) * divisor), np.float32)
        canvas[0, :, :height, :width] = image.transpose(2, 0, 1)
        return canvas, (height, width), np.float32([width, height] / sides)

    def _candidates(
            self, found: Dict[str, np.ndarray], shape: Tuple[int, int],
            factor: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Boxes in the image, scores and labels before the suppression."""
        settings = self.document
        scores, levels = found['scores'], found['levels']
        rows, labels = np.nonzero(scores > settings['score_thr'])
        values = scores[rows, labels]
        # The best of each level, as many as the detector's test_cfg says.
        order = np.lexsort((-values, levels[rows]))
        ranks = np.arange(len(order)) - np.searchsorted(
            levels[rows][order], levels[rows][order])
        order = order[ranks < settings['nms_pre']]
        rows, labels, values = rows[order], labels[order], values[order]
        boxes = found['boxes'][rows].clip(0, np.float32([*shape[::-1]] * 2))
        boxes = boxes / np.tile(factor, 2)
        if 'centerness' in found:
            values = values * found['centerness'][rows]
        least = settings['min_bbox_size']
        large = (boxes[:, 2:] - boxes[:, :2] > least).all(1)
        if least < 0:
            large[:] = True
        return boxes[large], values[large], labels[large]
