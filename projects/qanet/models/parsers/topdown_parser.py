# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor
from torchvision.ops import roi_align

from projects.qanet.quality import (PastedConfidence, paste_confidence,
                                    paste_person)
from projects.qanet.structures import pad_boxes
from .assembly import ParsedPerson, assemble_instances, rescore_instances


class _PersonProbs(NamedTuple):
    """What the network says about one person, before pasting.

    Probabilities (C, h, w) and padded box of each augmentation, width and
    height of the image, and the IoU score, a scalar.
    """
    probs: List[Tensor]
    boxes: List[Tensor]
    image_size: Tuple[int, int]
    iou_score: Tensor


def flip_permutation(num_classes: int,
                     flip_pairs: Sequence[Tuple[int, int]]) -> List[int]:
    """Order of the channels after mirroring (PROTOCOL 4).

    Args:
        num_classes (int): Number of classes C.
        flip_pairs (Sequence[tuple[int, int]]): Left and right classes.

    Returns:
        list[int]: Entry k is the channel that becomes channel k.

    Raises:
        ValueError: If a pair names a class that does not exist.
    """
    order = list(range(num_classes))
    for left, right in flip_pairs:
        if not (0 <= left < num_classes and 0 <= right < num_classes):
            raise ValueError(f'flip pair ({left}, {right}) names a class '
                             f'outside 0..{num_classes - 1}')
        order[left], order[right] = right, left
    return order


