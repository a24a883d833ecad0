# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The exported parser: from an image and its persons' boxes to persons."""
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from projects.qanet.structures import ParsingInstances
from projects.qanet.structures.boxes import MAX_COORDINATE, pad_boxes
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.flips import flip_permutation
from .pasting import paste_person
from .sampling import crop_person
from .session import Session

#: Name of the document in the file's metadata, and what it has.
DOCUMENT = 'human-parsing-network'
ENTRIES = dict(
    classes='a list',
    palette='a list',
    flip_pairs='a list',
    crop_size='a list of numbers',
    padding='a number',
    flip='true or false',
    scales='a list of numbers',
    max_instances_per_batch='a number',
    mean='a list of numbers',
    std='a list of numbers',
    bgr_to_rgb='true or false',
    quality_weights='a list of numbers',
    pixel_score_thr='a number')


class PersonParser:
    """Parses the persons of an image with an ONNX file.

    Args:
        session (Session): A parser that ``export_onnx.py`` has written.

    Attributes:
        document (dict): Its metadata, see ``docs/deployment.md``.

    Raises:
        InputError: If the file has no such metadata, or holds no parser.
    """

    def __init__(self, session: Session) -> None:
        self.document: Dict[str,
                            Any] = session.read_document(DOCUMENT, ENTRIES)
        self.crop_size: Tuple[int, int] = tuple(self.document['crop_size'])
        self.num_classes = len(self.document['classes'])
        self._session = session
        shape = session.inputs.get('crops', [])
        output = session.outputs.get('probs', [])
        if (list(shape[1:]) != [3, *self.crop_size[::-1]]
                or output[1:2] != [self.num_classes]):
            raise InputError(
                f'{session.path} holds no parser: its metadata says '
                f'{self.num_classes} classes and crop_size {self.crop_size}, '
                f'but its crops are {shape} and its probs {output}')
        self._batch = shape[0] if isinstance(shape[0], int) else None
        self._mean, self._std = (
            np.float32(self.document[name]).reshape(-1, 1, 1)
            for name in ('mean', 'std'))
        self._order = flip_permutation(self.num_classes,
                                       self.document['flip_pairs'])

    def __call__(self,
                 image: np.ndarray,
                 boxes: np.ndarray,
                 image_id: Optional[int] = None) -> ParsingInstances:
        """Parse the persons in some boxes.

        Args:
            image (np.ndarray): BGR, (H, W, 3), uint8.
            boxes (np.ndarray): xyxy in pixels and score, (N, 5), float32.
            image_id (int, optional): What the result calls the image.

        Raises:
            InputError: If a box, or what the network gives, is not finite.
        """
        size = image.shape[1::-1]
        if not len(boxes):
            return ParsingInstances.empty(size, self.num_classes, image_id)
        settings = self.document
        padded = self.pad(boxes)
        wrong = ~(np.abs(padded) < MAX_COORDINATE).all((1, 2))  # or no number
        if wrong.any():
            raise InputError(
                f'the box {boxes[wrong.argmax(), :4].tolist()}, padded, '
                f'reaches {MAX_COORDINATE:g} pixels, or is not finite')
        step = max(
            1, settings['max_instances_per_batch'] // len(settings['scales']))
        pasted, ious = [], []
        for start in range(0, len(boxes), step):
            chunk = padded[start:start + step]
            probs, iou = self._predict(image, chunk.reshape(-1, 4))
            ious.append(iou.reshape(len(chunk), -1).mean(1))
            pasted += [
                paste_person(one, box, size, settings['pixel_score_thr'])
                for one, box in zip(
                    probs.reshape(*chunk.shape[:2], *probs.shape[1:]), chunk)
            ]
        ious = np.concatenate(ious)
        pixel_scores = np.float32([one.pixel_score for one in pasted])
        part_scores = np.stack([one.part_pixel_scores for one in pasted])
        if not (np.isfinite(ious).all() and np.isfinite(pixel_scores).all()):
            raise InputError(
                f'image {image_id}: {self._session.path} gives probabilities '
                'or IoU scores that are not finite')
        return ParsingInstances(
            bboxes=boxes[:, :4],
            bbox_scores=boxes[:, 4],
            iou_scores=ious.clip(0, 1),
            pixel_scores=pixel_scores,
            part_pixel_scores=part_scores,
            scores=np.zeros_like(pixel_scores),
            part_scores=np.zeros_like(part_scores),
            labels=np.zeros(len(boxes)),
            part_maps=[one.part_map for one in pasted],
            offsets=[one.offset for one in pasted],
            image_size=size,
            image_id=image_id).fuse(settings['quality_weights'])

    def pad(self, boxes: np.ndarray) -> np.ndarray:
        """The regions of boxes (N, 4 or 5) at each scale, (N, S, 4)."""
        return np.stack([
            pad_boxes(boxes[:, :4], self.crop_size, self.document['padding'],
                      scale) for scale in self.document['scales']
        ], 1)

    def crop(self, image: np.ndarray, regions: np.ndarray) -> np.ndarray:
        """What the network sees of padded boxes (N, 4), (N, 3, h, w)."""
        crops = np.stack(
            [crop_person(image, box, self.crop_size) for box in regions])
        if self.document['bgr_to_rgb']:
            crops = crops[:, ::-1]
        return np.ascontiguousarray((crops - self._mean) / self._std)

    def _predict(self, image: np.ndarray,
                 regions: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Probabilities and IoU scores of padded boxes (N, 4)."""
        crops = self.crop(image, regions)
        probs, iou = self._run(crops)
        if not self.document['flip']:
            return probs, iou
        mirrored, mirrored_iou = self._run(crops[..., ::-1])
        probs = (probs + mirrored[:, self._order, :, ::-1]) / 2
        return probs, (iou + mirrored_iou) / 2

    def _run(self, crops: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The network; without IoU branch the scores are 1."""
        crops = np.ascontiguousarray(crops)
        size = self._batch or len(crops)
        found: List[Dict[str, np.ndarray]] = [
            self._session(crops=crops[start:start + size])
            for start in range(0, len(crops), size)
        ]
        probs = np.concatenate([one['probs'] for one in found])
        if 'iou_scores' not in found[0]:
            return probs, np.ones(len(crops), np.float32)
        return probs, np.concatenate([one['iou_scores'] for one in found])
