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

    ``image`` is BGR, (H, W, 3) uint8, ``bboxes`` are (N, 4) xyxy in pixels,
    unpadded. Returns a person for each, with ``max_probs``, on the host.
    Raises an InputError if the model is no top-down parser or a box is wrong.
    """
    model = inferencer.model
    if not hasattr(model, 'predict_persons'):
        raise InputError(f'a {type(model).__name__} has no predict_persons; '
                         'a TopDownParser has')
    sources = collect_sources(image)
    boxes = split_boxes([bboxes], sources)
    frames = list(read_frames(sources, []))
    data = inferencer.preprocess(
        frames, [boxes_of_frame(boxes, frame) for frame in frames])
    images = [item.to(inferencer.device) for item in data['inputs']]
    persons = []
    for person in model.predict_persons(images, data['data_samples']):
        pasted = person.paste(keep_confidence=True)
        persons.append(
            pasted._replace(
                max_probs=pasted.max_probs.cpu(),
                part_map=pasted.part_map.cpu()))
    return persons
