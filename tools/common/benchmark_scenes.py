# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Label maps and predictions of plain shapes, to measure speed on."""
from dataclasses import replace
from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np

from projects.qanet.structures import ParsingInstances, write_results
from projects.qanet.testing.layout import LabelledImage, write_dataset

NUM_CLASSES = 20
# Label, centre (x, y) and radii (x, y) in units of the person's height.
PARTS = ((16, -.06, .30, .045, .17), (17, .06, .30, .045, .17),
         (18, -.08, .46, .05, .03), (19, .08, .46, .05, .03),
         (9, 0, .15, .11, .13), (5, 0, -.10, .13, .17),
         (14, -.17, -.10, .035, .16), (15, .17, -.10, .035, .16),
         (10, 0, -.26, .05, .05), (13, 0, -.35, .055, .07),
         (2, 0, -.41, .06, .045), (11, 0, -.24, .07, .02))


def _draw_person(rng: np.random.Generator, size: Tuple[int, int],
                 center: np.ndarray, height: float,
                 jitter: float) -> np.ndarray:
    """Part labels (H, W) of a person of wavy ellipses, moved by `jitter`."""
    labels = np.zeros(size[::-1], np.uint8)
    angle = np.linspace(0, 2 * np.pi, 100)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    for label, x, y, *radii in PARTS:
        if rng.random() < .1:
            continue
        middle = center + height * np.array([x, y]) + rng.normal(0, jitter, 2)
        edge = 1 + sum(.05 * np.sin(waves * angle + 6 * rng.random())
                       for waves in (3, 7, 13))
        outline = middle + edge[:, None] * circle * height * np.array(radii)
        cv2.fillPoly(labels, [outline.round().astype(np.int32)], label)
    return labels


def _draw_image(rng: np.random.Generator, size: Tuple[int, int],
                num_persons: int) -> Tuple[np.ndarray, List[np.ndarray]]:
    """Category and human ids (2, H, W), and predicted part maps."""
    truth = np.zeros((2, size[1], size[0]), np.uint8)
    predictions = []
    for human in range(1, num_persons + 1):
        height = rng.uniform(.5, .95) * size[1]
        center = np.array([rng.uniform(.1, .9), .5]) * size
        labels = _draw_person(rng, size, center, height, 0)
        inside = labels > 0
        truth[0, inside], truth[1, inside] = labels[inside], human
        center = center + rng.normal(0, 4, 2)
        predictions.append(_draw_person(rng, size, center, height, 2))
    return truth, predictions


def _predict(rng: np.random.Generator, maps: List[np.ndarray],
             size: Tuple[int, int], image_id: int) -> List[dict]:
    """Records of a results file: part maps with random scores."""
    boxes = np.array([cv2.boundingRect(labels) for labels in maps])
    boxes[:, 2:] += boxes[:, :2]
    scores = rng.uniform(.5, 1, (4, len(maps)))
    part_scores = rng.uniform(.3, 1, (2, len(maps), NUM_CLASSES - 1))
    zeros = np.zeros((len(maps), 2))
    return ParsingInstances(boxes, *scores, *part_scores, zeros[:, 0], maps,
                            zeros, size, image_id).to_records()


def draw_dataset(folder: Path, num_images: int, total_persons: int,
                 size: Tuple[int, int], copies: int, seed: int) -> None:
    """Write label maps, ``val.json`` and ``results.json``.

    ``total_persons`` are in ``num_images`` images of a size (w, h), each of
    which is written ``copies`` times, with different ids.
    """
    rng = np.random.default_rng(seed)
    bounds = np.linspace(0, total_persons, num_images + 1).round().astype(int)
    images, records = [], []
    for number, num_persons in enumerate(np.diff(bounds)):
        truth, maps = _draw_image(rng, size, num_persons)
        image = LabelledImage(number, *truth)
        image.persons = [(k + 1, False) for k in range(num_persons)]
        drawn = _predict(rng, maps, size, number)
        for image_id in range(number, num_images * copies, num_images):
            images.append(replace(image, image_id=image_id))
            records += [dict(record, image_id=image_id) for record in drawn]
    write_dataset(folder, images, split='.')
    classes = [f'class{label}' for label in range(NUM_CLASSES)]
    out = str(folder / 'results.json')
    write_results(out, records, classes, (1, 1, 1), .2)
