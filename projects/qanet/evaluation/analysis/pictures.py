# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Cut-outs of persons: photo, prediction and truth."""
import os
from io import BytesIO
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from PIL import Image

from projects.qanet.ground_truth import IGNORE_LABEL, label_path
from projects.qanet.ground_truth.label_maps import read_image_labels
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from ..functional.evaluator import ParsingEvaluator
from .charts import part_palette

_GREY = 150  # stands in for a photo that is not there


class Portrait(NamedTuple):
    """One person, cut out.

    Attributes:
        photo (np.ndarray): RGB, (h, w, 3) uint8; grey without a photo.
        found (np.ndarray): Predicted labels, (h, w) uint8.
        truth (np.ndarray): Labels of the annotated person, (h, w) uint8.
        has_photo (bool): Whether there is a photo.
    """
    photo: np.ndarray
    found: np.ndarray
    truth: np.ndarray
    has_photo: bool


class PictureBook:
    """Looks up persons of a results file and of the truth.

    Args:
        evaluator (ParsingEvaluator): The data set.
        records (Sequence[dict]): All records, in the file's order.
    """

    def __init__(self, evaluator: ParsingEvaluator,
                 records: Sequence[Dict[str, Any]]) -> None:
        self.evaluator = evaluator
        self.palette = part_palette(len(evaluator.classes))
        self.records: Dict[int, List[Dict[str, Any]]] = {}
        for record in records:
            self.records.setdefault(record['image_id'], []).append(record)

    def portrait(self,
                 image_id: int,
                 position: int,
                 parsing_id: int,
                 margin: float = .08) -> Portrait:
        """Cut a person out.

        Args:
            image_id (int): The image.
            position (int): Position among the image's records, -1 for none.
            parsing_id (int): The annotated person, -1 for none.
            margin (float): Share of the person's size that is added on each
                side. Defaults to 0.08.

        Returns:
            Portrait: The window that holds both.

        Raises:
            ValueError: If a label map or a photo does not fit the image.
        """
        image = self.evaluator.find_image(image_id)
        found = np.zeros((image.height, image.width), np.uint8)
        frame = None
        if position >= 0:
            person = ParsingInstances.from_records(
                [self.records[image_id][position]],
                (image.width, image.height), len(self.evaluator.classes))
            found, frame = person.part_map(0), person.bboxes[0]
        truth = np.zeros_like(found)
        if parsing_id >= 0:
            categories, humans = (
                read_image_labels(image,
                                  self._path(folder, image.file_name, '.png'))
                for folder in ('Category_ids', 'Human_ids'))
            truth = np.where(humans == parsing_id, categories, 0)
            truth = truth.astype(np.uint8)
        window = _window((found > 0) | (truth > 0), frame, margin)
        photo = self.read_photo(image_id)
        shown = np.full(
            (*found.shape, 3), _GREY, np.uint8) if photo is None else photo
        return Portrait(shown[window], found[window], truth[window], photo
                        is not None)

    def read_photo(self, image_id: int) -> Optional[np.ndarray]:
        """Read an image.

        Args:
            image_id (int): The image.

        Returns:
            np.ndarray | None: RGB, (H, W, 3) uint8; None if there is no such
            file.

        Raises:
            InputError: If it is unreadable or of another size than annotated.
        """
        path = self.evaluator.image_path(image_id)
        image = self.evaluator.find_image(image_id)
        if not os.path.isfile(path):
            return None
        try:
            with Image.open(path) as file:
                photo = np.asarray(file.convert('RGB'))
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise InputError(f'{path} is not readable: {error}') from error
        if photo.shape[:2] != (image.height, image.width):
            raise InputError(
                f'{path} has (height, width) = {photo.shape[:2]}, the '
                f'annotation file says {(image.height, image.width)}')
        return photo

    def _path(self, folder: str, file_name: str, suffix: str) -> str:
        return label_path(
            os.path.join(self.evaluator.data_root, folder), file_name, suffix,
            self.evaluator.img_subdir)

    def missing_photos(self) -> int:
        """How many annotated images have no file.

        Returns:
            int: Their number.
        """
        return sum(not os.path.isfile(self.evaluator.image_path(image_id))
                   for image_id in self.evaluator.images)


def _window(inside: np.ndarray, frame: Optional[np.ndarray],
            margin: float) -> Tuple[slice, slice]:
    """Rows and columns around a mask, or around a box if it is empty."""
    if inside.any():
        bounds = [
            np.flatnonzero(inside.any(axis=1 - axis))[[0, -1]]
            for axis in (0, 1)
        ]
    elif frame is not None:
        bounds = [frame[[1, 3]], frame[[0, 2]]]
    else:
        return slice(None), slice(None)
    slices = []
    for (low, high), size in zip(bounds, inside.shape):
        extra = max(4, margin * (high - low))
        start = int(np.clip(low - extra, 0, size - 1))
        slices.append(slice(start, max(start + 1, int(high + extra) + 1)))
    return slices[0], slices[1]


def overlay(photo: np.ndarray,
            labels: np.ndarray,
            palette: np.ndarray,
            alpha: float = .6) -> np.ndarray:
    """Lay the parts' colours over a photo.

    Args:
        photo (np.ndarray): RGB, (h, w, 3) uint8.
        labels (np.ndarray): Labels, (h, w); 0 and 255 show the photo.
        palette (np.ndarray): RGB by label, (C, 3) uint8.
        alpha (float): Share of the colour. Defaults to 0.6.

    Returns:
        np.ndarray: A new picture.
    """
    drawn = photo.copy()
    inside = (labels > 0) & (labels != IGNORE_LABEL)
    mixed = (1 - alpha) * photo[inside] + alpha * palette[labels[inside]]
    drawn[inside] = np.rint(mixed).astype(np.uint8)
    return drawn


def triptych(portrait: Portrait,
             palette: np.ndarray,
             height: int = 240,
             max_width: int = 560) -> bytes:
    """Photo, prediction and truth beside each other.

    Args:
        portrait (Portrait): The person.
        palette (np.ndarray): RGB by label, (C, 3) uint8.
        height (int): Of the picture, in pixels. Defaults to 240.
        max_width (int): A wider picture is made smaller, in pixels. Defaults
            to 560.

    Returns:
        bytes: A JPEG file. Without a photo it has two panels.
    """
    panels = [
        overlay(portrait.photo, labels, palette)
        for labels in (portrait.found, portrait.truth)
    ]
    if portrait.has_photo:
        panels.insert(0, portrait.photo)
    scale = min(height / panels[0].shape[0],
                max_width / (len(panels) * panels[0].shape[1]))
    size = [max(1, round(side * scale)) for side in panels[0].shape[1::-1]]
    row = Image.new('RGB', (len(panels) * (size[0] + 4) - 4, size[1]), 'white')
    for k, panel in enumerate(panels):
        small = Image.fromarray(panel).resize(size, Image.Resampling.LANCZOS)
        row.paste(small, (k * (size[0] + 4), 0))
    file = BytesIO()
    row.save(file, format='JPEG', quality=88)
    return file.getvalue()
