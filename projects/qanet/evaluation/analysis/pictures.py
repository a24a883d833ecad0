# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of persons: photo, prediction and truth; Figures 1 and 2."""
import os
from collections import Counter
from io import BytesIO
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from matplotlib.colors import hsv_to_rgb
from PIL import Image

from projects.qanet.ground_truth import label_path
from projects.qanet.ground_truth.label_maps import read_image_labels
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.blending import blend_parts
from projects.qanet.utils.errors import InputError
from ..functional.evaluator import ParsingEvaluator
from .figures import draw, fill_confidence, fill_part_scores
from .study import QualityStudy

ALPHA = .6  # share of the parts' colours
GREY = 150  # stands in for a photo that is not there
# Lowest box score of the persons that stand for a data set, as in its global
# maps (``docs/protocol.md``, section 7.1).
_BOX_SCORE = 0.3


class Portrait(NamedTuple):
    """One person, cut out."""
    photo: np.ndarray  # RGB, (h, w, 3) uint8; grey without a photo
    found: np.ndarray  # predicted labels, (h, w) uint8
    truth: np.ndarray  # labels of the annotated person, (h, w) uint8
    has_photo: bool


class PictureBook:
    """Looks up persons of a results file and of the truth.

    ``records`` is given as a list, and kept by image id; ``palette`` is RGB
    by label, (C, 3) uint8; ``num_missing`` images have no photo.
    """

    def __init__(self, evaluator: ParsingEvaluator,
                 records: Sequence[Dict[str, Any]]) -> None:
        self.evaluator = evaluator
        self.palette = part_palette(len(evaluator.classes))
        self.records: Dict[int, List[Dict[str, Any]]] = {}
        for record in records:
            self.records.setdefault(record['image_id'], []).append(record)
        self.num_missing = sum(
            not os.path.isfile(evaluator.image_path(image_id))
            for image_id in evaluator.images)

    def portrait(self,
                 image_id: int,
                 position: int,
                 parsing_id: int,
                 margin: float = .08) -> Portrait:
        """Cut out the window that holds a predicted and an annotated person.

        ``position`` and ``parsing_id`` are -1 for none; ``margin`` is the
        share of the person's size that is added on each side, at least 4
        pixels. Raises an InputError if a label map or photo does not fit.
        """
        evaluator, box = self.evaluator, None
        image = evaluator.find_image(image_id)
        found = np.zeros((image.height, image.width), np.uint8)
        truth = np.zeros_like(found)
        if position >= 0:
            person = ParsingInstances.from_records(
                [self.records[image_id][position]], image.size,
                len(evaluator.classes))
            found, box = person.part_map(0), person.bboxes[0]
        if parsing_id >= 0:
            categories, humans = (
                read_image_labels(
                    image,
                    label_path(
                        os.path.join(evaluator.data_root, folder),
                        image.file_name, '.png', evaluator.img_subdir))
                for folder in ('Category_ids', 'Human_ids'))
            truth[humans == parsing_id] = categories[humans == parsing_id]
        window = _window((found > 0) | (truth > 0), box, margin)
        photo = self.read_photo(image_id)
        has_photo = photo is not None
        if photo is None:
            photo = np.full((*found.shape, 3), GREY, np.uint8)
        return Portrait(photo[window], found[window], truth[window], has_photo)

    def read_photo(self, image_id: int) -> Optional[np.ndarray]:
        """Read an image, RGB, (H, W, 3) uint8; None if there is no such file.

        Raises an InputError if it is unreadable or of another size than
        annotated.
        """
        path = self.evaluator.image_path(image_id)
        if not os.path.isfile(path):
            return None
        try:
            with Image.open(path) as file:
                photo = np.asarray(file.convert('RGB'))
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise InputError(f'{path} is not readable: {error}') from error
        size = self.evaluator.find_image(image_id).size[::-1]
        if photo.shape[:2] != size:
            raise InputError(
                f'{path} has (height, width) = {photo.shape[:2]}, the '
                f'annotation file says {size}')
        return photo


def _window(inside: np.ndarray, box: Optional[np.ndarray],
            margin: float) -> Tuple[slice, ...]:
    """Rows and columns around a mask, or around a box if it is empty."""
    if inside.any():
        bounds = [np.flatnonzero(inside.any(axis=k))[[0, -1]] for k in (1, 0)]
    elif box is not None:
        bounds = [box[[1, 3]], box[[0, 2]]]
    else:
        return slice(None), slice(None)
    slices = []
    for (low, high), size in zip(bounds, inside.shape):
        extra = max(4, margin * (high - low))
        start = int(np.clip(low - extra, 0, size - 1))
        slices.append(slice(start, max(start + 1, int(high + extra) + 1)))
    return tuple(slices)


