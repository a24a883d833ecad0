# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From what the user hands over to a stream of images."""
import os
import os.path as osp
from dataclasses import dataclass
from typing import (Any, Dict, Iterator, List, NamedTuple, Optional, Sequence,
                    Tuple, Union)

import cv2
import mmcv
import numpy as np
from mmengine.logging import MMLogger

from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
VIDEO_SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg')
DEFAULT_FPS = 25.

InputsType = Union[str, os.PathLike, np.ndarray,
                   Sequence[Union[str, os.PathLike, np.ndarray]]]


class Frame(NamedTuple):
    """One image to parse.

    Attributes:
        index (int): Position in the whole stream, from 0; the image's id.
        image (np.ndarray): BGR image of shape (H, W, 3), uint8.
        name (str): File name in the results, ``clip.mp4#12`` for frame 12 of
            a video.
        stem (str): Name without suffix for the files of this image, unique
            in the run.
        source (Source): Where it comes from.
    """
    index: int
    image: np.ndarray
    name: str
    stem: str
    source: 'Source'

    def sample(self, boxes: np.ndarray,
               flip_pairs: Sequence[Tuple[int, int]]) -> Dict[str, Any]:
        """The image as a test pipeline wants it, after loading.

        Args:
            boxes (np.ndarray): Boxes of its persons, (N, 5), xyxy in pixels
                and score.
            flip_pairs (Sequence[tuple[int, int]]): Left and right classes.

        Returns:
            dict: A sample of a data set in test mode.
        """
        shape = self.image.shape[:2]
        return dict(
            img=self.image,
            img_path=self.source.path,
            img_id=self.index,
            ori_shape=shape,
            img_shape=shape,
            bboxes=boxes[:, :4],
            bbox_scores=boxes[:, 4],
            flip_pairs=flip_pairs)


class ParsedImage(NamedTuple):
    """One image of a stream, and all persons found in it.

    Attributes:
        frame (Frame): The image.
        instances (ParsingInstances): Its persons.
    """
    frame: Frame
    instances: ParsingInstances


@dataclass
class Source:
    """One image file, one video file or one array.

    Attributes:
        path (str): The file; for an array its position in the inputs.
        stem (str): Name without suffix for its output, unique in the run.
        array (np.ndarray, optional): The image, if it is no file.
    """
    path: str
    stem: str
    array: Optional[np.ndarray] = None

    @property
    def is_video(self) -> bool:
        """Whether it holds many images."""
        return self.array is None and _has_suffix(self.path, VIDEO_SUFFIXES)

    @property
    def fps(self) -> float:
        """Frames per second of a video; 25 where the file does not say."""
        fps = _video_property(self.path, cv2.CAP_PROP_FPS)
        return fps if 0 < fps < 1000 else DEFAULT_FPS

    @property
    def num_images(self) -> int:
        """Number of images; for a video as its header has it, 0 = unknown."""
        if not self.is_video:
            return 1
        return max(0,
                   int(_video_property(self.path, cv2.CAP_PROP_FRAME_COUNT)))

    def images(self) -> Iterator[np.ndarray]:
        """Load the images one after the other.

        Yields:
            np.ndarray: BGR images of shape (H, W, 3), uint8.

        Raises:
            InputError: If the file cannot be decoded.
        """
        if self.array is not None:
            yield self.array
        elif self.is_video:
            yield from _read_video(self.path)
        else:
            yield _read_image(self.path)


def _has_suffix(path: str, suffixes: Sequence[str]) -> bool:
    return osp.splitext(path)[1].lower() in suffixes


def _video_property(path: str, key: int) -> float:
    capture = cv2.VideoCapture(path)
    try:
        return float(capture.get(key)) if capture.isOpened() else 0.
    finally:
        capture.release()


def _read_image(path: str) -> np.ndarray:
    """Decode an image file, with its EXIF orientation applied."""
    with open(path, 'rb') as file:
        content = file.read()
    try:
        image = mmcv.imfrombytes(content, flag='color', channel_order='bgr')
    except cv2.error:
        image = None
    if image is None:
        raise InputError(f'{path} is no image that can be read')
    return image


