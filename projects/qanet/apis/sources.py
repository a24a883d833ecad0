# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From what the user hands over to a stream of images."""
import glob
import io
import os
import os.path as osp
import re
from collections import Counter, abc
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from typing import (Any, Dict, Iterable, Iterator, List, NamedTuple, Optional,
                    Sequence, Union)

import cv2
import mmcv
import numpy as np
from mmengine.logging import MMLogger
from PIL import Image

from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import IMAGE_ENDINGS, VIDEO_ENDINGS, has_ending
from projects.qanet.utils.jpeg import is_cut_jpeg
from projects.qanet.utils.names import unique_name

# More frames in a row that cannot be decoded are the end of a video.
_LONGEST_HOLE = 1000

InputsType = Union[str, os.PathLike, np.ndarray,
                   Iterable[Union[str, os.PathLike, np.ndarray]]]


class Frame(NamedTuple):
    """One image to parse."""
    index: int  # position in the whole stream, from 0; the image's id
    image: np.ndarray  # BGR, (H, W, 3) uint8
    name: str  # file name in the results, as clip.mp4#12 for a video's frame
    stem: str  # name without suffix for its output, unique in the run
    source: 'Source'


class ParsedImage(NamedTuple):
    """One image of a stream, and all persons found in it."""
    frame: Frame
    instances: ParsingInstances


@dataclass
class Source:
    """One image file, one video file or one array."""
    path: str  # for an array its position in the inputs
    stem: str = ''  # name without suffix for its output, unique in the run
    array: Optional[np.ndarray] = None
    name: str = ''  # in the results; with folders where files share names

    def __post_init__(self) -> None:
        self.name = self.name or osp.basename(self.path)
        self.stem = self.stem or osp.splitext(self.name)[0]

    @property
    def is_video(self) -> bool:
        """Whether it holds many images."""
        return self.array is None and has_ending(self.path, VIDEO_ENDINGS)

    @property
    def fps(self) -> float:
        """Frames per second of a video; 25 where the file does not say."""
        fps = cv2.VideoCapture(self.path).get(cv2.CAP_PROP_FPS)
        return fps if 0 < fps < 1000 else 25.

    @property
    def num_images(self) -> int:
        """Number of images; for a video as its header has it, 0 = unknown."""
        if not self.is_video:
            return 1
        count = cv2.VideoCapture(self.path).get(cv2.CAP_PROP_FRAME_COUNT)
        return max(0, int(count))

    def images(self) -> Iterator[Optional[np.ndarray]]:
        """Its BGR images (H, W, 3) uint8; None for a broken video frame."""
        if self.array is not None:
            yield self.array
        elif self.is_video:
            yield from _read_video(self.path, self.num_images)
        else:
            yield _read_image(self.path)


def _read_video(path: str, announced: int) -> Iterator[Optional[np.ndarray]]:
    """Frames of a video, at least as many as its header has."""
    capture = cv2.VideoCapture(path)
    missing, found_any = 0, False
    for number in count():
        found, image = capture.read()
        if found:
            yield from [None] * missing
            yield image
            missing, found_any = 0, True
        elif (not capture.isOpened() or number >= announced
              or missing == _LONGEST_HOLE):
            break
        else:
            missing += 1
    if not found_any:
        raise InputError(f'{path} is no video that can be read')
    yield from [None] * missing


def _read_image(path: str) -> np.ndarray:
    """The (first) picture of a file, with its EXIF orientation applied."""
    pages = 1
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except OSError as error:
        raise InputError(f'{path} cannot be read: {error}') from error
    if not content:
        raise InputError(f'{path} is empty')
    try:
        # Pillow looks at the header alone, OpenCV would decode it all.
        with Image.open(io.BytesIO(content)) as header:
            # The others in a phone's MPO are previews.
            if header.format != 'MPO':
                pages = getattr(header, 'n_frames', 1)
    except Image.DecompressionBombError as error:
        raise InputError(f'{path} is too large: {error}') from error
    except (EOFError, OSError, SyntaxError, ValueError):
        pass  # OpenCV knows other pictures than Pillow.
    image = None
    with suppress(cv2.error):
        if not is_cut_jpeg(content):
            image = mmcv.imfrombytes(content, 'color', channel_order='bgr')
    if image is None:
        raise InputError(f'{path} is no image that can be read; it may be '
                         'cut off')
    if pages > 1:
        MMLogger.get_current_instance().warning(
            f'{path} holds {pages} pictures, only the first is parsed')
    return image


