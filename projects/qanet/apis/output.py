# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write what the inferencer finds, image by image."""
import os
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence, Tuple

import cv2
import mmcv
import numpy as np

from projects.qanet.structures import ParsingInstances, write_results
from projects.qanet.utils.errors import InputError
from projects.qanet.visualization.painting import paint_persons
from .sources import Frame, Source

# In the order of preference; which of them OpenCV can write depends on how
# it was built.
CODECS: Tuple[Tuple[str, str], ...] = (('mp4v', '.mp4'), ('MJPG', '.avi'))


class VideoOutput:
    """An annotated video under way.

    Args:
        stem (str): Path without suffix; the suffix depends on the codec.
        fps (float): Frames per second.

    Raises:
        OSError: If OpenCV can write no video here.
    """

    def __init__(self, stem: str, fps: float) -> None:
        self.stem = stem
        self.fps = fps
        self.path: Optional[str] = None
        self._writer: Optional[cv2.VideoWriter] = None
        self._shape: Tuple[int, int] = (0, 0)

    def _open(self, shape: Tuple[int, ...]) -> None:
        # Most codecs want even sides.
        self._shape = (shape[0] + shape[0] % 2, shape[1] + shape[1] % 2)
        for codec, suffix in CODECS:
            self.path = self.stem + suffix
            writer = cv2.VideoWriter(self.path, cv2.VideoWriter_fourcc(*codec),
                                     self.fps, self._shape[::-1])
            if writer.isOpened():
                self._writer = writer
                return
            writer.release()
        raise OSError('OpenCV can write no video here: neither of the codecs '
                      f'{", ".join(codec for codec, _ in CODECS)} works')

    def add(self, picture: np.ndarray) -> None:
        """Append a frame.

        Args:
            picture (np.ndarray): RGB picture (H, W, 3), uint8. All frames get
                the size of the first one.
        """
        if self._writer is None:
            self._open(picture.shape)
        canvas = np.full(self._shape + (3, ), 255, dtype=np.uint8)
        height = min(picture.shape[0], canvas.shape[0])
        width = min(picture.shape[1], canvas.shape[1])
        canvas[:height, :width] = mmcv.rgb2bgr(picture[:height, :width])
        self._writer.write(canvas)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None


class OutputFolder:
    """Pictures, label maps and the results file of one run.

    It leaves ``vis/<stem>.png`` (a video: ``vis/<stem>.mp4``),
    ``results.json`` and on request ``Category_ids/<stem>.png`` and
    ``Human_ids/<stem>.png`` as in the CIHP layout (frames of a video:
    ``<stem>_000012.png``). A person's value in Human_ids is its position
    among the image's records, counted from 1, as on its tag in the picture.

    Args:
        folder (str): The folder; made if it is missing.
        classes (Sequence[str]): Class names, background first.
        quality_weights (Sequence[float]): Weights of the quality scores.
        pixel_score_thr (float): Threshold of the pixel scores.
        save_label_maps (bool): Write the label maps. Defaults to False.
        save_vis (bool): Write the pictures. Defaults to True.

    Raises:
        InputError: If the folder cannot be made.
    """

    def __init__(self,
                 folder: str,
                 classes: Sequence[str],
                 quality_weights: Sequence[float],
                 pixel_score_thr: float,
                 save_label_maps: bool = False,
                 save_vis: bool = True) -> None:
        self.folder = folder
        self.save_label_maps = save_label_maps
        self.save_vis = save_vis
        self._info = (classes, quality_weights, pixel_score_thr)
        self._records: List[Dict[str, Any]] = []
        self._images: List[Dict[str, Any]] = []
        self._video: Optional[VideoOutput] = None
        self._video_source: Optional[Source] = None
        try:
            os.makedirs(folder, exist_ok=True)
            if save_vis:
                os.makedirs(osp.join(folder, 'vis'), exist_ok=True)
        except OSError as error:
            raise InputError(
                f'output folder {folder} cannot be made: {error}') from error

    def add(self, frame: Frame, instances: ParsingInstances,
            picture: Optional[np.ndarray], shown: Sequence[int]) -> None:
        """Write one image's picture and label maps, keep its records.

        Args:
            frame (Frame): The image.
            instances (ParsingInstances): Its persons, all of them.
            picture (np.ndarray, optional): RGB picture to write, uint8; None
                without ``save_vis``.
            shown (Sequence[int]): Persons for the label maps, the best last.
        """
        height, width = frame.image.shape[:2]
        self._records.extend(instances.to_records())
        self._images.append(
            dict(
                id=frame.index,
                file_name=frame.name,
                width=width,
                height=height))
        if self.save_vis and frame.source.is_video:
            self._video_of(frame.source).add(picture)
        elif self.save_vis:
            self._write('vis', frame.stem, mmcv.rgb2bgr(picture))
        if self.save_label_maps:
            self._write_maps(frame.stem, instances, shown)

    def _video_of(self, source: Source) -> VideoOutput:
        """The open video of a source; another one's is finished first."""
        if self._video_source is not source:
            self.close_video()
            stem = osp.join(self.folder, 'vis', source.stem)
            self._video = VideoOutput(stem, source.fps)
            self._video_source = source
        return self._video

    def _write_maps(self, stem: str, instances: ParsingInstances,
                    shown: Sequence[int]) -> None:
        category, owner = paint_persons(instances, shown)
        dtype = np.uint8 if len(instances) < 256 else np.uint16
        for name, label_map in (('Category_ids', category),
                                ('Human_ids', owner.astype(dtype))):
            self._write(name, stem, label_map)

    def _write(self, folder: str, stem: str, image: np.ndarray) -> None:
        mmcv.imwrite(image, osp.join(self.folder, folder, f'{stem}.png'))

    def close_video(self) -> None:
        """Finish the video under way, if there is one."""
        if self._video is not None:
            self._video.close()
        self._video = self._video_source = None

    def close(self) -> str:
        """Finish everything and write the results so far.

        Returns:
            str: Path of the results file.
        """
        self.close_video()
        path = osp.join(self.folder, 'results.json')
        write_results(path, self._records, *self._info, images=self._images)
        return path
