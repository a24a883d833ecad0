# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From what the user hands over to a stream of images."""
import os
import os.path as osp
from dataclasses import dataclass
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Union

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
        stem (str): Name without suffix for its output, unique in the run.
        source (Source): Where it comes from.
    """
    index: int
    image: np.ndarray
    name: str
    stem: str
    source: 'Source'


class ParsedImage(NamedTuple):
    """One image of a stream, and all persons found in it."""
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
        fps = cv2.VideoCapture(self.path).get(cv2.CAP_PROP_FPS)
        return fps if 0 < fps < 1000 else DEFAULT_FPS

    @property
    def num_images(self) -> int:
        """Number of images; for a video as its header has it, 0 = unknown."""
        if not self.is_video:
            return 1
        count = cv2.VideoCapture(self.path).get(cv2.CAP_PROP_FRAME_COUNT)
        return max(0, int(count))

    def images(self) -> Iterator[np.ndarray]:
        """Load its BGR images (H, W, 3) uint8, one after the other.

        Raises:
            InputError: If the file cannot be decoded.
        """
        if self.array is not None:
            yield self.array
        elif self.is_video:
            capture = cv2.VideoCapture(self.path)
            found, image = capture.read()
            if not found:
                raise InputError(f'{self.path} is no video that can be read')
            while found:
                yield image
                found, image = capture.read()
        else:
            yield _read_image(self.path)


def _has_suffix(path: str, suffixes: Sequence[str]) -> bool:
    return osp.splitext(path)[1].lower() in suffixes


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


def collect_sources(inputs: InputsType) -> List[Source]:
    """Find out what there is to parse, and that it exists.

    Args:
        inputs (InputsType): An image or video file, a folder of them (sorted
            by name), a BGR image (H, W, 3) uint8, or a list of these (folders
            excepted).

    Raises:
        FileNotFoundError: If a file is missing.
        InputError: If the inputs are empty or of another kind.
    """
    if isinstance(inputs, (list, tuple)):
        items = inputs
    elif isinstance(inputs, (str, os.PathLike)) and osp.isdir(inputs):
        items = _list_folder(os.fspath(inputs))
    else:
        items = [inputs]
    if not items:
        raise InputError('inputs is an empty list')
    sources = [_make_source(item, i) for i, item in enumerate(items)]
    taken = set()
    for source in sources:
        stem, count = source.stem, 1
        while source.stem in taken:
            count += 1
            source.stem = f'{stem}_{count}'
        taken.add(source.stem)
    return sources


def _list_folder(folder: str) -> List[str]:
    suffixes = IMAGE_SUFFIXES + VIDEO_SUFFIXES
    paths = [osp.join(folder, name) for name in sorted(os.listdir(folder))]
    paths = [
        path for path in paths
        if _has_suffix(path, suffixes) and osp.isfile(path)
    ]
    if not paths:
        raise InputError(f'folder {folder} holds no image or video; known '
                         f'are {" ".join(suffixes)}')
    return paths


def _make_source(item: Any, position: int) -> Source:
    """Check one item of the inputs."""
    if isinstance(item, (str, os.PathLike)):
        path = os.fspath(item)
        if not osp.isfile(path):
            raise FileNotFoundError(f'no such image or video: {path}')
        return Source(path, osp.splitext(osp.basename(path))[0])
    if not isinstance(item, np.ndarray):
        raise InputError(f'input {position} must be a path or an array, but '
                         f'got {type(item).__name__}')
    if (item.ndim != 3 or item.shape[2] != 3 or item.dtype != np.uint8
            or not item.size):
        raise InputError(
            f'input {position} is an array of shape {item.shape} and type '
            f'{item.dtype}; a BGR image is (H, W, 3) uint8')
    return Source(f'{position:08d}', f'{position:08d}', item)


def read_frames(sources: Sequence[Source],
                skipped: List[tuple]) -> Iterator[Frame]:
    """Read image after image; name and count what cannot be decoded.

    Args:
        sources (Sequence[Source]): What to read.
        skipped (list[tuple]): Takes (file, reason) of each file that cannot
            be decoded. It leaves its number free, which must fit boxes.

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
            index += 1
            skipped.append((source.path, str(error)))
            logger.warning(f'Skipped: {error}')
    if skipped:
        logger.warning(f'Skipped {len(skipped)} of {len(sources)} inputs')
    if len(skipped) == len(sources):
        raise InputError(f'none of the {len(sources)} inputs can be read; '
                         f'the first: {skipped[0][1]}')
