# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How sure a parser is, pixel by pixel."""
from typing import List, Optional

import numpy as np
import torch
from mmengine.registry import DefaultScope

import projects.qanet.plugin  # noqa: F401, registers every part
from projects.qanet.evaluation.analysis.confidence import ConfidenceMap
from projects.qanet.utils.errors import InputError
from .parser_builder import checked_meta, choose_device, load_parser


class ConfidencePredictor:
    """Gives the winning probability of each pixel of given persons.

    Args:
        model (str): Config of a top-down parser, or its ONNX file.
        weights (str, optional): Its checkpoint, for a config.
        device (str, optional): Defaults to 'cuda' if there is one, else
            'cpu'.

    Raises:
        FileNotFoundError: If the config is missing.
        InputError: If the checkpoint is missing or does not fit.
        InputError: If the model is no top-down parser.
    """

    def __init__(self,
                 model: str,
                 weights: Optional[str] = None,
                 device: Optional[str] = None) -> None:
        self.model, self._pipeline = load_parser(model, weights,
                                                 choose_device(device))
        if not hasattr(self.model, 'predict_confidence'):
            raise InputError(f'{model}: a {type(self.model).__name__} has no '
                             'predict_confidence; a TopDownParser has')
        self.dataset_meta = checked_meta(self.model)

    def __call__(self, image: np.ndarray,
                 bboxes: np.ndarray) -> List[ConfidenceMap]:
        """Parse the persons of one image.

        Args:
            image (np.ndarray): RGB, (H, W, 3) uint8.
            bboxes (np.ndarray): Unpadded boxes, (N, 4), xyxy, in pixels.

        Returns:
            list[ConfidenceMap]: One for each box.
        """
        height, width = image.shape[:2]
        bboxes = np.asarray(bboxes, np.float32).reshape(-1, 4)
        sample = dict(
            img=np.ascontiguousarray(image[..., ::-1]),
            img_path='',
            img_id=0,
            ori_shape=(height, width),
            img_shape=(height, width),
            height=height,
            width=width,
            bboxes=bboxes,
            bbox_scores=np.ones(len(bboxes), np.float32),
            flip_pairs=self.dataset_meta['flip_pairs'])
        with DefaultScope.overwrite_default_scope('mmseg'), torch.no_grad():
            packed = self._pipeline(sample)
            data = self.model.data_preprocessor(
                dict(
                    inputs=[packed['inputs']],
                    data_samples=[packed['data_samples']]), False)
            persons, = self.model.predict_confidence(**data)
        return [
            ConfidenceMap(person.max_probs.cpu().numpy(),
                          person.part_map.cpu().numpy(), person.offset)
            for person in persons
        ]
