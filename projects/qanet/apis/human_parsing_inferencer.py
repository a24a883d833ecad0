# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From photos and videos to parsed persons, in one call."""
from contextlib import closing, nullcontext
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

import cv2
import mmcv
import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.registry import DefaultScope
from mmseg.registry import INFERENCERS
from rich.console import Console
from rich.progress import track

from projects.qanet.datasets.metainfo import complete_metainfo
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_whole, plain_number
from projects.qanet.visualization.selection import select_persons
from projects.qanet.visualization.windows import check_window
from .output import OutputFolder, summary_logged
from .parser_builder import (ModelType, checked_meta, config_scope,
                             finds_persons, gives_surface, load_parser,
                             test_pipeline)
from .settings import make_visualizer, merge_settings
from .sources import (Frame, InputsType, ParsedImage, collect_sources,
                      read_frames)
from .user_boxes import boxes_of_batch, split_boxes, warn_of_doubts


@INFERENCERS.register_module()
class HumanParsingInferencer(BaseInferencer):
    """Finds the persons in photos and videos and parses each of them.

    Args:
        model (str | Config | nn.Module): Config (file) of the parser, ONNX
            file of tools/model_converters/export_onnx.py, or a built parser,
            which is put into evaluation mode.
        weights (str, optional): Its checkpoint; an ONNX file has none.
        det_model (str | Config | nn.Module, optional): Config (file) of any
            detector of mmdet (``mmdet::...`` for one that comes with it), or
            a built one. Without it every call needs ``bboxes``. A parser of
            regions, such as :class:`ParsingRCNN`, finds the persons itself
            and takes neither.
        det_weights (str, optional): Its checkpoint; a built one needs none.
        det_cat_ids (int | Sequence[int]): The detector's labels of persons.
        bbox_thr (float): Detected boxes with a lower score are left out.
        nms_thr (float, optional): Of persons whose parts agree with a mean
            IoU of at least this only the best is drawn and painted into
            label maps; predictions keep all. None is off.
        score_thr (float): Persons with a lower quality score are neither
            drawn nor painted into label maps.
        device (str, optional): Defaults to the accelerator, if there is one;
            for a built parser to where it is.
        palette (Sequence, optional): RGB colours instead of the data set's.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score instead of the model's.
        visualizer (dict, optional): Arguments of :class:`ParsingVisualizer`;
            for dense pose of :class:`DensePoseVisualizer`.

    Each call may have ``bbox_thr``, ``nms_thr``, ``score_thr`` and
    ``quality_weights`` of its own. Raises a FileNotFoundError if a config or
    an ONNX file is missing, an InputError if another file or a setting is
    missing or wrong.

    Example:
        >>> infer = HumanParsingInferencer('configs/qanet/...', 'qanet.pth',
        ...                                'configs/fcos/...', 'fcos.pth')
        >>> persons = infer('photo.jpg', out_dir='out')['predictions'][0]
        >>> for frame, persons in infer.stream('long.mp4', batch_size=8):
        ...     print(frame.name, len(persons))
    """

    def __init__(self,
                 model: ModelType,
                 weights: Optional[str] = None,
                 det_model: Optional[ModelType] = None,
                 det_weights: Optional[str] = None,
                 det_cat_ids: Union[int, Sequence[int]] = (0, ),
                 bbox_thr: float = 0.3,
                 nms_thr: Optional[float] = 0.6,
                 score_thr: float = 0.,
                 device: Optional[str] = None,
                 palette: Optional[Sequence[Sequence[int]]] = None,
                 quality_weights: Optional[Sequence[float]] = None,
                 visualizer: Optional[dict] = None) -> None:
        # mmengine's own __init__ takes neither built models nor ONNX files.
        if det_weights is not None and det_model is None:
            raise InputError('det_weights is given without det_model, the '
                             'config of the detector')
        self._defaults = merge_settings({
            'bbox_thr': bbox_thr,
            'nms_thr': nms_thr,
            'score_thr': score_thr,
            'quality_weights': quality_weights
        })
        self.model, self.cfg, self.device = load_parser(model, weights, device)
        self.scope = config_scope(self.cfg)
        self._finds_persons = finds_persons(self.model, det_model=det_model)
        self.pipeline = self._init_pipeline(self.cfg)
        self.collate_fn = pseudo_collate
        self.dataset_meta = checked_meta(self.model)
        if palette is not None:
            self.dataset_meta = complete_metainfo(
                dict(self.dataset_meta, palette=palette))
        self.detector = None
        if det_model is not None:
            from projects.qanet.detection.person_detector import PersonDetector
            self.detector = PersonDetector(det_model, det_weights, det_cat_ids,
                                           bbox_thr, self.device)
        visualizer = {} if visualizer is None else visualizer
        self.visualizer = make_visualizer(visualizer, self.model,
                                          self.dataset_meta)
        # A video's frames must all have one size.
        self.video_visualizer = make_visualizer(
            dict(visualizer, full_legend=True, show_part_scores=False),
            self.model, self.dataset_meta)

    _init_pipeline = staticmethod(test_pipeline)

    def stream(self,
               inputs: InputsType,
               bboxes: Any = None,
               batch_size: int = 1,
               show_progress: bool = False,
               skipped: Optional[List[tuple]] = None,
               **settings: Any) -> Iterator[ParsedImage]:
        """Parse image after image, as they are asked for; nothing is kept.

        Args:
            inputs (InputsType): See :func:`collect_sources`.
            bboxes (Any): Boxes instead of the detector's, see
                :func:`split_boxes`.
            batch_size (int): Images at once, in the detector and the parser.
            show_progress (bool): Show a progress bar.
            skipped (list[tuple], optional): Takes (file, reason) of each file
                that could not be decoded, or not wholly.
            settings: See the class.

        Yields each image and its persons, maybe none. Raises a
        FileNotFoundError or an InputError if inputs or boxes are wrong.
        """
        sources = collect_sources(inputs)
        settings = merge_settings(self._defaults, **settings)
        if (not finds_persons(self.model, bboxes=bboxes) and bboxes is None
                and self.detector is None):
            raise InputError(
                'it is not known where the persons are: give a detector '
                '(det_model= and det_weights=) or the boxes (bboxes=)')
        if not is_whole(plain_number(batch_size), 1):
            raise InputError(f'batch_size must be a whole number >= 1, but '
                             f'got {batch_size!r}')
        boxes = None if bboxes is None else split_boxes(bboxes, sources)
        frames = read_frames(sources, [] if skipped is None else skipped)
        return track(
            self._parse(frames, boxes, batch_size, settings),
            'parsing',
            sum(source.num_images for source in sources) or None,
            console=Console(stderr=True),
            disable=not show_progress)

    def _parse(self, frames: Iterator[Frame], boxes: Optional[List[Any]],
               batch_size: int, settings: dict) -> Iterator[ParsedImage]:
        batch, warned, problem = [], False, None
        for batch in self._get_chunk_data(frames, batch_size):
            if self._finds_persons:
                found = [None] * len(batch)
            elif boxes is None:
                images = [frame.image for frame in batch]
                found = self.detector(images, settings['bbox_thr'])
            else:
                found, problem = boxes_of_batch(boxes, batch)
                batch = batch[:len(found)]
                warned = warned or any(map(warn_of_doubts, batch, found))
            if batch:
                data = self.preprocess(batch, found)
                parsed = self.forward(data, settings['quality_weights'])
                if self._finds_persons:
                    thr = settings['bbox_thr']
                    parsed = [one[one.bbox_scores >= thr] for one in parsed]
                yield from map(ParsedImage, batch, parsed)
            if problem is not None:
                raise problem
        if boxes is not None and batch and batch[-1].source.is_video:
            count = max(batch[-1].index + 1, batch[-1].source.num_images)
            if len(boxes) > count:
                raise InputError(f'bboxes has {len(boxes)} entries, but there '
                                 f'were only {count} images')

    def __call__(self,
                 inputs: InputsType,
                 bboxes: Any = None,
                 out_dir: Optional[str] = None,
                 batch_size: int = 1,
                 show_progress: bool = True,
                 save_label_maps: bool = False,
                 return_vis: bool = False,
                 return_predictions: bool = True,
                 no_save_vis: bool = False,
                 show: bool = False,
                 wait_time: float = 0,
                 save_densepose: bool = False,
                 **settings: Any) -> Dict[str, List[Any]]:
        """Parse all persons of all inputs; for the rest see :meth:`stream`.

        Whatever ends a run early, the results so far are in ``out_dir``.

        Args:
            out_dir (str, optional): Folder for pictures and results, see
                :class:`OutputFolder`; without it nothing is written.
            save_label_maps (bool): Write label PNGs, too.
            return_vis (bool): Return the pictures.
            return_predictions (bool): Return the persons, of every frame.
            no_save_vis (bool): Write the results, but no pictures.
            show (bool): Show each picture for ``wait_time`` s, 0 for ever.
            save_densepose (bool): Write the challenge's file of dense pose.

        Returns:
            dict[str, list]: ``predictions``, one ParsingInstances per image
            or frame, whose ``image_id`` is its position in the stream;
            ``visualization``, RGB pictures (H, W, 3) uint8; ``skipped``,
            (file, reason) of each file that was not, or not wholly, decoded.
        """
        if out_dir is None and (save_label_maps or save_densepose):
            raise InputError('save_label_maps=True needs an out_dir, and so '
                             'does save_densepose=True')
        gives_surface(self.model, save_densepose=save_densepose or None)
        if show:
            wait_time = check_window(wait_time)
        results = dict(predictions=[], visualization=[], skipped=[])
        settings = merge_settings(self._defaults, **settings)
        sources = collect_sources(inputs)
        stream = self.stream(sources, bboxes, batch_size, show_progress,
                             results['skipped'], **settings)
        total, counts = sum(source.num_images for source in sources), []
        saves_vis = out_dir is not None and not no_save_vis
        draws = saves_vis or return_vis or show
        qam = getattr(self.model, 'post_processor', None)
        weights = settings['quality_weights'] or getattr(qam, 'weights', None)
        folder = nullcontext() if out_dir is None else OutputFolder(
            out_dir, self.dataset_meta['classes'], weights,
            getattr(qam, 'pixel_score_thr', None), save_label_maps, saves_vis,
            sources, save_densepose)
        with summary_logged(counts, total, out_dir), \
                folder as output, closing(stream):
            for frame, instances in stream:
                shown, picture = range(len(instances)), None
                if draws or save_label_maps:
                    shown = select_persons(instances, settings['score_thr'],
                                           settings['nms_thr'])
                if draws:
                    picture = self.visualize(frame, instances, shown, show,
                                             wait_time)
                if output is not None:
                    output.add(frame, instances, picture, shown)
                counts.append((frame.name, len(instances), len(shown)))
                if return_vis:
                    results['visualization'].append(picture)
                if return_predictions:
                    results['predictions'].append(instances)
        return self.postprocess(**results)

    def preprocess(self, inputs: Sequence[Frame],
                   bboxes: Sequence[Optional[np.ndarray]]) -> Dict[str, list]:
        """Pack some images and their boxes, (N, 5) or none, for the parser."""
        samples = [
            dict(
                img=frame.image,
                img_path=frame.source.path,
                img_id=frame.index,
                ori_shape=frame.image.shape[:2],
                img_shape=frame.image.shape[:2],
                flip_pairs=self.dataset_meta['flip_pairs']) for frame in inputs
        ]
        for sample, rows in zip(samples, bboxes):
            if rows is not None:
                sample.update(bboxes=rows[:, :4], bbox_scores=rows[:, 4])
        with DefaultScope.overwrite_default_scope(self.scope):
            return self.collate_fn([*map(self._pack, samples)])

    def _pack(self, sample: dict) -> dict:
        """Run the pipeline; an image that it cannot resize is named."""
        try:
            return self.pipeline(sample)
        except cv2.error as error:
            height, width = sample['ori_shape']
            raise InputError(
                f'{sample["img_path"]}: the test pipeline fails on an image '
                f'of {width} x {height} pixels (too thin?)') from error

    @torch.no_grad()
    def forward(
            self, inputs: Dict[str, list],
            quality_weights: Optional[Sequence[float]]
    ) -> List[ParsingInstances]:
        """Parse packed images; the caller's weights replace the model's."""
        with DefaultScope.overwrite_default_scope(self.scope):
            samples = self.model.test_step(inputs)
        found = [sample.pred_instances for sample in samples]
        if quality_weights is None:
            return found
        return [persons.fuse(quality_weights) for persons in found]

    def visualize(self, inputs: Frame, preds: ParsingInstances,
                  shown: Sequence[int], show: bool,
                  wait_time: float) -> np.ndarray:
        """Draw the chosen persons of an image, the best last; RGB, uint8."""
        is_video = inputs.source.is_video
        visualizer = self.video_visualizer if is_video else self.visualizer
        picture = visualizer.draw(mmcv.bgr2rgb(inputs.image), preds, shown)
        if show:
            visualizer.show(picture, inputs.name, wait_time)
        return picture

    def postprocess(self, **results: list) -> Dict[str, list]:
        """What a call returns, see :meth:`__call__`."""
        return results
