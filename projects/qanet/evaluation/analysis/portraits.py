# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Category pixel scores on persons: Figure 1 of the paper."""
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np
from matplotlib.axes import Axes

from .charts import INK, colour_tuple, new_figure, tidy, to_png
from .pictures import PictureBook, Portrait, overlay
from .plots import number
from .study import QualityStudy

# Lowest box score of the persons that stand for a data set, as in its global
# maps (``docs/protocol.md``, section 7.1).
_BOX_SCORE = 0.3


class ScoredPerson(NamedTuple):
    """A person with the scores of its parts.

    Attributes:
        image_id (int): The image.
        position (int): Position among the image's records.
        parsing_id (int): The annotated person that resembles it, -1 for none.
        true_iou (float): Mean IoU with that person.
        scores (np.ndarray): The person's scores (box, IoU, pixel, fused),
            (4,).
        labels (np.ndarray): Classes of its K parts, (K,).
        part_scores (np.ndarray): Their scores, (K, 4).
        part_ious (np.ndarray): Their true IoUs, (K,).
    """
    image_id: int
    position: int
    parsing_id: int
    true_iou: float
    scores: np.ndarray
    labels: np.ndarray
    part_scores: np.ndarray
    part_ious: np.ndarray


def choose_persons(
        study: QualityStudy,
        num_persons: int = 4,
        image_ids: Optional[Sequence[int]] = None) -> List[ScoredPerson]:
    """Choose persons whose parts show something.

    Args:
        study (QualityStudy): The study.
        num_persons (int): How many at most. Defaults to 4.
        image_ids (Sequence[int], optional): Only persons of these images, one
            of each. Defaults to None: those with the most true parts and a box
            score of at least 0.3, from as many images.

    Returns:
        list[ScoredPerson]: Of an image the kept person with the most true
        parts; of several, that with the higher quality score. Images without
        one give none.
    """
    persons, parts = study.persons, study.parts
    parts = parts[parts.true_ious > 0]  # what is there, not what is invented
    pairs, counts = np.unique(
        np.stack([parts.image_ids, parts.positions]),
        axis=1,
        return_counts=True)
    num_parts = dict(zip(map(tuple, pairs.T.tolist()), counts.tolist()))

    def rank(row: int) -> tuple:
        key = (int(persons.image_ids[row]), int(persons.positions[row]))
        return -num_parts.get(key, 0), -persons.scores[row, -1]

    usable = study.kept & (persons.truths >= 0)
    if image_ids is None:
        usable &= persons.scores[:, 0] >= _BOX_SCORE
    chosen: Dict[int, int] = {}
    for row in sorted(np.flatnonzero(usable), key=rank):
        chosen.setdefault(int(persons.image_ids[row]), row)
    if image_ids is None:
        rows = list(chosen.values())[:num_persons]
    else:
        rows = [chosen[i] for i in image_ids if i in chosen]
    return [_scored_person(study, row) for row in rows]


def _scored_person(study: QualityStudy, row: int) -> ScoredPerson:
    """Gather what the study knows about one person."""
    persons, parts = study.persons, study.parts
    image_id, position = persons.image_ids[row], persons.positions[row]
    mine = parts[(parts.image_ids == image_id) & (parts.positions == position)]
    return ScoredPerson(
        int(image_id), int(position), int(persons.truths[row]),
        float(persons.true_ious[row]), persons.scores[row], mine.labels,
        mine.scores, mine.true_ious)


def plot_part_scores(person: ScoredPerson, book: PictureBook,
                     classes: Sequence[str]) -> bytes:
    """One person with a bar for each part: how long it is, how sure.

    Args:
        person (ScoredPerson): The person.
        book (PictureBook): Where its pixels are.
        classes (Sequence[str]): Names of all classes, background first.

    Returns:
        bytes: A PNG file. A diamond on each bar is the part's true IoU.

    Raises:
        ValueError: If a photo or a label map does not fit the image.
    """
    portrait = book.portrait(person.image_id, person.position, -1)
    height, width = portrait.found.shape
    tall = max(3.2, .29 * len(person.labels) + .9)
    wide = float(np.clip((tall - .5) * width / height, 1.1, 2.))
    figure = new_figure(wide + 2.95, tall)
    left, right = figure.subplots(1, 2, width_ratios=(wide, 2.95))
    _show_person(left, portrait, book.palette)
    _draw_bars(right, person, book.palette, classes)
    box, iou, pixel, fused = person.scores
    figure.suptitle(
        f'image {person.image_id}, person {person.position + 1}: true IoU '
        f'{number(person.true_iou)}\nbox {number(box)}   IoU {number(iou)}   '
        f'pixel {number(pixel)}   quality {number(fused)}',
        fontsize=9,
        color=INK)
    return to_png(figure)


def _show_person(axes: Axes, portrait: Portrait, palette: np.ndarray) -> None:
    axes.imshow(overlay(portrait.photo, portrait.found, palette))
    axes.axis('off')


def _draw_bars(axes: Axes, person: ScoredPerson, palette: np.ndarray,
               classes: Sequence[str]) -> None:
    """Category pixel score of each part, and its true IoU."""
    tidy(axes)
    axes.grid(False, axis='y')
    pixels = np.nan_to_num(person.part_scores[:, 2])
    rows = np.arange(len(pixels))
    axes.barh(
        rows,
        pixels,
        height=.72,
        color=[colour_tuple(palette[label]) for label in person.labels])
    for row, value in zip(rows, person.part_scores[:, 2]):
        axes.text(1.05, row, number(value), va='center', fontsize=8, color=INK)
    axes.plot(
        person.part_ious,
        rows,
        linestyle='',
        marker='D',
        markersize=5,
        color=INK,
        markeredgecolor='white')
    axes.set_yticks(rows, [classes[label] for label in person.labels])
    axes.set_xlim(0, 1.2)
    axes.set_xticks(np.arange(6) / 5)
    axes.invert_yaxis()
    axes.set_xlabel('bar: pixel score, diamond: true IoU', fontsize=8)
