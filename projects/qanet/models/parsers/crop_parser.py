# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Persons' crops, their augmentations and what a network says about them."""
from typing import Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmseg.utils import OptConfigType, SampleList
from torch import Tensor
from torchvision.ops import roi_align

from projects.qanet.structures import pad_boxes
from .person_parser import PersonParser, PersonProbs


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


def crop_persons(images: Sequence[Tensor], owners: Sequence[int],
                 boxes: Tensor, crop_size: Tuple[int, int]) -> Tensor:
    """Crop on the device (PROTOCOL 4).

    Bilinear, antialiased by adaptive sampling, black outside the image.

    Args:
        images (Sequence[Tensor]): Images of shape (3, H, W), 0..255.
        owners (Sequence[int]): Index of each box's image, ascending.
        boxes (Tensor): Padded boxes of shape (N, 4), xyxy, in pixels.
        crop_size (tuple[int, int]): Width and height of a crop.

    Returns:
        Tensor: Crops of shape (N, 3, h, w), float32, 0..255.
    """
    owners = np.asarray(owners)
    crops = []
    for owner in np.unique(owners):
        image = images[owner][None].float()
        own = torch.from_numpy(owners == owner)
        crops.append(
            roi_align(
                image, [boxes[own].to(image)],
                output_size=(crop_size[1], crop_size[0]),
                aligned=True))
    return torch.cat(crops)


class CropParser(PersonParser):
    """Parses persons from one crop for each scale of their box.

    A base that knows everything but the network: a subclass overrides
    :meth:`predict_crops`, has a ``data_preprocessor`` with ``normalize`` (see
    :class:`ParsingDataPreprocessor`), calls :meth:`init_test_cfg`, and has
    what :class:`PersonParser` asks for.
    """

    def init_test_cfg(self, test_cfg: OptConfigType) -> None:
        """Read how to test.

        Args:
            test_cfg (dict): See :class:`TopDownParser`.

        Raises:
            ValueError: If a value is missing or wrong.
        """
        name = type(self).__name__
        if test_cfg is None or len(test_cfg.get('crop_size', ())) != 2:
            raise ValueError(f'{name} needs test_cfg.crop_size, the (width, '
                             f'height) of a crop, but got {test_cfg}')
        self.crop_size = tuple(test_cfg['crop_size'])
        self.padding = test_cfg.get('padding', 1.25)
        self.flip = test_cfg.get('flip', False)
        self.scales = tuple(test_cfg.get('scales', (1., )))
        self.max_instances_per_batch = test_cfg.get('max_instances_per_batch',
                                                    32)
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(f'{name} needs test_cfg.scales, positive factors '
                             f'on the padded box, but got {self.scales}')

    def predict_crops(self, crops: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        """The network, softmax included; a subclass's duty.

        The only place where a network runs at test time: another backend
        overrides this method alone.

        Args:
            crops (Tensor): Normalised crops of shape (N, 3, H, W), float32,
                at most ``max_instances_per_batch``.

        Returns:
            tuple[Tensor, Tensor | None]: Probabilities at input size,
            (N, C, H, W), and IoU scores (N,), not clamped, or None if the
            network regresses none; float32, on the device of the crops.
        """
        raise NotImplementedError

    def predict_persons(self, images: Sequence[Tensor],
                        data_samples: SampleList) -> Iterator[PersonProbs]:
        """Run the network over the persons of all images, chunk by chunk.

        A chunk has as many persons as fill the network with one crop for each
        person and scale, so memory does not grow with the scales.

        Args:
            images (Sequence[Tensor]): Images of shape (3, H, W), 0..255, as
                the pipeline loads them, on the device.
            data_samples (list[:obj:`SegDataSample`]): One per image, with
                ``proposals``.

        Yields:
            PersonProbs: One for each proposal, image by image; one
            augmentation for each scale, averaged over the flip.
        """
        owners = np.repeat(
            np.arange(len(data_samples)),
            [len(sample.proposals) for sample in data_samples])
        if not len(owners):
            return
        bboxes = np.concatenate(
            [sample.proposals.bboxes.cpu().numpy() for sample in data_samples])
        padded = np.stack([
            pad_boxes(bboxes, self.crop_size, self.padding, scale)
            for scale in self.scales
        ], 1)
        step = max(1, self.max_instances_per_batch // len(self.scales))
        for start in range(0, len(owners), step):
            part = slice(start, start + step)
            yield from self._predict_chunk(images, data_samples, owners[part],
                                           torch.from_numpy(padded[part]))

    def _predict_chunk(self, images: Sequence[Tensor],
                       data_samples: SampleList, owners: np.ndarray,
                       padded: Tensor) -> Iterator[PersonProbs]:
        """Run the network over one chunk of persons.

        Args:
            images (Sequence[Tensor]): All images of the batch.
            data_samples (list[:obj:`SegDataSample`]): Their data samples.
            owners (np.ndarray): Index of each person's image, ascending,
                (N,).
            padded (Tensor): Boxes (N, S, 4), xyxy, one for each scale.
        """
        count = len(self.scales)
        crops = self._crop(images, owners.repeat(count), padded.flatten(0, 1))
        flips = [
            data_samples[owner].metainfo.get('flip_pairs', ())
            for owner in owners.repeat(count)
        ]
        probs, iou = self._predict_augmented(crops, flips)
        del crops
        probs = probs.unflatten(0, (-1, count))
        if iou is not None:
            iou = iou.view(-1, count).mean(1)
        for k, owner in enumerate(owners):
            height, width = images[owner].shape[1:]
            yield PersonProbs(
                list(probs[k]), list(padded[k]), (width, height),
                None if iou is None else iou[k])

    def _crop(self, images: Sequence[Tensor], owners: Sequence[int],
              boxes: Tensor) -> Tensor:
        """Normalised crops of shape (N, 3, H, W)."""
        crops = crop_persons(images, owners, boxes, self.crop_size)
        return self.data_preprocessor.normalize(crops)

    def _predict_augmented(
        self, crops: Tensor,
        flips: List[Sequence[Tuple[int,
                                   int]]]) -> Tuple[Tensor, Optional[Tensor]]:
        """Probabilities and IoU scores of crops, averaged over the flip.

        Several scales of one person may be more crops than the network takes.

        Returns:
            tuple[Tensor, Tensor | None]: Probabilities of shape (N, C, H, W)
            and IoU scores of shape (N,).
        """
        size = self.max_instances_per_batch
        parts = [
            self._predict_flipped(crops[start:start + size],
                                  flips[start:start + size])
            for start in range(0, len(crops), size)
        ]
        if len(parts) == 1:
            return parts[0]
        probs, ious = zip(*parts)
        return torch.cat(probs), None if ious[0] is None else torch.cat(ious)

    def _predict_flipped(
        self, crops: Tensor,
        flips: List[Sequence[Tuple[int,
                                   int]]]) -> Tuple[Tensor, Optional[Tensor]]:
        """The same for crops that fit into the network at once."""
        probs, iou = self.predict_crops(crops)
        if not self.flip:
            return probs, iou
        mirrored, mirrored_iou = self.predict_crops(crops.flip(3))
        orders = torch.tensor(
            [flip_permutation(probs.size(1), pairs) for pairs in flips],
            device=probs.device)
        # One gather for all persons, though images may differ in their pairs.
        mirrored = mirrored.flip(3)[
            torch.arange(len(orders), device=probs.device)[:, None], orders]
        if iou is not None:
            iou = (iou + mirrored_iou) / 2
        return (probs + mirrored) / 2, iou
