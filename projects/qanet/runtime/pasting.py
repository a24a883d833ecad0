# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From crops to persons: numpy's form of the Quality-Aware Module.

See ``docs/protocol.md``, sections 4 and 5.
"""
from functools import reduce
from typing import NamedTuple, Sequence, Tuple

import numpy as np

from projects.qanet.utils.paste_window import paste_window
from .sampling import paste_taps, resample

#: Probabilities that are held at once, in elements.
MAX_ELEMENTS = 1 << 18


class PastedPerson(NamedTuple):
    """One person in image coordinates."""
    part_map: np.ndarray  # labels inside the window, uint8, (h, w)
    offset: Tuple[int, int]  # (x, y) of the window in the image
    pixel_score: float
    part_pixel_scores: np.ndarray  # (C - 1,), float32


def paste_person(probs: Sequence[np.ndarray], boxes: np.ndarray,
                 image_size: Tuple[int, int],
                 pixel_score_thr: float) -> PastedPerson:
    """Average a person's augmentations in the image, label and score them.

    Args:
        probs (Sequence[np.ndarray]): Probabilities (C, h, w) of each of the A
            augmentations, unmirrored.
        boxes (np.ndarray): Their padded boxes, xyxy, in pixels, (A, 4).
        image_size (tuple[int, int]): Width and height of the image.
        pixel_score_thr (float): ``T`` of the pixel scores (Algorithm 1).
    """
    count, least = len(probs[0]), 1 / len(probs[0])
    # Pixels that no class wins with at least this are background and not
    # counted, so a class that stays below it everywhere need not be sampled.
    shown = np.max([one.max((1, 2)) for one in probs], 0)
    classes = np.flatnonzero(shown >= min(least, pixel_score_thr))
    boxes = boxes.astype(np.float64)
    x1, y1, x2, y2 = paste_window(boxes, [one.shape[:0:-1] for one in probs],
                                  image_size)
    part_map = np.zeros((y2 - y1, x2 - x1), np.uint8)
    sums, counts = np.zeros((2, count))
    wide = [
        resample(one[classes], paste_taps(x1, x2, box[0], box[2],
                                          one.shape[2]), 2)
        for one, box in zip(probs, boxes)
    ]
    step = max(1, MAX_ELEMENTS // max(1, len(classes) * (x2 - x1)))
    for top in range(y1, y2 if wide[0].size else y1, step):
        bottom = min(top + step, y2)
        band = reduce(np.ndarray.__iadd__, (resample(
            one, paste_taps(top, bottom, box[1], box[3], one.shape[1]), 1)
                                            for one, box in zip(wide, boxes)))
        band /= len(probs)
        winning, labels = band.max(0), classes[band.argmax(0)]
        is_sure = winning >= pixel_score_thr
        sums += np.bincount(labels[is_sure], winning[is_sure], count)
        counts += np.bincount(labels[is_sure], minlength=count)
        part_map[top - y1:bottom - y1] = labels * (winning >= least)
    return PastedPerson(part_map, (x1, y1),
                        sums.sum() / max(counts.sum(), 1e-6),
                        (sums[1:] / counts[1:].clip(1e-6)).astype(np.float32))
