# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Boxes and arrows of the drawings in the documents."""
from typing import Callable, Tuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from .cli import make_parser

PLAIN, MARKED = '#e8eef4', '#f3dfb5'
LINE, NOTE = '#5a6b7b', '#a0522d'


def new_diagram(size: Tuple[float, float], xlim: Tuple[float, float],
                ylim: Tuple[float, float]) -> Axes:
    """An empty drawing of a size in inches, with limits in its own units."""
    figure = Figure(figsize=size, layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set(xlim=xlim, ylim=ylim)
    axes.axis('off')
    return axes


def draw_box(axes: Axes, centre: Tuple[float, float], size: Tuple[float,
                                                                  float],
             title: str, text: str, colour: str) -> None:
    (x, y), (width, height) = centre, size
    style = dict(facecolor=colour, edgecolor='#2b2b2b', lw=.8, zorder=2)
    axes.add_patch(
        FancyBboxPatch((x - width / 2, y - height / 2), width, height,
                       'round,pad=.03', **style))
    middle = dict(ha='center', va='center')
    axes.text(x, y + .3 * height, title, weight='bold', size=8, **middle)
    axes.text(x, y - .18 * height, text, size=6.5, **middle)


def draw_arrow(axes: Axes, start: Tuple[float, float],
               end: Tuple[float, float]) -> None:
    """Draw an arrow behind the boxes."""
    style = dict(arrowstyle='-|>', color=LINE, lw=.9)
    axes.annotate('', end, start, arrowprops=style, zorder=1)


def save_drawing(draw: Callable[[], Figure], description: str) -> None:
    """Write what ``draw`` returns where the command line says."""
    parser = make_parser(description)
    parser.add_argument('out', help='PNG or SVG file to write')
    out = parser.parse_args().out
    draw().savefig(out, dpi=130)
