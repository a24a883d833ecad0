# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Boxes that the user hands over instead of a detector."""
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import MMLogger

from projects.qanet.datasets.coco_annotations import share_doubt
from projects.qanet.utils.errors import InputError
from .sources import Frame, Source

_MAX_COORDINATE = 1e7  # float32 counts pixels up to there


def _to_array(bboxes: Any, where: str) -> np.ndarray:
    """An array or tensor or nested list as float64."""
    if hasattr(bboxes, 'detach'):
        bboxes = bboxes.detach().cpu().numpy()
    try:
        return np.asarray(bboxes, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f'{where} cannot be made an array of shape (N, 4) or '
                         f'(N, 5): {error}') from error


def _check_rows(bboxes: Any, where: str) -> np.ndarray:
    """Check boxes as far as that goes without their image, (N, 5) float64."""
    array = _to_array(bboxes, where)
    if not array.size:
        return np.zeros((0, 5))
    if array.ndim != 2 or array.shape[1] not in (4, 5):
        raise InputError(f'{where} has the shape {array.shape}; boxes are '
                         '(N, 4) xyxy in pixels, or (N, 5) with scores')
    if array.shape[1] == 4:
        array = np.insert(array, 4, 1, axis=1)
    x1, y1, x2, y2, score = array.T
    _refuse(array, where, (
        (~np.isfinite(array).all(1), 'has numbers that are not finite'),
        ((x2 <= x1) | (y2 <= y1), 'is empty or reversed; a box is x1, y1, '
         'x2, y2 with x1 < x2 and y1 < y2'),
        ((abs(array[:, :4]) > _MAX_COORDINATE).any(1),
         f'reaches further than {_MAX_COORDINATE:g} pixels'),
        ((score < 0) | (score > 1), 'has a score outside 0..1'),
    ))
    return array


def _refuse(array: np.ndarray, where: str,
            problems: Sequence[Tuple[np.ndarray, str]]) -> None:
    """Name the first box that has the first of these problems."""
    for wrong, text in problems:
        if wrong.any():
            row = wrong.argmax()
            raise InputError(
                f'{where}: box {row} {array[row].tolist()} {text}')


def split_boxes(bboxes: Any, sources: Sequence[Source]) -> List[np.ndarray]:
    """Say which boxes belong to which image.

    For one image ``bboxes`` are (N, 4) xyxy in pixels, or (N, 5) with scores,
    which are 1 otherwise, or a list of one such; for several images, or a
    video, a list with one for each image.

    Returns one (N, 5) float64 array per image, right but for where the image
    ends, see :func:`boxes_of_frame`. Raises an InputError if the numbers of
    images and of arrays differ, if there are videos among several inputs, or
    if a box is wrong.
    """
    if isinstance(bboxes, Iterator):
        bboxes = list(bboxes)
    per_image, source = _split(bboxes, sources), sources[0]
    names = [source.name for source in sources]
    if source.is_video:
        names = [f'{source.name}#{k}' for k in range(len(per_image))]
        if source.num_images not in (0, len(per_image)):
            MMLogger.get_current_instance().warning(
                f'bboxes has {len(per_image)} entries, but by its header '
                f'{source.path} has {source.num_images} frames')
    return [
        _check_rows(rows, f'bboxes[{k}] ({name})')
        for k, (rows, name) in enumerate(zip(per_image, names))
    ]


def _split(bboxes: Any, sources: Sequence[Source]) -> List[Any]:
    """One array-like per image, still unchecked."""
    num_images, video = len(sources), any(s.is_video for s in sources)
    if num_images == 1 and not video:
        array = _to_array(bboxes, 'bboxes')
        return list(array) if array.shape[:-2] == (1, ) else [array]
    if video and num_images > 1:
        raise InputError('bboxes= cannot be told apart when there are videos '
                         'among several inputs; give one video')
    # An array of one dimension is one of arrays.
    if not (isinstance(bboxes, (list, tuple)) or np.ndim(bboxes) in (1, 3)):
        what = 'a video' if video else f'{num_images} images'
        raise InputError(
            f'bboxes for {what} must be a list with one array for each '
            f'image, but got {type(bboxes).__name__}')
    if not video and len(bboxes) != num_images:
        raise InputError(f'bboxes has {len(bboxes)} entries for '
                         f'{num_images} images')
    return list(bboxes)


def boxes_of_frame(per_image: Sequence[np.ndarray],
                   frame: Frame) -> np.ndarray:
    """Boxes (N, 5) float32 of one image; none, or one outside, is refused."""
    if frame.index >= len(per_image):
        raise InputError(f'bboxes has {len(per_image)} entries, but there is '
                         f'an image {frame.index + 1}: {frame.name}')
    array = per_image[frame.index]
    x1, y1, x2, y2, _ = array.T
    height, width = frame.image.shape[:2]
    outside = (x2 <= 0) | (y2 <= 0) | (x1 >= width) | (y1 >= height)
    text = f'lies wholly outside the image of {width}x{height} pixels'
    _refuse(array, f'bboxes[{frame.index}] ({frame.name})', [(outside, text)])
    return array.astype(np.float32)


def boxes_of_batch(
        per_image: Sequence[np.ndarray], frames: Sequence[Frame]
) -> Tuple[List[np.ndarray], Optional[InputError]]:
    """Boxes before the first image with a wrong one, and what is wrong."""
    found: List[np.ndarray] = []
    for frame in frames:
        try:
            found.append(boxes_of_frame(per_image, frame))
        except InputError as error:
            return found, error
    return found, None


def warn_of_doubts(frame: Frame, rows: np.ndarray) -> bool:
    """Warn of boxes (N, 5) that are likely not what was meant.

    Returns whether all look like shares of the image, or one, which is named,
    has most of its area outside.
    """
    height, width = frame.image.shape[:2]
    x1, y1, x2, y2 = rows[:, :4].T
    inside = ((x2.clip(0, width) - x1.clip(0, width)) *
              (y2.clip(0, height) - y1.clip(0, height)))
    outside = inside < (x2 - x1) * (y2 - y1) / 2
    doubt = share_doubt(rows[:, :4], np.array([[width, height]]), frame.name)
    if doubt is None and outside.any():
        row = outside.argmax()
        doubt = (f'{frame.name}: box {row} {rows[row, :4].tolist()} lies '
                 f'mostly outside the image of {width}x{height} pixels; boxes '
                 'are x1, y1, x2, y2 in pixels of the image')
    if doubt is not None:
        MMLogger.get_current_instance().warning(
            f'{doubt} (further images are not named)')
    return doubt is not None
