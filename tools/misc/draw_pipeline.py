# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw the way of a picture through QANet, after Figure 3 of the paper.

    python tools/misc/draw_pipeline.py docs/images/pipeline.png

The picture is a drawn one with its true parts. What a line in small print
names is the part of this repository that does the step.
"""
import sys
from pathlib import Path
from typing import Dict, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from matplotlib.figure import Figure

from projects.drawn_people import draw_scene
from projects.qanet.datasets.benchmarks import CIHPParsingDataset
from projects.qanet.utils.blending import blend_parts
from projects.qanet.visualization.painting import person_colour
from projects.qanet.visualization.tags import draw_boxes
from tools.common.cli import run_tool
from tools.common.diagrams import (LINE, MARKED, NOTE, PLAIN, draw_arrow,
                                   draw_box, new_diagram, save_drawing)

#: Where each step is drawn, what it does, which part of the repository does
#: it, and whether training has it, too.
STEPS: Dict[str, Tuple[float, float, str, str, bool]] = {
    'detector': (1, .6, 'a box and its score $S_b$', 'PersonDetector', False),
    'crops': (3.7, 2.3, 'padded boxes, one size', 'person_crops', True),
    'backbone': (6.3, 2.3, 'levels P2 to P5', 'ResNet-FPN, HRNet', True),
    'semantic FPN': (8.9, 2.3, 'sum of the levels at 1/4', 'QANetHead', True),
    'parsing branch':
    (11.5, 3.3, 'C probabilities per pixel', 'QANetHead', True),
    'IoU branch': (11.5, 1.3, 'IoU score $S_i$', 'QANetHead', True),
    'QAM': (14.1, 2.3, 'pixel scores $S_p$, quality\n'
            r'$(S_b^\alpha S_i^\beta S_p^\gamma)^{1/(\alpha+\beta+\gamma)}$',
            'QualityAwareModule', False),
}
ARROWS = (('detector', 'crops'), ('crops', 'backbone'),
          ('backbone', 'semantic FPN'), ('semantic FPN', 'parsing branch'),
          ('semantic FPN', 'IoU branch'), ('parsing branch', 'QAM'),
          ('IoU branch', 'QAM'), ('detector', 'QAM'))
#: What training compares, and how far from the middle of the branch it stands.
LOSSES = {
    'parsing branch': (.58, 'cross-entropy and Lovasz loss'),
    'IoU branch': (-.7, 'squared error of the mean IoU')
}
WIDTH, HEIGHT = 2, .9


def make_pictures() -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """People: in boxes, one cut out, with their parts; (H, W, 3) uint8 RGB."""
    scene = draw_scene(np.random.default_rng(8), (320, 320), (2, 2))
    image = np.ascontiguousarray(scene.image[..., ::-1])
    boxes = scene.boxes().astype(float)
    boxes[:, 2:] += boxes[:, :2]
    colours = [person_colour(i) for i in range(len(boxes))]
    x1, y1, x2, y2 = boxes[0].astype(int)
    palette = CIHPParsingDataset.METAINFO['palette']
    parts = blend_parts(image, scene.category_map, palette, .8)
    whole, parsed = (
        draw_boxes(picture, boxes, colours, 3) for picture in (image, parts))
    return whole, image[y1:y2, x1:x2], parsed


def draw() -> Figure:
    axes = new_diagram((12, 3.2), (-.2, 18), (0, 4.75))
    places = ((1, 2.5, 2), (3.7, 3.75, 1.7), (16.8, 2.3, 2))
    for picture, (x, y, height) in zip(make_pictures(), places):
        half = height * picture.shape[1] / picture.shape[0] / 2
        extent = x - half, x + half, y - height / 2, y + height / 2
        axes.imshow(picture, extent=extent, aspect='auto', zorder=2)
    draw_arrow(axes, (1, 1.5), (1, 1.1))
    draw_arrow(axes, (15.15, 2.3), (15.75, 2.3))
    for name, (x, y, text, part, trained) in STEPS.items():
        draw_box(axes, (x, y), (WIDTH, HEIGHT), name, f'{text}\n{part}',
                 PLAIN if trained else MARKED)
    for start, end in ARROWS:
        (x, y), (to_x, to_y) = STEPS[start][:2], STEPS[end][:2]
        if start == 'detector' and end == 'QAM':  # below all others
            line = (x + WIDTH / 2, to_x), (y - .25, y - .25)
            axes.plot(*line, color=LINE, lw=.9, zorder=1)
            draw_arrow(axes, (to_x, y - .25), (to_x, to_y - HEIGHT / 2 - .05))
        else:
            draw_arrow(axes, (x + WIDTH / 2, y),
                       (to_x - WIDTH / 2 - .05, to_y))
    for name, (above, text) in LOSSES.items():
        x, y = STEPS[name][:2]
        style = dict(ha='center', size=6.5, style='italic', color=NOTE)
        axes.text(x, y + above, f'training: {text}', **style)
    return axes.figure


def main() -> None:
    save_drawing(draw, __doc__)


if __name__ == '__main__':
    run_tool(main)
