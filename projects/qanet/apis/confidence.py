# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How sure a parser is, pixel by pixel (Figure 2 of the paper)."""
from typing import List

import numpy as np
import torch

from projects.qanet.quality import PastedPerson
from projects.qanet.utils.errors import InputError
from .human_parsing_inferencer import HumanParsingInferencer
from .sources import collect_sources, read_frames
from .user_boxes import boxes_of_frame, split_boxes


@torch.no_grad()
def predict_confidence(inferencer: HumanParsingInferencer, image: np.ndarray,
                       bboxes: np.ndarray) -> List[PastedPerson]:
    """Parse persons and keep the winning probability of each pixel.

    Args:
        inferencer (HumanParsingInferencer): With a top-down parser.
        image (np.ndarray): BGR, (H, W, 3) uint8.
        bboxes (np.ndarray): Unpadded boxes, (N, 4), xyxy, in pixels.

    Returns:
        list[PastedPerson]: One for each box, with ``max_probs``, on the host.

    Raises:
        InputError: If the model is no top-down parser, or a box is wrong.
    """
    model = inferencer.model
    if not hasattr(model, 'predict_persons'):
        raise InputError(f'a {type(model).__name__} has no predict_persons; '
                         'a TopDownParser has')
    sources = collect_sources(image)
    boxes = split_boxes([bboxes], sources)
    frames = list(read_frames(sources, []))
    rows = [boxes_of_frame(boxes, frame) for frame in frames]
    data = inferencer.preprocess(frames, rows)
    images = [item.to(inferencer.device) for item in data['inputs']]
    pasted = (
        person.paste(keep_confidence=True)
        for person in model.predict_persons(images, data['data_samples']))
    return [
        person._replace(
            max_probs=person.max_probs.cpu(), part_map=person.part_map.cpu())
        for person in pasted
    ]
