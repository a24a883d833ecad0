# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Persons' crops, their augmentations and what a network says about them.

Plain functions, so that any network that parses crops can use them: see
:class:`TopDownParser`, and ``docs/protocol.md``, section 4.
"""
from itertools import islice
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.model import BaseDataPreprocessor
from mmseg.utils import SampleList
from torch import Tensor
from torchvision.ops import roi_align

from projects.qanet.structures import pad_boxes
from projects.qanet.utils.errors import InputError
from ..post_processors import PersonProbs, QualityAwareModule
from .crop_settings import CropSettings

#: Normalised crops (N, 3, H, W), float32, on the device -> probabilities at
#: input size (N, C, H, W) and IoU scores (N,), not clamped, or None; float32.
CropPredictor = Callable[[Tensor], Tuple[Tensor, Optional[Tensor]]]


def normalize_crops(preprocessor: BaseDataPreprocessor,
                    crops: Tensor) -> Tensor:
    """Normalise crops as a data preprocessor normalises training crops.

    Args:
        preprocessor (BaseDataPreprocessor): mmengine's
            ``ImgDataPreprocessor``, a subclass, or mmseg's
            ``SegDataPreProcessor``.
        crops (Tensor): Images of shape (N, 3, H, W) in the range 0..255, in
            the order of channels in which the pipeline loads them.

    Returns:
        Tensor: What the network takes, float32, shape (N, 3, H, W).
    """
    # The second name is mmseg's.
    if getattr(preprocessor, '_channel_conversion', False) or getattr(
            preprocessor, 'channel_conversion', False):
        crops = crops.flip(1)
    crops = crops.float()
    if getattr(preprocessor, '_enable_normalize', False):
        crops = (crops - preprocessor.mean) / preprocessor.std
    return crops


def crop_persons(images: Sequence[Tensor], owners: Sequence[int],
                 boxes: Tensor, crop_size: Tuple[int, int]) -> Tensor:
    """Crop on the device.

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


def flip_permutation(num_classes: int,
                     flip_pairs: Sequence[Tuple[int, int]]) -> List[int]:
    """Order of the channels after mirroring.

    Args:
        num_classes (int): Number of classes C.
        flip_pairs (Sequence[tuple[int, int]]): Left and right classes.

    Returns:
        list[int]: Entry k is the channel that becomes channel k.

    Raises:
        InputError: If a pair names a class that does not exist.
    """
    order = list(range(num_classes))
    for left, right in flip_pairs:
        if not (0 <= left < num_classes and 0 <= right < num_classes):
            raise InputError(f'flip pair ({left}, {right}) names a class '
                             f'outside 0..{num_classes - 1}')
        order[left], order[right] = right, left
    return order


def predict_persons(predict_crops: CropPredictor,
                    preprocessor: BaseDataPreprocessor, settings: CropSettings,
                    images: Sequence[Tensor],
                    data_samples: SampleList) -> Iterator[PersonProbs]:
    """Run a network over the persons of all images, chunk by chunk.

    A chunk has as many persons as fill the network with one crop for each
    person and scale, so memory does not grow with the scales.

    Args:
        predict_crops (CropPredictor): The network, softmax included. It gets
            at most ``settings.max_instances_per_batch`` crops.
        preprocessor (BaseDataPreprocessor): Says how crops are normalised.
        settings (CropSettings): How to crop and augment.
        images (Sequence[Tensor]): Images of shape (3, H, W), 0..255, as the
            pipeline loads them, on the device.
        data_samples (list[:obj:`SegDataSample`]): One per image, with
            ``proposals`` and, to flip, ``flip_pairs`` in its meta
            information.

    Returns:
        Iterator[PersonProbs]: One for each proposal, image by image; one
        augmentation for each scale, averaged over the flip.

    Raises:
        InputError: If a data sample has no proposals, or no flip pairs though
            ``settings.flip`` is set.
    """
    _check_samples(data_samples, settings.flip)
    return _predict_chunks(predict_crops, preprocessor, settings, images,
                           data_samples)