def _read_video(path: str) -> Iterator[np.ndarray]:
    capture = cv2.VideoCapture(path)
    count = 0
    try:
        while True:
            found, image = capture.read()
            if not found:
                break
            count += 1
            yield image
    finally:
        capture.release()
    if not count:
        raise InputError(f'{path} is no video that can be read')


def collect_sources(inputs: InputsType) -> List[Source]:
    """Find out what there is to parse, and that it exists.

    Args:
        inputs (InputsType): An image or video file, a folder of them, a BGR
            image (H, W, 3) uint8, or a list of these (folders excepted).

    Returns:
        list[Source]: In the order given; those of a folder sorted by name.

    Raises:
        FileNotFoundError: If a file is missing.
        InputError: If the inputs are empty or of another kind.
    """
    if isinstance(inputs, (str, os.PathLike)):
        path = os.fspath(inputs)
        items = _list_folder(path) if osp.isdir(path) else [path]
    elif isinstance(inputs, np.ndarray):
        items = [inputs]
    elif isinstance(inputs, (list, tuple)):
        items = list(inputs)
    else:
        raise InputError('inputs must be a path, an array or a list of them, '
                         f'but got {type(inputs).__name__}')
    if not items:
        raise InputError('inputs is an empty list')
    taken: set = set()
    return [_make_source(item, i, taken) for i, item in enumerate(items)]


def _list_folder(folder: str) -> List[str]:
    names = sorted(os.listdir(folder))
    paths = [
        osp.join(folder, name) for name in names
        if _has_suffix(name, IMAGE_SUFFIXES +
                       VIDEO_SUFFIXES) and osp.isfile(osp.join(folder, name))
    ]
    if not paths:
        raise InputError(f'folder {folder} holds no image or video; known '
                         'are ' + ' '.join(IMAGE_SUFFIXES + VIDEO_SUFFIXES))
    return paths


def _make_source(item: Any, position: int, taken: set) -> Source:
    """Check one item and give it a stem that nobody else has."""
    array = None
    if isinstance(item, (str, os.PathLike)):
        path = os.fspath(item)
        if not osp.isfile(path):
            raise FileNotFoundError(f'no such image or video: {path}')
        stem = osp.splitext(osp.basename(path))[0]
    elif isinstance(item, np.ndarray):
        if item.ndim != 3 or item.shape[2] != 3 or item.dtype != np.uint8 \
                or not item.size:
            raise InputError(
                f'input {position} is an array of shape {item.shape} and '
                f'type {item.dtype}; a BGR image is (H, W, 3) uint8')
        array = item
        path = stem = f'{position:08d}'
    else:
        raise InputError(f'input {position} is a {type(item).__name__}; '
                         'allowed are paths and arrays')
    unique, count = stem, 1
    while unique in taken:
        count += 1
        unique = f'{stem}_{count}'
    taken.add(unique)
    return Source(path, unique, array)


def read_frames(sources: Sequence[Source],
                skipped: List[tuple]) -> Iterator[Frame]:
    """Read image after image; name and count what cannot be decoded.

    Args:
        sources (Sequence[Source]): What to read.
        skipped (list[tuple]): Takes (file, reason) of each file that cannot
            be decoded.

    Yields:
        Frame: One image. A skipped file leaves its number free.

    Raises:
        InputError: If the only source, or every one, cannot be decoded.
    """
    logger = MMLogger.get_current_instance()
    index = 0
    for source in sources:
        name = osp.basename(source.path)
        try:
            for k, image in enumerate(source.images()):
                if source.is_video:
                    yield Frame(index, image, f'{name}#{k}',
                                f'{source.stem}_{k:06d}', source)
                else:
                    yield Frame(index, image, name, source.stem, source)
                index += 1
        except InputError as error:
            if len(sources) == 1:
                raise
            # Its number stays free: the position in the list must fit boxes.
            index += 1
            skipped.append((source.path, str(error)))
            logger.warning(f'Skipped: {error}')
    if skipped:
        logger.warning(f'Skipped {len(skipped)} of {len(sources)} inputs')
    if len(skipped) == len(sources):
        raise InputError(f'none of the {len(sources)} inputs can be read; '
                         f'the first: {skipped[0][1]}')
