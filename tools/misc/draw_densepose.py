# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw the styles in which dense pose is shown, and a texture's atlas.

    python tools/misc/draw_densepose.py docs/images/densepose.png

People are drawn ones with their true surface: patches, contours, texture.
"""
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np
from PIL import Image

from projects.drawn_people import draw_scene
from projects.drawn_people.scene import Scene
from projects.qanet.densepose.dataset import DensePoseCocoDataset
from projects.qanet.densepose.visualizer import SURFACES, DensePoseVisualizer
from projects.qanet.structures import ParsingInstances
from projects.qanet.visualization.legend import join_beside
from tools.common.cli import make_parser, run_tool

PALETTE = DensePoseCocoDataset.METAINFO['palette']
SIDE = 60  # of a square of the atlas, px


def draw_atlas() -> np.ndarray:
    """A chessboard with the number of each patch, (H, W, 3) uint8 RGB."""
    atlas = np.zeros((6 * SIDE, 4 * SIDE, 3), np.uint8)
    steps = np.arange(SIDE) * 6 // SIDE
    light = (steps + steps[:, None]) % 2 == 1
    for patch in range(24):
        column, row = divmod(patch, 6)
        colour = np.array(PALETTE[patch + 1])
        square = np.where(light[..., None], colour // 4 + 190, colour)
        square = square.astype(np.uint8)
        cv2.putText(square, str(patch + 1), (8, 42), cv2.FONT_HERSHEY_SIMPLEX,
                    1.1, (0, 0, 0), 3, cv2.LINE_AA)
        top, left = row * SIDE, column * SIDE
        atlas[top:top + SIDE, left:left + SIDE] = square
    return atlas


def true_persons(scene: Scene) -> ParsingInstances:
    """What a perfect parser would find in a scene with its surface."""
    part_maps, uv_maps, boxes = [], [], scene.boxes()
    for number, (x, y, width, height) in enumerate(boxes.tolist(), 1):
        box = slice(y, y + height), slice(x, x + width)
        own = scene.number_map[box] == number
        patch, *uv = np.moveaxis(scene.surface[box] * own[..., None], -1, 0)
        part_maps.append(patch.astype(np.uint8))
        uv_maps.append((255 * np.stack(uv)).astype(np.uint8))
    corners, count = boxes[:, :2], len(boxes)
    ones, parts = np.ones(count), np.ones((count, 24))
    return ParsingInstances(
        bboxes=np.hstack([corners, corners + boxes[:, 2:]]),
        **{
            name: ones
            for name in ('bbox_scores', 'iou_scores', 'pixel_scores', 'scores')
        },
        part_pixel_scores=parts,
        part_scores=parts,
        labels=np.zeros(count),
        part_maps=part_maps,
        offsets=corners,
        image_size=scene.number_map.shape[::-1],
        uv_maps=uv_maps)


def draw() -> np.ndarray:
    """The three styles and the atlas, side by side, (H, W, 3) uint8 RGB."""
    scene = draw_scene(
        np.random.default_rng(5), (270, 360), (2, 2), surface=True)
    image = scene.image[..., ::-1].copy()
    image[scene.number_map == 0] = 235  # people alone, and a small file
    persons, atlas = true_persons(scene), draw_atlas()
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / 'atlas.png')
        cv2.imwrite(path, atlas[..., ::-1])
        visualizers = [
            DensePoseVisualizer(
                surface=surface,
                atlas=path if surface == 'texture' else None,
                show_boxes=False,
                show_scores=False,
                show_legend=False) for surface in SURFACES
        ]
    pictures = []
    for visualizer in visualizers:
        visualizer.dataset_meta = DensePoseCocoDataset.METAINFO
        pictures.append(visualizer.draw(image, persons))
    return join_beside([*pictures, atlas], gap=8)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('out', help='PNG file to write')
    out = parser.parse_args().out
    # So many colours do, and the file is small.
    Image.fromarray(draw()).quantize(256).save(out, 'PNG', optimize=True)


if __name__ == '__main__':
    run_tool(main)
