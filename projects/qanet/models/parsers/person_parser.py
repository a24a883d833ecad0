# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From the probabilities of persons' crops to the results of images."""
from typing import (Iterable, Iterator, List, NamedTuple, Optional, Sequence,
                    Tuple)

import torch
from mmseg.utils import SampleList
from torch import Tensor, nn

from projects.qanet.quality import (PastedConfidence, paste_confidence,
                                    paste_person)
from .assembly import ParsedPerson, assemble_instances, rescore_instances


class PersonProbs(NamedTuple):
    """What the network says about one person, before pasting.

    Attributes:
        probs (list[Tensor]): Probabilities (C, h, w) of each augmentation,
            unmirrored.
        boxes (list[Tensor]): Padded box of each augmentation, xyxy, in
            pixels, (4,).
        image_size (tuple[int, int]): Width and height of the image.
        iou_score (Tensor, optional): Scalar, the mean over the augmentations;
            None if nothing regresses it.
        group_sizes (tuple[int, ...], optional): Number of consecutive
            augmentations of each model, see :func:`paste_person`. None: they
            are all of one model.
    """
    probs: List[Tensor]
    boxes: List[Tensor]
    image_size: Tuple[int, int]
    iou_score: Optional[Tensor]
    group_sizes: Optional[Tuple[int, ...]] = None


class PersonParser:
    """Pastes and scores persons (PROTOCOL 4 and 5), however they are parsed.

    A base of models that give whole images with the persons' boxes
    (``data_sample.proposals``) a :class:`ParsingInstances`. A subclass has
    :meth:`predict_persons`, ``num_classes`` and ``post_processor``.
    """
    num_classes: int
    post_processor: nn.Module

    def predict_persons(self, images: Sequence[Tensor],
                        data_samples: SampleList) -> Iterator[PersonProbs]:
        """Parse the persons of all images; a subclass's duty.

        Args:
            images (Sequence[Tensor]): Images of shape (3, H, W), 0..255, as
                the pipeline loads them, on the device.
            data_samples (list[:obj:`SegDataSample`]): One per image, with
                ``proposals``.

        Yields:
            PersonProbs: One for each proposal, image by image.
        """
        raise NotImplementedError

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
        persons = self._paste(
            self.predict_persons(inputs, _with_proposals(data_samples)))
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
        confidences = (
            paste_confidence(
                person.probs,
                person.boxes,
                person.image_size,
                group_sizes=person.group_sizes)
            for person in self.predict_persons(inputs,
                                               _with_proposals(data_samples)))
        return [[next(confidences) for _ in range(len(sample.proposals))]
                for sample in data_samples]

    @property
    def _extra_thrs(self) -> Tuple[float, ...]:
        """Further pixel thresholds; not every post-processor has them."""
        return getattr(self.post_processor, 'extra_pixel_score_thrs', ())

    def _paste(self, persons: Iterable[PersonProbs]) -> Iterator[ParsedPerson]:
        # map() lets go of a person, and with the last one of a chunk of the
        # whole chunk, before the next is parsed.
        return map(self._paste_one, persons)

    def _paste_one(self, person: PersonProbs) -> ParsedPerson:
        """Paste one person; without a regressed IoU its score is 1."""
        pasted = paste_person(
            person.probs,
            person.boxes,
            person.image_size,
            self.post_processor.pixel_score_thr,
            extra_thrs=self._extra_thrs,
            group_sizes=person.group_sizes)
        iou_score = person.iou_score
        if iou_score is None:
            iou_score = person.probs[0].new_ones(())
        return ParsedPerson(pasted, iou_score)


def _with_proposals(data_samples: Optional[SampleList]) -> SampleList:
    for index, sample in enumerate(data_samples or [None]):
        if sample is None or 'proposals' not in sample:
            raise ValueError(
                f'data sample {index} has no proposals: a top-down parser '
                'needs the persons\' boxes (data_sample.proposals)')
    return data_samples
