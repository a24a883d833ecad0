# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Detector and parser, one image after the other."""
from typing import Optional, Sequence

import numpy as np

from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
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
        self._bbox_thr = bbox_thr
        document = self._parser.document
        self.classes = document['classes']
        self.pixel_score_thr = document['pixel_score_thr']
        self.quality_weights = quality_weights or document['quality_weights']

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
            InputError: If there are neither boxes nor a detector, or a network
                gives numbers that are not finite.
        """
        if bboxes is None and self._detector is None:
            raise InputError('it is not known where the persons are: give a '
                             'detector or the boxes (bboxes=)')
        if bboxes is None:
            boxes = self._detector(image, self._bbox_thr)
        else:
            boxes = np.asarray(bboxes, np.float32)
            boxes = boxes.reshape(-1, boxes.shape[-1] if boxes.size else 5)
            if boxes.shape[1] == 4:
                boxes = np.insert(boxes, 4, 1, axis=1)
        return self._parser(image, boxes, image_id).fuse(self.quality_weights)
