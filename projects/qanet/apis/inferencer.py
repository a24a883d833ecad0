# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From photos and videos to parsed persons, in one call."""
from contextlib import closing
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np
import torch
from mmengine.registry import DefaultScope
from rich.console import Console
from rich.progress import (BarColumn, MofNCompleteColumn, Progress, TextColumn,
                           TimeRemainingColumn)

import projects.qanet.plugin  # noqa: F401, registers every part
from projects.qanet.datasets.metainfo import complete_metainfo
from projects.qanet.quality import check_weights
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from projects.qanet.visualization import ParsingVisualizer
from projects.qanet.visualization.selection import select_persons
from .output import OutputFolder
from .parser_builder import ModelType, checked_meta, choose_device, load_parser
from .sources import (Frame, InputsType, Source, batches, collect_sources,
                      read_frames)
from .user_boxes import boxes_of_frame, check_all_used, split_boxes


class HumanParsingInferencer:
    """Finds the persons in photos and videos and parses each of them.

    Args:
        model (str | Config | nn.Module): Config file or config of the parser,
            an ONNX file that tools/model_converters/export_onnx.py has
            written, or a built parser.
        weights (str, optional): Its checkpoint; an ONNX file has none.
        det_model (str | Config | nn.Module, optional): Config file or config
            of the person detector, any one of mmdet, ``mmdet::...`` for one
            that comes with it, or a built detector. Without it every call
            needs ``bboxes``.
        det_weights (str, optional): Checkpoint of the detector.
        det_cat_ids (Sequence[int]): Labels of the detector that are persons.
            Defaults to (0,), the person of COCO.
        bbox_thr (float): The detector's boxes with a lower score are left
            out. Defaults to 0.3.
        nms_thr (float, optional): Of persons whose parts agree with a mean
            IoU of at least this only the best is drawn and painted into the
            label maps. The predictions and records keep all. None switches
            it off. Defaults to 0.6.
        score_thr (float): Persons with a lower quality score are neither
            drawn nor painted into label maps. Defaults to 0.
        device (str, optional): Defaults to 'cuda' if there is one, else
            'cpu'.
        palette (Sequence, optional): One RGB colour per class instead of the
            data set's.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score instead of the model's.
        visualizer (dict, optional): Further arguments of
            :class:`ParsingVisualizer`, such as ``show_part_scores=True``.

    Raises:
        FileNotFoundError: If a config or an ONNX file is missing.
        InputError: If a checkpoint is missing, unreadable or does not
            fit.
        InputError: If the classes are unknown, a setting is wrong, or an ONNX
            file cannot be used.

    Example:
        >>> infer = HumanParsingInferencer('configs/qanet/...', 'qanet.pth',
        ...                                'configs/fcos/...', 'fcos.pth')
        >>> persons = infer('photo.jpg', out_dir='out')['predictions'][0]
        >>> persons.scores, persons.part_map(0)
        >>> infer('photo.jpg', bboxes=[[10, 20, 200, 400]])
    """

    def __init__(self,
                 model: ModelType,
                 weights: Optional[str] = None,
                 det_model: Optional[ModelType] = None,
                 det_weights: Optional[str] = None,
                 det_cat_ids: Sequence[int] = (0, ),
                 bbox_thr: float = 0.3,
                 nms_thr: Optional[float] = 0.6,
                 score_thr: float = 0.,
                 device: Optional[str] = None,
                 palette: Optional[Sequence[Sequence[int]]] = None,
                 quality_weights: Optional[Sequence[float]] = None,
                 visualizer: Optional[dict] = None) -> None:
        if det_weights is not None and det_model is None:
            raise InputError('det_weights is given without det_model, the '
                             'config of the detector')
        self.device = choose_device(device)
        self.nms_thr = nms_thr
        self.score_thr = score_thr
        self.model, self._pipeline = load_parser(model, weights, self.device)
        self.dataset_meta = checked_meta(self.model)
        if palette is not None:
            self.dataset_meta = complete_metainfo(
                dict(self.dataset_meta, palette=palette))
        if quality_weights is not None:
            self._set_quality_weights(quality_weights)
        self.detector = None
        if det_model is not None:
            from projects.qanet.detection.person_detector import PersonDetector
            self.detector = PersonDetector(det_model, det_weights, det_cat_ids,
                                           bbox_thr, self.device)
        self._init_visualizers(visualizer or {})

    def _set_quality_weights(self, weights: Sequence[float]) -> None:
        """Replace the post-processor's weights, checked as it checks them."""
        if not hasattr(self.model, 'post_processor'):
            raise InputError('quality_weights: the model has no '
                             'post_processor that fuses scores')
        try:
            self.model.post_processor.weights = check_weights(weights)
        except ValueError as error:
            raise InputError(f'quality_weights: {error}') from error

    def _init_visualizers(self, options: dict) -> None:
        """One visualizer for pictures, one for videos."""
        options = dict(
            dict(nms_thr=self.nms_thr, score_thr=self.score_thr), **options)
        # A video's frames must all have one size.
        video = dict(options, full_legend=True, show_part_scores=False)
        self.visualizer = ParsingVisualizer(**options)
        self.video_visualizer = ParsingVisualizer(**video)
        for visualizer in (self.visualizer, self.video_visualizer):
            visualizer.dataset_meta = self.dataset_meta

    def __call__(self,
                 inputs: InputsType,
                 bboxes: Any = None,
                 out_dir: Optional[str] = None,
                 batch_size: int = 1,
                 show_progress: bool = True,
                 save_label_maps: bool = False,
                 return_vis: bool = False,
                 return_predictions: bool = True) -> Dict[str, List[Any]]:
        """Parse all persons of all inputs.

        Videos and folders are read as they are needed, ``batch_size`` images
        at a time. A file of several that cannot be decoded is named, left
        out and counted; a single one is an error. Whatever ends a run early,
        the results so far are in ``out_dir``.

        Args:
            inputs (InputsType): Path of an image, a video, or a folder of
                both; a BGR image (H, W, 3) uint8; or a list of these (folders
                excepted).
            bboxes (Any): Boxes to use instead of the detector's: (N, 4) xyxy
                in pixels or (N, 5) with scores, the score being 1 otherwise.
                For several images a list with one array for each, for a video
                a list with one for each frame.
            out_dir (str, optional): Folder for pictures and results, see
                :class:`OutputFolder`. Defaults to None, nothing is written.
            batch_size (int): Images at once. Defaults to 1.
            show_progress (bool): Show a progress bar. Defaults to True.
            save_label_maps (bool): Write label PNGs into ``out_dir``.
                Defaults to False.
            return_vis (bool): Return the pictures. Defaults to False.
            return_predictions (bool): Return the predictions. Switch it off
                for long videos to save memory. Defaults to True.

        Returns:
            dict[str, list]:

            - predictions: One ParsingInstances per image or frame, with all
              persons; ``image_id`` is the position of the image in the
              stream. No person found is one of length 0.
            - visualization: RGB pictures, (H, W, 3) uint8.
            - skipped: (file, reason) of each file that could not be decoded.

        Raises:
            FileNotFoundError: If an input is missing.
            InputError: If inputs or boxes are wrong, or if nobody says where
                the persons are.
        """
        if bboxes is None and self.detector is None:
            raise InputError(
                'nobody says where the persons are: give a detector '
                '(det_model= and det_weights=) or the boxes (bboxes=)')
        if batch_size < 1:
            raise InputError(f'batch_size must be >= 1, but got {batch_size}')
        if save_label_maps and out_dir is None:
            raise InputError('save_label_maps=True needs an out_dir')
        sources = collect_sources(inputs)
        boxes = None if bboxes is None else split_boxes(bboxes, sources)
        output = None if out_dir is None else self._open_output(
            out_dir, save_label_maps)
        results: Dict[str, List[Any]] = dict(
            predictions=[], visualization=[], skipped=[])
        stream = self._parse(sources, boxes, batch_size, show_progress,
                             results['skipped'])
        try:
            with closing(stream):
                for frame, instances in stream:
                    if return_predictions:
                        results['predictions'].append(instances)
                    if output is None and not return_vis:
                        continue
                    picture = self._draw(frame, instances)
                    if return_vis:
                        results['visualization'].append(picture)
                    if output is not None:
                        output.add(frame, instances, picture,
                                   self._selected(instances))
        finally:
            if output is not None:
                output.close()
        return results

    def _open_output(self, out_dir: str,
                     save_label_maps: bool) -> OutputFolder:
        processor = getattr(self.model, 'post_processor', None)
        return OutputFolder(out_dir, self.dataset_meta['classes'],
                            getattr(processor, 'weights', (1., 1., 1.)),
                            getattr(processor, 'pixel_score_thr', 0.2),
                            save_label_maps)

    def _selected(self, instances: ParsingInstances) -> List[int]:
        return select_persons(instances, self.score_thr, self.nms_thr)

    def _draw(self, frame: Frame, instances: ParsingInstances) -> np.ndarray:
        """RGB picture of one image."""
        visualizer = (
            self.video_visualizer
            if frame.source.is_video else self.visualizer)
        image = np.ascontiguousarray(frame.image[..., ::-1])
        return visualizer.draw(image, instances)

    def _parse(self, sources: Sequence[Source], boxes: Optional[List[Any]],
               batch_size: int, show_progress: bool,
               skipped: List[tuple]) -> Iterator[tuple]:
        """Parse the stream batch by batch.

        Yields:
            tuple[Frame, ParsingInstances]: One image and its persons.
        """
        columns = (TextColumn('parsing'), BarColumn(), MofNCompleteColumn(),
                   TimeRemainingColumn())
        total = sum(source.num_images for source in sources)
        with Progress(
                *columns, console=Console(stderr=True),
                disable=not show_progress) as progress:
            task = progress.add_task('parsing', total=total or None)
            last = -1
            for batch in batches(read_frames(sources, skipped), batch_size):
                yield from self._parse_batch(batch, boxes)
                last = batch[-1].index
                progress.update(task, completed=last + 1)
            if sources[0].is_video:
                check_all_used(boxes, last + 1)

    def _parse_batch(self, frames: Sequence[Frame],
                     boxes: Optional[List[Any]]) -> Iterator[tuple]:
        """Boxes, pipeline and parser for a few images."""
        if boxes is not None:
            found = [
                boxes_of_frame(boxes, frame.index, frame.name,
                               frame.image.shape[1::-1]) for frame in frames
            ]
        else:
            found = self.detector([frame.image for frame in frames])
        with DefaultScope.overwrite_default_scope('mmseg'), torch.no_grad():
            packed = [
                self._pipeline(self._sample(frame, rows))
                for frame, rows in zip(frames, found)
            ]
            samples = self.model.test_step(
                dict(
                    inputs=[sample['inputs'] for sample in packed],
                    data_samples=[sample['data_samples']
                                  for sample in packed]))
        for frame, sample in zip(frames, samples):
            yield frame, sample.pred_instances

    def _sample(self, frame: Frame, boxes: np.ndarray) -> Dict[str, Any]:
        """One image as the test pipeline wants it, after loading."""
        height, width = frame.image.shape[:2]
        return dict(
            img=frame.image,
            img_path=frame.source.path,
            img_id=frame.index,
            ori_shape=(height, width),
            img_shape=(height, width),
            height=height,
            width=width,
            bboxes=boxes[:, :4],
            bbox_scores=boxes[:, 4],
            flip_pairs=self.dataset_meta['flip_pairs'])