def _predict_chunks(predict_crops: CropPredictor,
                    preprocessor: BaseDataPreprocessor, settings: CropSettings,
                    images: Sequence[Tensor],
                    data_samples: SampleList) -> Iterator[PersonProbs]:
    """The persons of all images, as many at a time as fill the network."""
    owners = np.repeat(
        np.arange(len(data_samples)),
        [len(sample.proposals) for sample in data_samples])
    if not len(owners):
        return
    bboxes = np.concatenate(
        [sample.proposals.bboxes.cpu().numpy() for sample in data_samples])
    padded = torch.from_numpy(
        np.stack([
            pad_boxes(bboxes, settings.crop_size, settings.padding, scale)
            for scale in settings.scales
        ], 1))
    count = len(settings.scales)
    step = max(1, settings.max_instances_per_batch // count)
    for start in range(0, len(owners), step):
        chunk, boxes = owners[start:start + step], padded[start:start + step]
        probs, iou = _predict_chunk(predict_crops, preprocessor, settings,
                                    images, data_samples, chunk.repeat(count),
                                    boxes.flatten(0, 1))
        probs = probs.unflatten(0, (-1, count))
        iou = None if iou is None else iou.view(-1, count).mean(1)
        for k, owner in enumerate(chunk):
            height, width = images[owner].shape[1:]
            yield PersonProbs(
                list(probs[k]), list(boxes[k]), (width, height),
                None if iou is None else iou[k])


def _check_samples(data_samples: Optional[SampleList], flip: bool) -> None:
    """Refuse samples that do not say what the prediction needs."""
    for index, sample in enumerate(data_samples or [None]):
        if sample is None or 'proposals' not in sample:
            raise InputError(
                f'data sample {index} has no proposals: a top-down parser '
                'needs the persons\' boxes (data_sample.proposals)')
        if flip and 'flip_pairs' not in sample.metainfo:
            raise InputError(
                f'data sample {index} has no flip_pairs in its meta '
                'information, so test_cfg.flip would mix left with right: '
                'pack them (meta_keys of PackParsingInputs), [] if there is '
                'no left and right')


def _predict_chunk(predict_crops: CropPredictor,
                   preprocessor: BaseDataPreprocessor, settings: CropSettings,
                   images: Sequence[Tensor], data_samples: SampleList,
                   owners: np.ndarray,
                   boxes: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
    """Probabilities and IoU scores of the boxes (N, 4) of some persons.

    Several scales of one person may be more crops than the network takes.
    """
    crops = crop_persons(images, owners, boxes, settings.crop_size)
    crops = normalize_crops(preprocessor, crops)
    size = settings.max_instances_per_batch
    probs, ious = [], []
    for start in range(0, len(crops), size):
        part = crops[start:start + size]
        found, iou = predict_crops(part)
        if settings.flip:
            mirrored, mirrored_iou = predict_crops(part.flip(3))
            _average_flip(found, mirrored.flip(3), [
                data_samples[owner].metainfo['flip_pairs']
                for owner in owners[start:start + size]
            ])
            iou = None if iou is None else (iou + mirrored_iou) / 2
        probs.append(found)
        ious.append(iou)
    if len(probs) == 1:
        return probs[0], ious[0]
    return torch.cat(probs), None if ious[0] is None else torch.cat(ious)


def _average_flip(probs: Tensor, mirrored: Tensor,
                  flip_pairs: Sequence[Sequence[Tuple[int, int]]]) -> None:
    """Average in place with what was mirrored back, left and right swapped.

    Images may differ in their pairs, though those of a data set never do.
    """
    keys = [tuple(map(tuple, pairs)) for pairs in flip_pairs]
    for pairs in set(keys):
        order = torch.tensor(
            flip_permutation(probs.size(1), pairs), device=probs.device)
        if keys.count(pairs) == len(keys):
            probs.index_add_(1, order, mirrored)
        else:
            rows = [k for k, key in enumerate(keys) if key == pairs]
            probs[rows] += mirrored[rows][:, order]
    probs.div_(2)


@torch.no_grad()
def add_predictions(persons: Iterator[PersonProbs], images: Sequence[Tensor],
                    data_samples: SampleList,
                    post_processor: QualityAwareModule,
                    num_classes: int) -> SampleList:
    """Let the post-processor make each image's result.

    Args:
        persons (Iterator[PersonProbs]): One for each proposal, image by
            image.
        images (Sequence[Tensor]): Images of shape (3, H, W).
        data_samples (list[:obj:`SegDataSample`]): One per image, with
            ``proposals``.
        post_processor (QualityAwareModule): Pastes, scores and fuses.
        num_classes (int): Number of classes with the background.

    Returns:
        list[:obj:`SegDataSample`]: The same, each with ``pred_instances``, a
        :class:`ParsingInstances` of all proposals in their order.
    """
    for image, sample in zip(images, data_samples):
        sample.pred_instances = post_processor(
            islice(persons, len(sample.proposals)), sample.proposals,
            (image.size(2), image.size(1)), num_classes,
            sample.metainfo.get('img_id'))
    return data_samples
