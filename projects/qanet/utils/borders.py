# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Borders between persons. Needs neither torch nor OpenMMLab."""
import cv2
import numpy as np


def person_borders(owner: np.ndarray, width: int = 1) -> np.ndarray:
    """Where a person ends, drawn on the person's own pixels, (H, W) bool.

    ``owner`` is the person of each pixel, (H, W) int, 0 for nobody. The
    image's edge is no border, and of two persons who touch only the lower
    numbered one gives pixels, ``width`` of them.
    """
    borders = np.zeros(owner.shape, dtype=np.uint8)
    pairs = ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1]))
    for one, other in pairs + tuple(pair[::-1] for pair in pairs):
        mine, neighbour = owner[one], owner[other]
        borders[one] |= (mine != neighbour) & ((neighbour == 0)
                                               | (neighbour > mine))
    if width > 1:
        size = (2 * width - 1, ) * 2
        borders = cv2.dilate(
            borders, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size))
    return (borders > 0) & (owner > 0)
