# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The same pictures by several methods, side by side: Figure 4 of the paper.

One HTML file, whose words stand in ``comparison.html.j2``, and one picture.
"""
import os
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import cv2
import numpy as np
from PIL import Image

from projects.qanet.ground_truth import empty_truth, label_path
from projects.qanet.ground_truth.label_maps import read_image_labels
from projects.qanet.utils.blending import blend_parts
from projects.qanet.utils.borders import person_borders
from projects.qanet.utils.tables import format_number
from ..dumps.files import GLOBAL, HUMANS, read_dump
from ..functional.evaluator import ParsingEvaluator
from ..functional.painting import paint_persons
from ..functional.scores import read_scores
from ..functional.segments import cut_segments, draw_segments
from .comparison import (LEVEL, Comparison, comparison_table,
                         describe_bootstrap, warn_of_images)
from .figures import draw, fill_panels
from .page import list_colours, render_page
from .pictures import ALPHA, GREY, PictureBook, encode_jpeg

_PANEL = 320, 280  # largest width and height, in pixels
_BORDER = 255  # of a person, white
_INCHES = 2.3  # width of a panel in the figure


class ShownMaps(NamedTuple):
    """What a panel shows, (H, W) each."""
    categories: np.ndarray  # class of each pixel, uint8
    humans: Optional[np.ndarray]  # number of the person, 0 for nobody


#: Looks the maps of an image up by its id.
ReadMaps = Callable[[int], ShownMaps]


class Row(NamedTuple):
    """One image: photo, truth, then what each method makes of it."""
    image_id: int
    file_name: str
    panels: List[np.ndarray]  # RGB, all of one size (h, w, 3) uint8
    labels: List[int]  # that occur in any of them
    notes: List[str]  # mean part IoU of each panel, '' for the first two
    spread: str


def paint_records(evaluator: ParsingEvaluator, records: Sequence[Dict[str,
                                                                      Any]],
                  image_id: int) -> ShownMaps:
    """The global map of an image's records, and who is visible where."""
    size = evaluator.find_image(image_id).size
    num_classes = len(evaluator.classes)
    scores = read_scores(records, num_classes, evaluator.quality_weights)
    segments = cut_segments(empty_truth(), evaluator.decode(image_id, records),
                            num_classes)
    painting = paint_persons(segments, scores.boxes, scores.boxes
                             >= evaluator.thresholds.box_score)
    return ShownMaps(
        draw_segments(segments, painting.labels, size),
        draw_segments(segments, painting.owners + 1, size))


def read_dumped_maps(evaluator: ParsingEvaluator, folder: str,
                     image_id: int) -> ShownMaps:
    """The global map of a dump, with persons if it has a folder of them."""
    names = [GLOBAL]
    if os.path.isdir(os.path.join(folder, HUMANS)):
        names.append(HUMANS)
    dump = read_dump(folder, evaluator.find_image(image_id),
                     len(evaluator.classes), names, evaluator.img_subdir)
    return ShownMaps(dump.categories, dump.humans)


def read_true_maps(evaluator: ParsingEvaluator, image_id: int) -> ShownMaps:
    """The label maps of an image."""
    image = evaluator.find_image(image_id)
    return ShownMaps(*(read_image_labels(
        image,
        label_path(
            os.path.join(evaluator.data_root, folder), image.file_name, '.png',
            evaluator.img_subdir))
                       for folder in ('Category_ids', 'Human_ids')))


def draw_panel(photo: np.ndarray, maps: Optional[ShownMaps],
               palette: np.ndarray) -> np.ndarray:
    """Lay maps, if any, over a photo, RGB (H, W, 3) uint8, scaled to fit.

    Persons have a white border, which is drawn after scaling.
    """
    height, width = photo.shape[:2]
    scale = min(_PANEL[0] / width, _PANEL[1] / height)
    size = [max(1, round(side * scale)) for side in (width, height)]
    small = Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS)
    picture = np.asarray(small)
    if maps is None:
        return picture

    def fit(labels: np.ndarray) -> np.ndarray:
        return cv2.resize(
            labels.astype(np.uint16), size, interpolation=cv2.INTER_NEAREST)

    picture = blend_parts(picture, fit(maps.categories), palette, ALPHA)
    if maps.humans is not None:
        picture[person_borders(fit(maps.humans))] = _BORDER
    return picture


def draw_rows(comparison: Comparison, readers: Dict[str, ReadMaps],
              predicted: Dict[str, Sequence[int]], book: PictureBook,
              num_images: int) -> List[Row]:
    """Draw the first images of a comparison, where the methods differ most.

    ``readers`` give the maps of each method, for the ids in ``predicted``;
    other images show the photo alone. Images without any spread are left out.
    Raises an InputError if a photo or a label map does not fit its image.
    """
    evaluator, rows = book.evaluator, []
    differing = zip(comparison.image_ids, comparison.part_ious,
                    comparison.spreads)
    for image_id, ious, spread in list(differing)[:num_images]:
        if not spread > 0:
            break
        image = evaluator.find_image(image_id)
        photo = book.read_photo(image_id)
        if photo is None:
            photo = np.full((image.height, image.width, 3), GREY, np.uint8)
        shown = [None, read_true_maps(evaluator, image_id)] + [
            read(image_id) if image_id in predicted[name] else None
            for name, read in readers.items()
        ]
        labels = {
            label
            for maps in shown if maps is not None
            for label in np.unique(maps.categories).tolist()
        }
        rows.append(
            Row(image_id, image.file_name,
                [draw_panel(photo, maps, book.palette) for maps in shown],
                sorted(labels), ['', '', *map(format_number, ious)],
                format_number(spread)))
    return rows


def _heads(comparison: Comparison) -> List[str]:
    return ['photo', 'ground truth', *comparison.metrics]


def draw_figure(comparison: Comparison, rows: Sequence[Row]) -> bytes:
    """All rows, at least one, as one picture, a PNG file."""
    heads = _heads(comparison)
    ratios = [row.panels[0].shape[0] / row.panels[0].shape[1] for row in rows]
    # A tall picture is as high as wide, and narrower.
    ratios = np.minimum(ratios, 1.25)
    return draw((_INCHES * len(heads), _INCHES * ratios.sum() + .3),
                (len(rows), len(heads)),
                fill_panels, [row.panels for row in rows],
                heads, [row.notes for row in rows],
                height_ratios=ratios)


def build_comparison_page(comparison: Comparison, rows: Sequence[Row],
                          book: PictureBook, title: str,
                          sources: Dict[str, str]) -> str:
    """Write the page, the text of an HTML file; ``sources`` are by method."""
    labels = {label for row in rows for label in row.labels}
    pictures = [[encode_jpeg(Image.fromarray(panel)) for panel in row.panels]
                for row in rows]
    return render_page(
        'comparison.html.j2',
        title=title,
        sources=sources,
        num_predicted=comparison.num_predicted,
        warning=warn_of_images(comparison, book.evaluator.protocol),
        protocol=book.evaluator.protocol.name,
        bootstrap=describe_bootstrap(comparison),
        level=f'{100 * LEVEL:g}',
        table=comparison_table(comparison),
        heads=_heads(comparison),
        rows=list(zip(rows, pictures)),
        num_missing=book.num_missing,
        num_images=len(comparison.image_ids),
        colours=list_colours(labels, book))
