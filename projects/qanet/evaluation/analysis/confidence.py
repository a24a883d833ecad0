# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""High-confidence masks: Figure 2 of the paper."""
from typing import NamedTuple, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes

from .charts import INK, new_figure, to_png
from .pictures import overlay


class ConfidenceMap(NamedTuple):
    """How sure the network is of one person.

    Attributes:
        max_probs (np.ndarray): Winning probability in a window, (h, w)
            float32.
        part_map (np.ndarray): Labels there, (h, w) uint8.
        offset (tuple[int, int]): Position (x, y) of the window's top-left
            pixel in the image.
    """
    max_probs: np.ndarray
    part_map: np.ndarray
    offset: Tuple[int, int]


def plot_confidence(
    photo: np.ndarray,
    confidence: ConfidenceMap,
    palette: np.ndarray,
    thrs: Sequence[float] = (.4, .6, .8)) -> bytes:
    """Photo, winning probability, parsing result and what is sure of it.

    Args:
        photo (np.ndarray): The whole image, RGB, (H, W, 3) uint8.
        confidence (ConfidenceMap): One person.
        palette (np.ndarray): RGB by label, (C, 3) uint8.
        thrs (Sequence[float]): Thresholds T of the masks; pixels below are
            black. Defaults to (0.4, 0.6, 0.8).

    Returns:
        bytes: A PNG file. Above each mask stands the pixel score at T, which
        is the mean probability of what is left.
    """
    probs, labels = confidence.max_probs, confidence.part_map
    (x, y), (height, width) = confidence.offset, probs.shape
    crop = photo[y:y + height, x:x + width]
    parsed = overlay(crop, labels, palette)
    panels = 3 + len(thrs)
    wide = float(np.clip(12.4 / panels, 1.2, 2.4))
    tall = .93 * wide * height / width + .45
    figure = new_figure(wide * panels, float(np.clip(tall, 1.2, 5.)))
    row = figure.subplots(1, panels, squeeze=False)[0]
    _show(row[0], crop, 'input')
    image = row[1].imshow(probs, cmap='viridis', vmin=0, vmax=1)
    row[1].set_title('probability', fontsize=9, color=INK)
    row[1].axis('off')
    # On the whole row, so that it shrinks all panels alike.
    bar = figure.colorbar(image, ax=row, fraction=.012, pad=.005)
    bar.ax.tick_params(labelsize=7)
    _show(row[2], parsed, 'parsing result')
    for axes, thr in zip(row[3:], thrs):
        sure = probs >= thr
        score = float(probs[sure].mean()) if sure.any() else 0.
        _show(
            axes,
            np.where(sure[..., None], parsed, 0).astype(np.uint8),
            f'T = {thr:g}: {100 * sure.mean():.0f} % left\n'
            f'pixel score {score:.3f}')
    return to_png(figure)


def _show(axes: Axes, picture: np.ndarray, title: str) -> None:
    axes.imshow(picture)
    axes.set_title(title, fontsize=9, color=INK)
    axes.axis('off')