def collect_sources(inputs: InputsType) -> List[Source]:
    """Find out what there is to parse, and that it exists.

    ``inputs`` are an image or video file, a folder of them (sorted by name),
    a pattern such as ``photos/*.jpg``, a BGR image (H, W, 3) uint8, or a list
    or an iterator of these. Returns a source for each file and array; of
    inputs with one stem, or with that of a video's frame (``clip_000012``),
    in whatever case, the later are renamed (``a_2``). Raises a
    FileNotFoundError if a file is missing, an InputError if the inputs are
    empty or of another kind.
    """
    if isinstance(inputs, abc.Iterator):
        inputs = list(inputs)
    items = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    if not items:
        raise InputError('inputs is an empty list')
    sources = list(chain.from_iterable(map(_make_sources, items, count())))
    _name_apart(sources)
    return sources


def _name_apart(sources: Sequence[Source]) -> None:
    """Give each source a stem, and each file a name, that is its own."""
    taken: Dict[str, Any] = {}
    clips = set()
    # Videos first: an image must not look like one of their frames.
    for source in sorted(sources, key=lambda source: not source.is_video):
        wished = stem = source.stem
        prefix = re.sub(r'_\d{6,}$', '', stem).casefold()
        if prefix in clips and not source.is_video:
            stem += '_image'
        source.stem = unique_name(stem, id(source), taken)
        if source.stem != wished:
            MMLogger.get_current_instance().warning(
                f'{source.path} is written as {source.stem}: another input '
                'has its name')
        if source.is_video:
            clips.add(source.stem.casefold())
    files = [source for source in sources if source.array is None]
    paths = {osp.abspath(source.path) for source in files}
    counts = Counter(osp.basename(path) for path in paths)
    shared = [path for path in paths if counts[osp.basename(path)] > 1]
    for source in files:
        if counts[osp.basename(source.path)] > 1:
            source.name = osp.relpath(source.path, osp.commonpath(shared))


def _make_sources(item: Any, position: int) -> List[Source]:
    """Check one item of the inputs."""
    if isinstance(item, Source):
        return [item]
    if isinstance(item, (str, os.PathLike)):
        return list(map(Source, _list_files(os.fspath(item))))
    if not isinstance(item, np.ndarray):
        raise InputError(f'input {position} must be a path or an array, but '
                         f'got {type(item).__name__}')
    if (item.ndim != 3 or item.shape[2] != 3 or item.dtype != np.uint8
            or not item.size):
        raise InputError(
            f'input {position} is an array of shape {item.shape} and type '
            f'{item.dtype}; a BGR image is (H, W, 3) uint8')
    return [Source(f'{position:08d}', array=item)]


def _list_files(path: str) -> List[str]:
    """The files that a file name, a folder or a pattern stands for."""
    if osp.isfile(path):
        return [path]
    if osp.isdir(path):
        what, found = f'folder {path}', os.listdir(path)
        found = [osp.join(path, name) for name in found]
    elif glob.has_magic(path):
        what, found = f'pattern {path}', glob.glob(path, recursive=True)
        if '[' in path and not found:
            what += ' (a bracket in a name is written [[])'
    else:
        raise FileNotFoundError(f'no such image or video: {path}')
    endings = IMAGE_ENDINGS + VIDEO_ENDINGS
    files = sorted(
        name for name in found
        if has_ending(name, endings) and osp.isfile(name))
    if not files:
        raise InputError(f'{what} holds no image or video; known are '
                         f'{" ".join(endings)}')
    ignored = sorted(map(osp.basename, set(found).difference(files)))
    if ignored:
        more = ', ...' if len(ignored) > 5 else ''
        MMLogger.get_current_instance().warning(
            f'{what}: ignored {len(ignored)} entries that are no file with '
            f'the name of an image or a video: {", ".join(ignored[:5])}{more}')
    return files


def read_frames(sources: Sequence[Source],
                skipped: List[tuple]) -> Iterator[Frame]:
    """Read image after image; ``skipped`` takes what cannot be decoded.

    What is missing leaves its number free, which must fit boxes. Raises an
    InputError if the only source, or every one, cannot be decoded.
    """
    logger = MMLogger.get_current_instance()
    index = unreadable = 0
    for source in sources:
        missing, k = 0, -1
        try:
            for k, image in enumerate(source.images()):
                name, stem = source.name, source.stem
                if source.is_video:
                    name, stem = f'{name}#{k}', f'{stem}_{k:06d}'
                if image is None:
                    missing += 1
                else:
                    yield Frame(index, image, name, stem, source)
                index += 1
        except InputError as error:
            if len(sources) == 1:
                raise
            index += 1
            unreadable += 1
            skipped.append((source.path, str(error)))
            logger.warning(f'Skipped: {error}')
        if missing:
            total = max(k + 1, source.num_images)
            reason = (f'{k + 1 - missing} of {total} frames of {source.path} '
                      'could be decoded')
            skipped.append((source.path, reason))
            logger.warning(reason)
    if unreadable:
        logger.warning(f'Skipped {unreadable} of {len(sources)} inputs')
    if unreadable == len(sources):
        raise InputError(f'none of the {len(sources)} inputs can be read; '
                         f'the first: {skipped[0][1]}')
