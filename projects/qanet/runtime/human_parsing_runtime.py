# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Detector and parser, one image after the other."""
from typing import Optional, Sequence

import numpy as np

from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.fusion import check_weights
from projects.qanet.utils.json_values import is_number
from .person_detector import PersonDetector
from .person_parser import PersonParser
from .session import Session


class HumanParsingRuntime:
    """Finds and parses the persons of images, without torch.

    Args:
        parser (str): ONNX file of the parser.
        detector (str, optional): ONNX file of the detector; without it each
            call needs boxes.
        bbox_thr (float): Boxes with a lower score are left out.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score, instead of the parser's.
        backend (str): 'onnxruntime' or 'openvino'.
        num_threads (int): Threads at most; 0 lets the backend choose.

    Attributes:
        classes (list[str]): Names of the labels, background first.
        quality_weights, pixel_score_thr: See :func:`write_results`.

    Raises:
        InputError: If a file or a package is missing or wrong.

    Example:
        >>> parse = HumanParsingRuntime('parser.onnx', 'detector.onnx')
        >>> people = parse(cv2.imread('photo.jpg'))
        >>> people.scores, people.to_records()
    """

    def __init__(self,
                 parser: str,
                 detector: Optional[str] = None,
                 bbox_thr: float = 0.3,
                 quality_weights: Optional[Sequence[float]] = None,
                 backend: str = 'onnxruntime',
                 num_threads: int = 0) -> None:
        self._parser = PersonParser(Session(parser, backend, num_threads))
        self._detector = None if detector is None else PersonDetector(
            Session(detector, backend, num_threads))
        if not is_number(bbox_thr):
            raise InputError('bbox_thr must be a finite number, not '
                             f'{bbox_thr!r}')
        self._bbox_thr = bbox_thr
        document = self._parser.document
        self.classes = document['classes']
        self.pixel_score_thr = document['pixel_score_thr']
        self.quality_weights = check_weights(
            document['quality_weights'] if quality_weights is
            None else quality_weights)

    def __call__(self,
                 image: np.ndarray,
                 bboxes: Optional[np.ndarray] = None,
                 image_id: Optional[int] = None) -> ParsingInstances:
        """Parse one image.

        Args:
            image (np.ndarray): BGR, (H, W, 3), uint8.
            bboxes (np.ndarray, optional): Boxes to use instead of the
                detector's, xyxy in pixels, (N, 4), or with scores (N, 5).
            image_id (int, optional): What the result calls the image.

        Raises:
            InputError: If the image or the boxes are none, if there are
                neither boxes nor a detector, or if a network gives numbers
                that are not finite.
        """
        if not (isinstance(image, np.ndarray) and image.dtype == np.uint8
                and image.ndim == 3 and image.shape[2] == 3 and image.size):
            raise InputError('the image must be an array, BGR, (H, W, 3), '
                             f'uint8, not {getattr(image, "shape", image)!r}')
        if bboxes is None and self._detector is None:
            raise InputError('it is not known where the persons are: give a '
                             'detector or the boxes (bboxes=)')
        if bboxes is None:
            boxes = self._detector(image, self._bbox_thr)
        else:
            boxes = np.asarray(bboxes, np.float32)
            boxes = boxes if boxes.size else np.zeros((0, 5), np.float32)
            if boxes.ndim != 2 or boxes.shape[1] not in (4, 5):
                raise InputError(f'boxes must be (N, 4) or (N, 5), not '
                                 f'{boxes.shape}')
            if (boxes[:, 2:4] <= boxes[:, :2]).any():
                raise InputError('each box must be x1 < x2, y1 < y2, in '
                                 f'pixels, but got {boxes[:, :4].tolist()}')
            if boxes.shape[1] == 4:
                boxes = np.insert(boxes, 4, 1, axis=1)
        return self._parser(image, boxes, image_id).fuse(self.quality_weights)
