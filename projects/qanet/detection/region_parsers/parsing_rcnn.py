# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import torch
from mmdet.models.detectors import TwoStageDetector
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from mmseg.structures import SegDataSample
from torch import Tensor

from projects.qanet.models import PersonProbs
from projects.qanet.models.parsers import add_predictions
from projects.qanet.quality import SemanticMap
from projects.qanet.utils.errors import InputError
from .pasting import LABEL_THR, pad_maps, paste_boxes


@MODELS.register_module()
class ParsingRCNN(TwoStageDetector):
    """Parsing R-CNN: finds the persons of an image and parses each of them.

    Results are those of a :class:`TopDownParser`, so are metrics, files and
    pictures.

    Args:
        post_processor (dict): Config of the module that pastes and scores,
            :class:`QualityAwareModule`. Weights (1, 0, 0) are the system's own
            score, the box score; Table 6 of the QANet paper has (1, 0, 1).
        kwargs: Those of :class:`mmdet.TwoStageDetector`; the ``roi_head`` is
            a :class:`ParsingRoIHead`.
    """

    #: The inferencer asks for neither a detector nor boxes.
    finds_persons = True

    def __init__(self, post_processor: ConfigType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.post_processor = MODELS.build(post_processor)

    @property
    def num_classes(self) -> int:
        """Number of classes with the background."""
        return self.roi_head.mask_head.num_classes

    def test_step(self, data: dict) -> Sequence[SegDataSample]:
        """Predict image by image, see :meth:`predict`.

        Together, smaller images would be padded to the size of the largest,
        and other persons be found.
        """
        results = []
        for image, sample in zip(data['inputs'], data['data_samples']):
            results += super().test_step(
                dict(inputs=[image], data_samples=[sample]))
        return results

    val_step = test_step

    def predict(self,
                batch_inputs: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True) -> Sequence[SegDataSample]:
        """Find and parse the persons of images, normalised and padded.

        Args:
            batch_inputs (Tensor): Images (N, 3, H, W).
            batch_data_samples (list[:obj:`DetDataSample`]): Their meta
                information, with ``ori_shape`` and ``scale_factor``.
            rescale (bool): For mmdet's signature; results have the pixels of
                the original image.

        Returns:
            list[:obj:`SegDataSample`]: See :func:`add_predictions`; the
            ``proposals`` are the detected persons, the best first.
        """
        return self._parse(self.extract_feat(batch_inputs), batch_data_samples)

    def _parse(
        self,
        feats: Tuple[Tensor, ...],
        data_samples: SampleList,
        scene: Optional[Sequence[SemanticMap]] = None
    ) -> Sequence[SegDataSample]:
        """Results of a pyramid; ``scene`` has one map for each image."""
        metas = [sample.metainfo for sample in data_samples]
        # mmdet would find nobody, without an error.
        if not all(level.isfinite().all() for level in feats):
            raise InputError(
                f'{metas[0].get("img_path")}: the network gives features that '
                'are not finite; it has diverged, or its weights are damaged')
        # mmdet gives anchors the type of the features: half precision
        # is too coarse for pixels.
        with torch.autocast(feats[0].device.type, enabled=False):
            levels = tuple(level.float() for level in feats)
            regions = self.rpn_head.predict(
                levels, data_samples, rescale=False)
            found = self.roi_head.predict_bbox(
                levels, metas, regions, self.test_cfg.rcnn, rescale=False)
        results = []
        for meta, persons in zip(metas, found):
            scale = persons.bboxes.new_tensor(_scale_of(meta)).repeat(2)
            results.append(SegDataSample(metainfo=meta))
            results[-1].proposals = InstanceData(
                bboxes=persons.bboxes / scale, scores=persons.scores)
        sizes = [meta['ori_shape'][1::-1] for meta in metas]
        scene = [None] * len(metas) if scene is None else scene
        return add_predictions(
            self._persons(feats, found, results, scene), sizes, results,
            self.post_processor, self.num_classes)

    def _persons(
            self, feats: Tuple[Tensor, ...], found: InstanceList,
            results: Sequence[SegDataSample],
            scene: Sequence[Optional[SemanticMap]]) -> Iterator[PersonProbs]:
        """One for each proposal, image by image."""
        parsed = self.roi_head.predict_parsing(feats, found)
        for result, semantic in zip(results, scene):
            size = result.ori_shape[1::-1]
            boxes = paste_boxes(result.proposals.bboxes,
                                self.roi_head.mask_head.map_size).cpu()
            for box in boxes:
                probs, iou = next(parsed)
                # A copy, or a chunk stayed while the next one is parsed.
                probs = pad_maps(probs)
                yield PersonProbs([probs], [box],
                                  size,
                                  iou,
                                  label_thr=LABEL_THR,
                                  semantic=semantic)


@MODELS.register_module()
class RPRCNN(ParsingRCNN):
    """RP R-CNN: Parsing R-CNN whose pyramid knows what the scene is.

    A semantic branch labels the pixels of the whole image, its feature
    enhances the pyramid (GSE-FPN), and where a person's part is, its
    probabilities, weighted, count beside the person's. The parsing head
    regresses the IoU. Weights of its own score, the root of box and IoU
    score, are (1, 1, 0); Table 6 of the QANet paper has (3, 1, 1).

    Args:
        semantic_head (dict): Config of a :class:`GlobalSemanticHead`.
        fusion_weight (float): Weight of the scene's probabilities; 0 is off.
        stretch_scene (bool): As the released code does, stretch the semantic
            map, which covers the padded input, onto the image: it is up to 31
            pixels of the input off. For comparisons.
        kwargs: Those of :class:`ParsingRCNN`.

    Raises an InputError if both heads differ in their classes.
    """

    def __init__(self,
                 semantic_head: ConfigType,
                 fusion_weight: float = 0.2,
                 stretch_scene: bool = False,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.semantic_head = MODELS.build(semantic_head)
        if self.semantic_head.num_classes != self.num_classes:
            raise InputError(
                f'{type(self).__name__}: semantic_head has num_classes='
                f'{self.semantic_head.num_classes}, mask_head has '
                f'{self.num_classes}: they must be the same')
        self.fusion_weight = fusion_weight
        self.stretch_scene = stretch_scene

    def enhance(self,
                batch_inputs: Tensor) -> Tuple[Tuple[Tensor, ...], Tensor]:
        """The enhanced pyramid and the scene's logits (N, C, H / 4, W / 4)."""
        feats = super().extract_feat(batch_inputs)
        logits, embedding = self.semantic_head(feats)
        return self.semantic_head.enhance(feats, embedding), logits

    def extract_feat(self, batch_inputs: Any) -> Tuple[Tensor, ...]:
        """The enhanced pyramid of images (N, 3, H, W), or, if it is one, it.

        So mmdet's steps, which begin with images, can begin with it.
        """
        if isinstance(batch_inputs, tuple):
            return batch_inputs
        return self.enhance(batch_inputs)[0]

    def loss(self, batch_inputs: Tensor,
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of RPN, boxes, parsing and scene (``loss_semantic_seg``).

        See :meth:`ParsingRoIHead.loss` for the label maps; their padding,
        background, is learned from, too.
        """
        feats, logits = self.enhance(batch_inputs)
        losses = super().loss(feats, batch_data_samples)
        maps = [sample.gt_sem_seg.sem_seg for sample in batch_data_samples]
        if any(one.shape[1:] != batch_inputs.shape[2:] for one in maps):
            raise InputError('the label maps are not padded as the images are:'
                             ' data_preprocessor needs pad_seg=True')
        labels = torch.stack(maps)[:, :1]
        losses['loss_semantic_seg'] = self.semantic_head.loss(logits, labels)
        return losses

    def predict(self,
                batch_inputs: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True) -> Sequence[SegDataSample]:
        """See :meth:`ParsingRCNN.predict`."""
        feats, logits = self.enhance(batch_inputs)
        if not self.fusion_weight:
            return self._parse(feats, batch_data_samples)
        scene = []
        for one, sample in zip(logits, batch_data_samples):
            extent = batch_inputs.shape[:1:-1]
            scale = _scale_of(sample.metainfo)
            if self.stretch_scene:
                extent, scale = sample.ori_shape[1::-1], (1., 1.)
            box = (0., 0., extent[0] / scale[0], extent[1] / scale[1])
            scene.append(
                SemanticMap(one.float().softmax(0), box, self.fusion_weight))
        return self._parse(feats, batch_data_samples, scene)


def _scale_of(meta: Dict[str, Any]) -> Tuple[float, float]:
    """By what an image's width and height were multiplied."""
    if 'scale_factor' in meta:
        return meta['scale_factor']
    size, shape = meta['ori_shape'][:2], meta['img_shape'][:2]
    if tuple(size) != tuple(shape):
        raise InputError(
            f'{meta.get("img_path")} was resized from (height, width) = '
            f'{tuple(size)} to {tuple(shape)}, but has no scale_factor: it '
            'belongs to the meta_keys of PackRegionInputs')
    return 1., 1.
