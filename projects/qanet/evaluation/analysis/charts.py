# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What all plots have in common: figures without pyplot's global state."""
from io import BytesIO
from typing import Dict, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

SCORE_TITLES: Dict[str, str] = dict(
    box='box score',
    iou='IoU score',
    pixel='pixel score',
    fused='quality score')
SCORE_COLOURS: Dict[str, str] = dict(
    box='#4878a8', iou='#e08a1e', pixel='#3f9a5f', fused='#b0367c')
INK = '#2b2b2b'
FAINT = '#b8b8b8'


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that is drawn by Agg, without a display.

    Args:
        width (float): In inches.
        height (float): In inches.

    Returns:
        Figure: With a layout that fits itself.
    """
    figure = Figure(figsize=(width, height), layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def to_png(figure: Figure, dpi: int = 110) -> bytes:
    """Draw a figure.

    Args:
        figure (Figure): The figure.
        dpi (int): Pixels per inch. Defaults to 110.

    Returns:
        bytes: A PNG file.
    """
    file = BytesIO()
    figure.savefig(file, format='png', dpi=dpi, facecolor='white')
    return file.getvalue()


def tidy(axes: Axes) -> None:
    """Take away what carries no information.

    Args:
        axes (Axes): The axes, changed in place.
    """
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=INK, labelsize=8)
    axes.grid(True, color='#ececec', linewidth=.8)
    axes.set_axisbelow(True)


def part_palette(num_classes: int) -> np.ndarray:
    """Colours for parts, neighbours in number far apart in hue.

    A results file names classes but no colours, so these are the report's
    own.

    Args:
        num_classes (int): Number C of classes with the background.

    Returns:
        np.ndarray: RGB in 0..255, (C, 3) uint8; the background is black.
    """
    labels = np.arange(1, num_classes)
    # Steps of the golden angle never come close to an earlier hue.
    hue = (labels * .618034) % 1
    value = np.choose(labels % 3, [.95, .75, .88])
    saturation = np.choose(labels % 2, [.85, .6])
    palette = np.zeros((num_classes, 3), np.uint8)
    for channel, shift in enumerate((5, 3, 1)):
        k = (shift + 6 * hue) % 6
        wave = np.clip(np.minimum(k, 4 - k), 0, 1)
        palette[1:, channel] = 255 * value * (1 - saturation * wave)
    return palette


def colour_tuple(colour: np.ndarray) -> Tuple[float, float, float]:
    """An RGB colour as matplotlib wants it.

    Args:
        colour (np.ndarray): RGB in 0..255, (3,).

    Returns:
        tuple[float, float, float]: RGB in 0..1.
    """
    red, green, blue = (float(value) / 255 for value in colour)
    return red, green, blue
