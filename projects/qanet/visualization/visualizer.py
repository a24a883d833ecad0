# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of parsed persons."""
import copy
from typing import List, NamedTuple, Optional, Sequence, Tuple

import mmcv
import numpy as np
from mmengine.dist import master_only
from mmengine.visualization import Visualizer
from mmseg.registry import VISUALIZERS
from mmseg.structures import SegDataSample

from projects.qanet.datasets.metainfo import default_palette
from projects.qanet.ground_truth import read_label_map
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.blending import blend_parts
from projects.qanet.utils.borders import person_borders
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number, plain_number
from .legend import ScoreColumn, draw_legend, join_beside
from .painting import Colour, LabelMaps, paint_persons, person_colour
from .selection import select_persons
from .tags import draw_boxes, draw_tags
from .text import (fit_columns, font_size, format_score, load_font,
                   tag_font_size)
from .windows import check_window

BORDER_COLOUR: Colour = (255, 255, 255)


class Drawing(NamedTuple):
    """A picture of the image's own size, and what its legend has to tell."""
    image: np.ndarray
    labels: set
    columns: List[ScoreColumn]


def line_width(image_shape: Sequence[int]) -> int:
    """Width of a thin line that suits an image, in pixels."""
    return max(1, round(font_size(image_shape) / 14))


def ground_truth_maps(sample: SegDataSample) -> Optional[LabelMaps]:
    """Class and person of each pixel in a sample's ground truth, if it has it.

    That is ``gt_sem_seg`` (training: one person in its crop, or in ``sem_seg``
    all of an image) or ``seg_map_path`` and perhaps ``human_map_path``
    (validation: the whole image). Persons are None where they are not told
    apart.
    """
    if 'gt_sem_seg' in sample and 'sem_seg' in sample.gt_sem_seg:
        category, owner = sample.gt_sem_seg.cpu().sem_seg.numpy()
        return category, owner.astype(np.int32)
    if 'gt_sem_seg' in sample:
        # Tensors, or arrays, as mmseg's browse_dataset.py hands them over.
        return np.asarray(sample.gt_sem_seg.cpu().data).squeeze(0), None
    paths = sample.get('seg_map_path'), sample.get('human_map_path')
    if paths[0] is None:
        return None
    category, owner = (path and read_label_map(path) for path in paths)
    return category, None if owner is None else owner.astype(np.int32)


