# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn scenes with dense poses on disk, as DensePose-COCO has them."""
from pathlib import Path
from typing import List, Tuple, Union

import numpy as np

from projects.qanet.datasets.conversion.records import ImageRecord
from projects.qanet.densepose.labels import (MASK_SIZE, NUM_PARTS,
                                             PATCH_TO_PART, POINT_RANGE)
from .body_mesh import write_surface
from .dataset import Layout, encode_mask, write_image, write_splits
from .scene import Scene

#: Points of a person who can be seen well; and the share of persons without
#: dense pose, as in DensePose-COCO.
NUM_POINTS, PLAIN_SHARE = 100, .1
_Pair = Tuple[int, int]


def part_masks(parts: np.ndarray) -> List[Union[dict, list]]:
    """Masks of the 14 parts over a person's box, [] of one that is hidden.

    ``parts`` are labels in the box, (h, w); the masks are run lengths of
    squares of 256 px over which the box is stretched.
    """
    rows, columns = ((np.arange(MASK_SIZE) + .5) * side // MASK_SIZE
                     for side in parts.shape)
    square = parts[np.ix_(rows.astype(int), columns.astype(int))]
    masks = [square == part for part in range(1, NUM_PARTS)]
    return [encode_mask(mask) if mask.any() else [] for mask in masks]


def sample_points(rng: np.random.Generator, surface: np.ndarray) -> dict:
    """Points of a person, as many on each part as far as it has pixels.

    Args:
        surface (np.ndarray): Patch, U and V in the box, (h, w, 3); patch 0
            where the person is not.

    Returns:
        dict: ``dp_x, dp_y`` of the middles of pixels, 0 to 255 from the
        box's left and upper edge to the others, and what is there, ``dp_I,
        dp_U, dp_V``; lists of floats.
    """
    parts = np.array(PATCH_TO_PART)[surface[..., 0].astype(int)].ravel()
    seen = np.unique(parts[parts > 0])
    share = round(NUM_POINTS / len(seen))
    chosen = []
    for part in seen:
        pixels = np.flatnonzero(parts == part)
        number = min(share, len(pixels))
        chosen.append(np.sort(rng.choice(pixels, number, replace=False)))
    rows, columns = np.unravel_index(np.concatenate(chosen), surface.shape[:2])
    height, width = surface.shape[:2]
    values = ((columns + .5) / width * POINT_RANGE,
              (rows + .5) / height * POINT_RANGE,
              *surface[rows, columns].T.astype(float))
    return {
        f'dp_{name}': column.round(5).tolist()
        for name, column in zip('xyIUV', values)
    }


def _write_people(scene: Scene, folder: Path, stem: str,
                  rng: np.random.Generator) -> ImageRecord:
    record = write_image(scene, folder / f'{stem}.jpg')
    for person in record.persons:
        own = scene.number_map == person.pop('parsing_id')
        x, y, width, height = person['bbox']
        box = slice(y, y + height), slice(x, x + width)
        person['bbox'] = [float(v) for v in person['bbox']]
        person['segmentation'] = encode_mask(own)
        surface = scene.surface[box] * own[box][..., None]
        # Both draws in any case: people do not depend on each other.
        plain, seed = rng.random() < PLAIN_SHARE, rng.integers(2**62)
        if not plain:
            parts = np.array(PATCH_TO_PART)[surface[..., 0].astype(int)]
            person['dp_masks'] = part_masks(parts)
            person.update(sample_points(np.random.default_rng(seed), surface))
    return record


def _write_surface(out: Path) -> None:
    write_surface(out / 'eval_data')


_DENSEPOSE = Layout(
    'densepose', ('train', 'val'),
    _write_people,
    surface=True,
    prepare=_write_surface)


def write_densepose_dataset(out: Union[str, Path],
                            num_train: int,
                            num_val: int,
                            seed: int = 0,
                            size: _Pair = (400, 300),
                            num_people: _Pair = (2, 4),
                            workers: int = 1,
                            progress: bool = False) -> None:
    """Draw people with their dense poses in the format of DensePose-COCO.

    Writes ``train``, ``val``, ``annotations/densepose_{train,val}.json`` and
    the files of the body, ``eval_data``, see
    :func:`~.body_mesh.write_surface`. The pictures are those of
    :func:`~.dataset.write_dataset` with the same arguments, and so is all
    else about them. Boxes (xywh), masks and areas are of visible pixels. One
    person in ten has no dense pose.
    """
    write_splits(_DENSEPOSE, Path(out), (num_train, num_val), seed, workers,
                 progress, size, num_people, None)