@MODELS.register_module()
class TopDownParser(EncoderDecoder):
    """Top-down human parser: crop each person, parse, paste, score.

    It trains like every :class:`mmseg.EncoderDecoder`, on crops of single
    persons. At test time it takes whole images with the persons' boxes
    (``data_sample.proposals``) and gives each image a
    :class:`ParsingInstances` (``data_sample.pred_instances``). Any mmseg
    decode head works; the IoU score of a head that regresses none is 1.

    Args:
        backbone (dict): Config of the backbone.
        decode_head (dict): Config of the decode head. If it returns a pair,
            as :class:`QANetHead` does, the second item is the IoU score.
        post_processor (dict): Config of the module that fuses the scores.
            Defaults to ``dict(type='QualityAwareModule')``.
        test_cfg (dict): How to test, with the keys

            - ``crop_size`` (tuple[int, int]): Width and height of a crop.
            - ``padding`` (float): Factor on the box. Defaults to 1.25.
            - ``flip`` (bool): Average with the mirrored crop. Defaults to
              False.
            - ``scales`` (Sequence[float]): Scales of the padded box to
              average over. Defaults to (1.,).
            - ``max_instances_per_batch`` (int): Persons in the network at
              once, augmentations not counted. Defaults to 32.
        kwargs: Those of :class:`mmseg.EncoderDecoder`.

    Raises:
        ValueError: If ``test_cfg`` has no ``crop_size``.
    """

    def __init__(self,
                 backbone: ConfigType,
                 decode_head: ConfigType,
                 post_processor: ConfigType = dict(type='QualityAwareModule'),
                 test_cfg: OptConfigType = None,
                 **kwargs) -> None:
        super().__init__(
            backbone=backbone,
            decode_head=decode_head,
            test_cfg=test_cfg,
            **kwargs)
        if test_cfg is None or len(test_cfg.get('crop_size', ())) != 2:
            raise ValueError('TopDownParser needs test_cfg.crop_size, the '
                             f'(width, height) of a crop, but got {test_cfg}')
        self.crop_size = tuple(test_cfg['crop_size'])
        self.padding = test_cfg.get('padding', 1.25)
        self.flip = test_cfg.get('flip', False)
        self.scales = tuple(test_cfg.get('scales', (1., )))
        self.max_instances_per_batch = test_cfg.get('max_instances_per_batch',
                                                    32)
        self.post_processor = MODELS.build(post_processor)

    def _forward(
        self,
        inputs: Tensor,
        data_samples: Optional[SampleList] = None
    ) -> Tuple[Tensor, Optional[Tensor]]:
        """The network alone, ``mode='tensor'``.

        Args:
            inputs (Tensor): Normalised crops of shape (N, 3, H, W).
            data_samples (list[:obj:`SegDataSample`], optional): Not used.

        Returns:
            tuple[Tensor, Tensor | None]: Logits at input size, of shape
            (N, C, H, W), and IoU scores of shape (N,), or None if the head
            regresses none.
        """
        outputs = self.decode_head(self.extract_feat(inputs))
        seg_logits, iou = outputs if isinstance(outputs, tuple) else (outputs,
                                                                      None)
        seg_logits = resize(
            seg_logits,
            size=inputs.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners)
        return seg_logits, iou

    @torch.no_grad()
    def predict(self,
                inputs: Sequence[Tensor],
                data_samples: Optional[SampleList] = None) -> SampleList:
        """Parse all persons of a batch of images.

        Args:
            inputs (Sequence[Tensor]): Images of shape (3, H, W), 0..255, as
                the pipeline loads them.
            data_samples (list[:obj:`SegDataSample`]): One per image, with
                ``proposals`` (``bboxes``, xyxy px (N, 4), and ``scores``
                (N,)).

        Returns:
            list[:obj:`SegDataSample`]: The same, each with
            ``pred_instances``, a :class:`ParsingInstances` of all proposals
            in their order. If the post-processor asks for further pixel
            thresholds, ``pred_instances_by_thr`` has the same with the
            scores at each of them, a dict[float, ParsingInstances].

        Raises:
            ValueError: If a data sample has no proposals.
        """
        persons = self._parse_persons(inputs, self._proposals(data_samples))
        for image, sample in zip(inputs, data_samples):
            parsed = [next(persons) for _ in range(len(sample.proposals))]
            sample.pred_instances = assemble_instances(
                sample, (image.size(2), image.size(1)), parsed,
                self.post_processor, self.num_classes)
            if self._extra_thrs:
                sample.pred_instances_by_thr = rescore_instances(
                    sample.pred_instances, parsed, self.post_processor,
                    self._extra_thrs)
        return data_samples

    @torch.no_grad()
    def predict_confidence(
            self, inputs: Sequence[Tensor],
            data_samples: SampleList) -> List[List[PastedConfidence]]:
        """How sure the network is, pixel by pixel (Figure 2 of the paper).

        Args:
            inputs (Sequence[Tensor]): Images of shape (3, H, W), 0..255, as
                the pipeline loads them.
            data_samples (list[:obj:`SegDataSample`]): One per image, with
                ``proposals``.

        Returns:
            list[list[PastedConfidence]]: For each image one for each
            proposal. They hold the pixels that :meth:`predict` scores.

        Raises:
            ValueError: If a data sample has no proposals.
        """
        persons = self._predict_persons(inputs, self._proposals(data_samples))
        confidences = (
            paste_confidence(person.probs, person.boxes, person.image_size)
            for person in persons)
        return [[next(confidences) for _ in range(len(sample.proposals))]
                for sample in data_samples]

    @property
    def _extra_thrs(self) -> Tuple[float, ...]:
        """Further pixel thresholds; not every post-processor has them."""
        return getattr(self.post_processor, 'extra_pixel_score_thrs', ())

    @staticmethod
    def _proposals(data_samples: Optional[SampleList]) -> SampleList:
        for index, sample in enumerate(data_samples or [None]):
            if sample is None or 'proposals' not in sample:
                raise ValueError(
                    f'data sample {index} has no proposals: a top-down parser '
                    'needs the persons\' boxes (data_sample.proposals)')
        return data_samples

    def _parse_persons(self, images: Sequence[Tensor],
                       data_samples: SampleList) -> Iterator[ParsedPerson]:
        """Parse the persons of all images and paste each of them."""
        for person in self._predict_persons(images, data_samples):
            yield ParsedPerson(
                paste_person(person.probs, person.boxes, person.image_size,
                             self.post_processor.pixel_score_thr, None,
                             self._extra_thrs), person.iou_score)

    def _predict_persons(self, images: Sequence[Tensor],
                         data_samples: SampleList) -> Iterator[_PersonProbs]:
        """Run the network over the persons of all images, chunk by chunk."""
        owners = [
            index for index, sample in enumerate(data_samples)
            for _ in range(len(sample.proposals))
        ]
        if not owners:
            return
        bboxes = np.concatenate(
            [sample.proposals.bboxes.cpu().numpy() for sample in data_samples])
        padded = [
            torch.from_numpy(
                pad_boxes(bboxes, self.crop_size, self.padding, scale))
            for scale in self.scales
        ]
        for start in range(0, len(owners), self.max_instances_per_batch):
            part = slice(start, start + self.max_instances_per_batch)
            yield from self._predict_chunk(images, data_samples, owners[part],
                                           [boxes[part] for boxes in padded])

    def _predict_chunk(self, images: Sequence[Tensor],
                       data_samples: SampleList, owners: List[int],
                       padded: List[Tensor]) -> Iterator[_PersonProbs]:
        """Run the network over one chunk of persons.

        Args:
            images (Sequence[Tensor]): All images of the batch.
            data_samples (list[:obj:`SegDataSample`]): Their data samples.
            owners (list[int]): Index of each person's image, ascending.
            padded (list[Tensor]): Boxes (N, 4), one tensor for each scale.
        """
        flips = [
            data_samples[owner].metainfo.get('flip_pairs', ())
            for owner in owners
        ]
        probs_per_scale, ious = [], []
        for boxes in padded:
            crops = self._crop(images, owners, boxes)
            probs, iou = self._predict_crops(crops, flips)
            probs_per_scale.append(probs)
            ious.append(iou)
        iou = torch.stack(ious).mean(0)
        for k, owner in enumerate(owners):
            height, width = images[owner].shape[1:]
            yield _PersonProbs([probs[k] for probs in probs_per_scale],
                               [boxes[k] for boxes in padded], (width, height),
                               iou[k])

    def _crop(self, images: Sequence[Tensor], owners: List[int],
              boxes: Tensor) -> Tensor:
        """Crop persons on the device: bilinear, antialiased by adaptive
        sampling, black outside the image.

        Returns:
            Tensor: Normalised crops of shape (N, 3, H, W).
        """
        crops = []
        for owner in sorted(set(owners)):
            own = [k for k, other in enumerate(owners) if other == owner]
            image = images[owner][None].float()
            crops.append(
                roi_align(
                    image, [boxes[own].to(image)],
                    output_size=(self.crop_size[1], self.crop_size[0]),
                    aligned=True))
        return self.data_preprocessor.normalize(torch.cat(crops))

    def _predict_crops(
            self, crops: Tensor,
            flips: List[Sequence[Tuple[int, int]]]) -> Tuple[Tensor, Tensor]:
        """Probabilities and IoU scores of crops, averaged over the flip.

        Returns:
            tuple[Tensor, Tensor]: Probabilities of shape (N, C, H, W) and IoU
            scores of shape (N,), both float32.
        """
        logits, iou = self._forward(crops)
        probs = logits.float().softmax(dim=1)
        iou = probs.new_ones(len(crops)) if iou is None else iou.float()
        if not self.flip:
            return probs, iou
        logits, mirrored_iou = self._forward(crops.flip(3))
        mirrored = logits.float().softmax(dim=1).flip(3)
        orders = torch.tensor(
            [flip_permutation(probs.size(1), pairs) for pairs in flips],
            device=probs.device)
        # One gather for all persons, though images may differ in their pairs.
        mirrored = mirrored[
            torch.arange(len(orders), device=probs.device)[:, None], orders]
        if mirrored_iou is not None:
            iou = (iou + mirrored_iou.float()) / 2
        return (probs + mirrored) / 2, iou
