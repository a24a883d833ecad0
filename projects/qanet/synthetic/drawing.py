# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the drawn data sets share: sizes, files, processes."""
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

import cv2
import numpy as np

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.parallel import map_in_order
from .scene import MIN_SIZE

#: Share by which width and height of a scene may differ from the nominal.
SIZE_JITTER = .12


def check_counts(num_train: int, num_val: int, seed: int,
                 workers: int) -> None:
    """Refuse numbers with which nothing can be drawn.

    Args:
        num_train (int): Scenes to train on, at least 1.
        num_val (int): Scenes held out, at least 1.
        seed (int): Seed, not negative.
        workers (int): Processes that draw, at least 1.

    Raises:
        InputError: If a number is out of range.
    """
    for name, value, least in (('num_train', num_train,
                                1), ('num_val', num_val, 1), ('seed', seed, 0),
                               ('workers', workers, 1)):
        if value < least:
            raise InputError(f'{name} must be at least {least}, got {value}')


def draw_size(rng: np.random.Generator, size: Tuple[int,
                                                    int]) -> Tuple[int, int]:
    """Draw the size of one scene.

    Args:
        rng (np.random.Generator): Two numbers are drawn from it.
        size (tuple[int, int]): Nominal width and height, px.

    Returns:
        tuple[int, int]: Width and height, px.
    """
    factor = rng.uniform(1 - SIZE_JITTER, 1 + SIZE_JITTER, 2)
    width, height = (max(MIN_SIZE, int(s * f)) for s, f in zip(size, factor))
    return width, height


def save_image(path: Path,
               image: np.ndarray,
               jpeg_quality: Optional[int] = None) -> None:
    """Write a picture or a label map.

    Args:
        path (Path): File; its ending says the format.
        image (np.ndarray): BGR (h, w, 3) or labels (h, w), uint8.
        jpeg_quality (int, optional): Of a JPEG, up to 100.

    Raises:
        OSError: If it cannot be encoded or written.
    """
    options = ([] if jpeg_quality is None else
               [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    done, data = cv2.imencode(path.suffix, image, options)
    if not done:
        raise OSError(f'cannot encode {path}')
    path.write_bytes(data.tobytes())


def draw_scenes(work: Callable[[int], Dict], count: int, workers: int,
                title: Optional[str]) -> List[Dict]:
    """Draw scenes in this process or in several.

    Args:
        work (Callable): Draws scene ``k``; it has to be picklable.
        count (int): Number of scenes.
        workers (int): Number of processes.
        title (str, optional): Of the progress bar; None shows none.

    Returns:
        list[dict]: What ``work`` returns, in order.
    """
    beside = workers if workers > 1 else 0
    return list(map_in_order(work, range(count), beside, title))