@VISUALIZERS.register_module()
class ParsingVisualizer(Visualizer):
    """Draws persons, their parts and their quality scores.

    The parts' colours are blended over the image where a part is; every other
    pixel stays as it was. The best person lies on top; thin white borders
    part them. Frames and tags carry one colour per person; a tag reads
    ``#number score``, where the number is the position in the results, counted
    from 1. A legend beside the image lists the classes that occur.

    Where the label maps of a data set have other classes than its parsers,
    ``dataset_meta`` has them, with their palette, as ``truth``.

    Args:
        name, image, vis_backends, save_dir: See mmengine's ``Visualizer``.
        classes (Sequence[str], optional): Class names, background first.
            Defaults to those of ``dataset_meta``, which the runner sets.
        palette (Sequence, optional): One RGB colour per class, as above.
        alpha (float): Share of the parts' colours, in 0..1.
        score_thr (float): Persons with a lower quality score are not drawn.
        nms_thr (float, optional): Of persons whose parts agree with a mean
            IoU of at least this only the best is drawn; None draws all.
        show_boxes, show_scores, show_legend (bool): Draw boxes, tags, legend.
        show_part_scores (bool): Write part scores into the legend.
        full_legend (bool): List all classes, those that don't occur greyed
            out, so that pictures of one size stay of one size: for video.
        font (str, optional): TrueType file. Defaults to DejaVu Sans.
    """

    def __init__(self,
                 name: str = 'visualizer',
                 image: Optional[np.ndarray] = None,
                 vis_backends: Optional[list] = None,
                 save_dir: Optional[str] = None,
                 classes: Optional[Sequence[str]] = None,
                 palette: Optional[Sequence[Sequence[int]]] = None,
                 alpha: float = 0.5,
                 score_thr: float = 0.3,
                 nms_thr: Optional[float] = 0.6,
                 show_boxes: bool = True,
                 show_scores: bool = True,
                 show_part_scores: bool = False,
                 show_legend: bool = True,
                 full_legend: bool = False,
                 font: Optional[str] = None) -> None:
        super().__init__(name, image, vis_backends, save_dir)
        self.alpha = plain_number(alpha)
        if not (is_number(self.alpha) and 0 <= self.alpha <= 1):
            raise InputError(f'alpha must be in 0..1, but got {alpha!r}')
        self.score_thr = score_thr
        self.nms_thr = nms_thr
        self.show_boxes = show_boxes
        self.show_scores = show_scores
        self.show_part_scores = show_part_scores
        self.show_legend = show_legend
        self.full_legend = full_legend
        self.font = font
        if classes is not None:
            self.dataset_meta = dict(classes=classes, palette=palette)

    def _names_and_palette(self) -> Tuple[List[str], List[Colour]]:
        """Class names and colours out of ``dataset_meta``, checked."""
        meta = self.dataset_meta or {}
        names = meta.get('classes')
        if not names:
            raise InputError(
                'ParsingVisualizer does not know the class names: set its '
                "dataset_meta = dict(classes=..., palette=...) or give it "
                'classes=')
        palette = meta.get('palette') or default_palette(len(names))
        if len(palette) != len(names):
            raise InputError(f'dataset_meta has {len(names)} classes but '
                             f'{len(palette)} colours in its palette')
        return list(names), [tuple(colour) for colour in palette]

    def of_truth(self) -> 'ParsingVisualizer':
        """The one that draws ground truth: this one, unless it differs."""
        truth = (self.dataset_meta or {}).get('truth')
        if truth is None:
            return self
        other = copy.copy(self)
        other.dataset_meta = truth
        return other

    def draw_maps(self,
                  image: np.ndarray,
                  category: np.ndarray,
                  owner: Optional[np.ndarray] = None) -> Drawing:
        """Draw label maps, for example the ground truth's; no legend yet.

        Raises an InputError if the maps are not of the image's size.
        """
        if category.shape != image.shape[:2]:
            raise InputError(
                f'label map is {category.shape[1]}x{category.shape[0]} but '
                f'the image is {image.shape[1]}x{image.shape[0]}')
        _, palette = self._names_and_palette()
        drawn = blend_parts(image, category, palette, self.alpha)
        if owner is not None:
            borders = person_borders(owner, line_width(image.shape))
            drawn[borders] = BORDER_COLOUR
        labels = set(np.unique(category).tolist())
        return Drawing(drawn, labels & set(range(1, len(palette))), [])

    def draw_persons(self,
                     image: np.ndarray,
                     instances: ParsingInstances,
                     order: Optional[Sequence[int]] = None) -> Drawing:
        """Draw predicted persons on RGB (H, W, 3) uint8; no legend yet.

        ``order`` are the positions of those to draw, the best last; by default
        what ``score_thr`` and ``nms_thr`` say. Raises an InputError if the
        persons belong to an image of another size.
        """
        if tuple(instances.image_size) != (image.shape[1], image.shape[0]):
            raise InputError(
                'persons were predicted on an image of size (w, h) = '
                f'{tuple(instances.image_size)} but the one to draw on is '
                f'{(image.shape[1], image.shape[0])}')
        if order is None:
            order = select_persons(instances, self.score_thr, self.nms_thr)
        drawing = self.draw_parts(image, instances, order)
        columns = []
        for i in sorted(order if self.show_part_scores else []):
            counts = np.bincount(
                instances.part_maps[i].ravel(),
                minlength=instances.num_classes)
            columns.append(
                ScoreColumn(f'#{i + 1}', person_colour(i),
                            instances.part_scores[i], counts[1:] > 0))
        return drawing._replace(
            image=self._draw_frames(drawing.image, instances, order),
            columns=columns)

    def draw_parts(self, image: np.ndarray, instances: ParsingInstances,
                   order: Sequence[int]) -> Drawing:
        """Draw what the chosen persons are made of, without boxes and tags."""
        return self.draw_maps(image, *paint_persons(instances, order))

    def _draw_frames(self, image: np.ndarray, instances: ParsingInstances,
                     order: List[int]) -> np.ndarray:
        """Boxes and tags of the chosen persons, the best on top."""
        best_first = order[::-1]
        bboxes = instances.bboxes[best_first]
        colours = [person_colour(i) for i in best_first]
        size = tag_font_size(image.shape, bboxes)
        if self.show_boxes:
            image = draw_boxes(image, bboxes[::-1], colours[::-1],
                               max(1, round(size / 9)))
        if self.show_scores:
            scores = map(format_score, instances.scores[best_first])
            texts = [f'#{i + 1} {s}' for i, s in zip(best_first, scores)]
            image = draw_tags(image, bboxes, texts, colours,
                              load_font(size, self.font))
        return image

    def add_legend(self, drawings: Sequence[Drawing]) -> np.ndarray:
        """Put pictures of one image and their legend side by side, uint8."""
        images = [drawing.image for drawing in drawings]
        joined = join_beside(images, gap=font_size(images[0].shape) // 3)
        if not (self.show_legend or self.show_part_scores):
            return joined
        names, palette = self._names_and_palette()
        present = set().union(*(drawing.labels for drawing in drawings))
        listed = set(range(1, len(names))) if self.full_legend else present
        columns = [c for drawing in drawings for c in drawing.columns]
        height, width = joined.shape[:2]
        size = fit_columns(font_size(images[0].shape), len(columns), width)
        panel = draw_legend(
            sorted(listed), names, palette, height, load_font(size, self.font),
            listed - present, columns)
        return join_beside([joined, panel])

    def draw(self,
             image: np.ndarray,
             instances: ParsingInstances,
             order: Optional[Sequence[int]] = None) -> np.ndarray:
        """See :meth:`draw_persons`; with the legend, RGB (h, w, 3) uint8."""
        return self.add_legend([self.draw_persons(image, instances, order)])

    @master_only
    def add_datasample(self,
                       name: str,
                       image: np.ndarray,
                       data_sample: Optional[SegDataSample] = None,
                       draw_gt: bool = True,
                       draw_pred: bool = True,
                       show: bool = False,
                       wait_time: float = 0,
                       out_file: Optional[str] = None,
                       step: int = 0) -> None:
        """Draw a data sample and hand it to the backends, a file or a window.

        With both ground truth (see :func:`ground_truth_maps`) and prediction
        there are two pictures, the ground truth on the left.

        Args:
            name (str): Name of the picture.
            image (np.ndarray): RGB image of shape (H, W, 3), uint8.
            data_sample (SegDataSample, optional): Sample with
                ``pred_instances`` (ParsingInstances) and/or ground truth.
            draw_gt, draw_pred (bool): Draw ground truth, prediction.
            show, wait_time: See :func:`check_window`.
            out_file (str, optional): Write to this file, not the backends.
            step (int): Global step for the backends.
        """
        sample = SegDataSample() if data_sample is None else data_sample
        drawings, pictures, truth = [], [], self.of_truth()
        maps = ground_truth_maps(sample) if draw_gt else None
        if maps is not None:
            drawings.append(truth.draw_maps(image, *maps))
        if drawings and truth is not self:  # each has its own legend
            pictures.append(truth.add_legend(drawings))
            drawings = []
        if draw_pred and 'pred_instances' in sample:
            drawings.append(self.draw_persons(image, sample.pred_instances))
        if drawings:
            pictures.append(self.add_legend(drawings))
        drawn = join_beside(pictures) if pictures else image
        self.set_image(drawn)
        if show:
            wait_time = check_window(wait_time)
            self.show(drawn, win_name=name, wait_time=wait_time)
        if out_file is not None:
            mmcv.imwrite(mmcv.rgb2bgr(drawn), out_file)
        else:
            self.add_image(name, drawn, step)
