# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a run of the inferencer leaves: files, and a line of the log."""
import os
import os.path as osp
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import cv2
import mmcv
import numpy as np
from mmengine.logging import MMLogger
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from projects.qanet.densepose.submission import (pack_record, person_records,
                                                 write_submission)
from projects.qanet.structures import ParsingInstances, write_results
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable, has_ending
from projects.qanet.visualization.painting import paint_persons
from .sources import Frame, Source

# In the order of preference: not every OpenCV can write each.
CODECS = (('mp4v', '.mp4'), ('MJPG', '.avi'))
#: By this text in its PNG a label map of ours is known.
MARK = ('Software', 'QANet human parsing inferencer')


def _refuse_label_maps_in(folder: str) -> None:
    """Refuse a folder with label maps that the inferencer has not written."""
    for path in sorted(Path(folder).iterdir() if osp.isdir(folder) else []):
        if not has_ending(path.name, ('.png', )) or not path.is_file():
            continue
        mark = None
        with suppress(OSError, SyntaxError, ValueError), \
                Image.open(path) as image:
            mark = image.info.get(MARK[0])
        if mark != MARK[1]:
            raise InputError(
                f'{path} has no mark of this tool: it may be a label map of a '
                'data set; give another output folder')


def _refuse_inputs_in(folders: Sequence[str],
                      sources: Sequence[Source]) -> None:
    """Refuse inputs that lie in these folders, or link into them."""
    written = set(map(osp.realpath, folders))
    for source in sources:
        places = (osp.realpath(osp.dirname(source.path)),
                  osp.dirname(osp.realpath(source.path)))
        if source.array is None and not written.isdisjoint(places):
            raise InputError(f'{source.path} is in a folder that is '
                             'written to; give another output folder')


@contextmanager
def _writing(path: str, partial: str) -> Iterator[None]:
    """Name the file that a full disk does not take; leave no half of it."""
    try:
        # What a link points to stays as it is: it may be an input.
        Path(path).unlink(missing_ok=True)
        yield
    except OSError as error:
        for rest in (path, partial):
            with suppress(OSError):
                Path(rest).unlink()
        raise OSError(f'{path} cannot be written: {error}') from error


class _Video:
    """A video under way; all pictures get the size of the first."""

    def __init__(self, stem: str, source: Source,
                 shape: Sequence[int]) -> None:
        self.source = source
        self._count = 0
        # Most codecs want even sides.
        self._shape = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
        for codec, suffix in CODECS:
            self._path = stem + suffix
            Path(self._path).unlink(missing_ok=True)  # as in _writing
            self._writer = cv2.VideoWriter(self._path,
                                           cv2.VideoWriter_fourcc(*codec),
                                           source.fps, self._shape[::-1])
            if self._writer.isOpened():
                return
        raise OSError('OpenCV can write no video here: neither of the codecs '
                      f'{", ".join(codec for codec, _ in CODECS)} works')

    def add(self, picture: np.ndarray) -> None:
        canvas = np.full((*self._shape, 3), 255, np.uint8)
        picture = mmcv.rgb2bgr(picture[:self._shape[0], :self._shape[1]])
        canvas[:picture.shape[0], :picture.shape[1]] = picture
        self._writer.write(canvas)
        self._count += 1

    def close(self) -> None:
        self._writer.release()
        # OpenCV says nothing when the disk is full.
        written = cv2.VideoCapture(self._path).get(cv2.CAP_PROP_FRAME_COUNT)
        if written < self._count:
            raise OSError(f'{self._path} has only {max(0, int(written))} of '
                          f'{self._count} frames; is the disk full?')