def part_palette(num_classes: int) -> np.ndarray:
    """RGB by label, (C, 3) uint8: black, then hues that are far apart.

    The report's own, as a results file names classes but no colours.
    """
    labels = np.arange(1, num_classes)
    # Steps of the golden angle never come close to an earlier hue.
    hue = (labels * .618034) % 1
    saturation = np.choose(labels % 2, [.85, .6])
    value = np.choose(labels % 3, [.95, .75, .88])
    colours = hsv_to_rgb(np.stack([hue, saturation, value], axis=-1))
    return np.concatenate([np.zeros((1, 3)), 255 * colours]).astype(np.uint8)


def triptych(portrait: Portrait,
             palette: np.ndarray,
             height: int = 240,
             max_width: int = 560) -> bytes:
    """Photo, if there is one, prediction and truth side by side, a JPEG file.

    It is ``height`` pixels high, lower if it would be wider than
    ``max_width``.
    """
    panels = [portrait.photo] * portrait.has_photo + [
        blend_parts(portrait.photo, labels, palette, ALPHA)
        for labels in (portrait.found, portrait.truth)
    ]
    rows, columns = portrait.found.shape
    scale = min(height / rows, max_width / (len(panels) * columns))
    size = [max(1, round(side * scale)) for side in (columns, rows)]
    row = Image.new('RGB', (len(panels) * (size[0] + 4) - 4, size[1]), 'white')
    for k, panel in enumerate(panels):
        small = Image.fromarray(panel).resize(size, Image.Resampling.LANCZOS)
        row.paste(small, (k * (size[0] + 4), 0))
    return encode_jpeg(row)


def encode_jpeg(picture: Image.Image) -> bytes:
    """A JPEG file for a page."""
    file = BytesIO()
    picture.save(file, format='JPEG', quality=88)
    return file.getvalue()


def choose_persons(study: QualityStudy,
                   num_persons: int = 4,
                   image_ids: Optional[Sequence[int]] = None) -> np.recarray:
    """Choose persons whose parts show something.

    Of an image it is the kept person with the most true parts; of several,
    that with the higher quality score. Images without one give none.
    ``image_ids`` of None are the ``num_persons`` with the most true parts,
    whose box score is at least 0.3.
    """
    persons, parts = study.persons, study.parts
    usable = study.kept & (persons.truths >= 0)
    if image_ids is None:
        usable &= persons.scores[:, 0] >= _BOX_SCORE
    parts = parts[parts.true_ious > 0]  # what is there, not what is invented
    owners = ['image_ids', 'positions']
    counts = Counter(parts[owners].tolist())
    num_parts = np.array([counts[key] for key in persons[owners].tolist()])
    chosen: Dict[int, int] = {}
    order = np.lexsort([-persons.scores[:, -1], -num_parts])
    for row in order[usable[order]].tolist():
        chosen.setdefault(int(persons.image_ids[row]), row)
    rows = list(chosen.values())[:num_persons]
    if image_ids is not None:
        rows = [chosen[i] for i in image_ids if i in chosen]
    return persons[rows]


def plot_part_scores(study: QualityStudy, person: np.record,
                     book: PictureBook) -> bytes:
    """One person of :func:`choose_persons` with a bar for each part, a PNG."""
    image_id, position = int(person.image_ids), int(person.positions)
    parts = study.parts[(study.parts.image_ids == image_id)
                        & (study.parts.positions == position)]
    portrait = book.portrait(image_id, position, -1)
    picture = blend_parts(portrait.photo, portrait.found, book.palette, ALPHA)
    tall = max(3.2, .29 * len(parts) + .9)
    height, width = portrait.found.shape
    wide = float(np.clip((tall - .5) * width / height, 1.1, 2.))
    shown = picture, person, parts, book.palette, study.classes
    return draw((wide + 2.95, tall), (1, 2),
                fill_part_scores,
                *shown,
                width_ratios=(wide, 2.95))


def plot_confidence(photo: np.ndarray, person: Any, palette: np.ndarray,
                    thrs: Sequence[float]) -> bytes:
    """High-confidence masks of one person: Figure 2 of the paper, a PNG file.

    ``photo`` is the whole image, RGB, (H, W, 3) uint8; ``person`` has winning
    probabilities ``max_probs`` (h, w) in a window, the labels ``part_map``
    there, and the window's top-left pixel ``offset`` (x, y).
    """
    probs, labels = np.asarray(person.max_probs), np.asarray(person.part_map)
    (x, y), (height, width) = person.offset, probs.shape
    photo = photo[y:y + height, x:x + width]
    count = 3 + len(thrs)
    wide = float(np.clip(12.4 / count, 1.2, 2.4))
    tall = float(np.clip(.93 * wide * height / width + .45, 1.2, 5.))
    return draw((wide * count, tall), (1, count), fill_confidence, photo,
                blend_parts(photo, labels, palette, ALPHA), probs, thrs)