class OutputFolder:
    """Pictures, label maps and the results file of one run.

    It leaves ``vis/<stem>.png`` (a video: ``vis/<stem>.mp4``),
    ``results.json`` and on request ``Category_ids/<stem>.png`` and
    ``Human_ids/<stem>.png`` as in the CIHP layout (frames of a video:
    ``<stem>_000012.png``); for stems see :func:`collect_sources`. A person's
    value in Human_ids is its position among the image's records, counted from
    1, as on its tag. ``densepose.json`` on request holds the dense poses, see
    :func:`write_submission`. By a mark in its PNG a later run knows that it
    may replace a label map.

    Args:
        folder (str): The folder; made if it is missing.
        classes, quality_weights, pixel_score_thr: See :func:`write_results`.
        sources (Sequence[Source]): All inputs of the run.
        save_label_maps, save_vis, save_densepose (bool): What is written.

    Raises:
        InputError: If the folder cannot be made or written to, if an input
            could be overwritten, or if there are label maps of other origin,
            such as a data set's, where some are to be written.
    """

    def __init__(self,
                 folder: str,
                 classes: Sequence[str],
                 quality_weights: Optional[Sequence[float]],
                 pixel_score_thr: Optional[float],
                 save_label_maps: bool = False,
                 save_vis: bool = True,
                 sources: Sequence[Source] = (),
                 save_densepose: bool = False) -> None:
        self.folder = folder
        self.save_label_maps = save_label_maps
        self.save_vis = save_vis
        self.save_densepose = save_densepose
        self._info = (classes, quality_weights, pixel_score_thr)
        self._records: List[dict] = []
        self._surfaces: List[dict] = []
        self._images: List[dict] = []
        self._video: Optional[_Video] = None
        names = ('Category_ids', 'Human_ids') if save_label_maps else ()
        folders = [osp.join(folder, name) for name in names]
        for path in folders:
            _refuse_label_maps_in(path)
        folders += [osp.join(folder, 'vis')] if save_vis else []
        _refuse_inputs_in(folders, sources)
        for path in (folder, *folders):
            try:
                os.makedirs(path, exist_ok=True)
            except OSError as error:
                raise InputError(
                    f'output folder {path} cannot be made: {error}') from error
        check_writable(osp.join(folder, 'results.json'))
        if save_densepose:
            check_writable(osp.join(folder, 'densepose.json'))

    def add(self, frame: Frame, instances: ParsingInstances,
            picture: Optional[np.ndarray], shown: Sequence[int]) -> None:
        """Write one image's RGB picture and label maps, keep its records.

        The label maps have the persons ``shown``, the best last.
        """
        if self.save_densepose:
            people = person_records(instances)
            self._surfaces.extend(map(pack_record, people))
        self._records.extend(instances.to_records())
        height, width = frame.image.shape[:2]
        self._images.append(
            dict(
                id=frame.index,
                file_name=frame.name,
                width=width,
                height=height))
        if self.save_vis and frame.source.is_video:
            self._write_frame(frame.source, picture)
        elif self.save_vis:
            path = osp.join(self.folder, 'vis', f'{frame.stem}.png')
            with _writing(path, path):
                mmcv.imwrite(mmcv.rgb2bgr(picture), path)
        if self.save_label_maps:
            category, owner = paint_persons(instances, shown)
            dtype = np.uint8 if len(instances) < 256 else np.uint16
            self._write_map('Category_ids', frame.stem, category)
            self._write_map('Human_ids', frame.stem, owner.astype(dtype))

    def _write_frame(self, source: Source, picture: np.ndarray) -> None:
        """Append to the video of a source; another one is finished first."""
        if self._video is None or self._video.source is not source:
            self._close_video()
            stem = osp.join(self.folder, 'vis', source.stem)
            self._video = _Video(stem, source, picture.shape)
        self._video.add(picture)

    def _write_map(self, folder: str, stem: str, labels: np.ndarray) -> None:
        """Write a marked PNG in one step: half a one would have no mark."""
        path = osp.join(self.folder, folder, f'{stem}.png')
        info = PngInfo()
        info.add_text(*MARK)
        # Not longer than a file system takes, however long the stem is.
        partial = osp.join(self.folder, folder, 'map.partial')
        with _writing(path, partial):
            Image.fromarray(labels).save(
                partial, 'PNG', pnginfo=info, compress_level=1)
            os.replace(partial, path)

    def _close_video(self) -> None:
        video, self._video = self._video, None
        if video is not None:
            video.close()

    def __enter__(self) -> 'OutputFolder':
        return self

    def __exit__(self, kind: Optional[type], *_: Any) -> None:
        """Write the results; a run that fails at once leaves older ones."""
        path = osp.join(self.folder, 'results.json')
        if kind is not None and not self._images and osp.isfile(path):
            return
        try:
            with _writing(path, f'{path}.partial'):
                write_results(
                    path, self._records, *self._info, images=self._images)
            if self.save_densepose:
                path = osp.join(self.folder, 'densepose.json')
                with _writing(path, f'{path}.partial'):
                    write_submission(path, self._surfaces)
        finally:
            self._close_video()


@contextmanager
def summary_logged(counts: Sequence[Tuple[str, int, int]], total: int,
                   out_dir: Optional[str]) -> Iterator[None]:
    """Log how many persons were found, once all images are done.

    ``counts`` grows meanwhile: an image's name and its persons, all and drawn.
    A KeyboardInterrupt says how many of ``total`` images are done.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        text = (f'interrupted, {len(counts)} of {max(total, len(counts))} '
                'images done')
        if out_dir is not None and counts:
            text += f', results in {osp.join(out_dir, "results.json")}'
        error.args = (text, )
        raise
    logger = MMLogger.get_current_instance()
    persons = sum(found for _, found, _ in counts)
    if not persons:
        logger.warning(f'Found nobody in {len(counts)} images')
        return
    empty = [name for name, found, _ in counts if not found]
    text = (f'Found {persons} persons in {len(counts) - len(empty)} of '
            f'{len(counts)} images')
    if empty:
        more = ', ...' if len(empty) > 5 else ''
        text += f', nobody in {", ".join(empty[:5])}{more}'
    hidden = persons - sum(drawn for *_, drawn in counts)
    if hidden:
        text += (f'; {hidden} of the persons are not drawn '
                 '(score_thr, nms_thr)')
    logger.info(text)
