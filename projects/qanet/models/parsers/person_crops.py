# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Persons' crops and augmentations (``docs/protocol.md``, section 4)."""
import math
from functools import partial
from itertools import chain, islice, product
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.model import BaseDataPreprocessor
from mmseg.structures import SegDataSample
from mmseg.utils import SampleList
from torch import Tensor
from torchvision.ops import roi_align

from projects.qanet.structures.boxes import (MAX_COORDINATE, MAX_SAMPLES,
                                             pad_boxes)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.flips import flip_permutation
from ..post_processors import PersonProbs, QualityAwareModule
from .crop_settings import CropSettings

#: Maps of classes (N, C, H, W) and IoU scores (N,), not clamped, or None.
MapsAndIoU = Tuple[Tensor, Optional[Tensor]]
#: Normalised crops (N, 3, H, W), float32, on the device -> probabilities at
#: input size and IoU scores, float32.
CropPredictor = Callable[[Tensor], MapsAndIoU]
#: Maps (C, H, W) of a mirrored crop and the sample of its image -> maps of
#: the crop, see :func:`swap_sides`.
Unmirror = Callable[[Tensor, SegDataSample], Tensor]


def normalize_crops(preprocessor: BaseDataPreprocessor,
                    crops: Tensor) -> Tensor:
    """Normalise crops (N, 3, H, W), 0..255, as training crops are; float32.

    The preprocessor is mmengine's ``ImgDataPreprocessor``, mmseg's
    ``SegDataPreProcessor`` or made of these.
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
    """Crop on the device: bilinear, antialiased, black outside the image.

    A crop's pixel is the mean of as many samples as image pixels fall onto
    it. A box that would take more than ``MAX_SAMPLES`` has them further
    apart, evenly, so memory and time are bounded whatever the box.

    Args:
        images (Sequence[Tensor]): Images of shape (3, H, W), 0..255.
        owners (Sequence[int]): Index of each box's image.
        boxes (Tensor): Padded boxes (N, 4), xyxy in pixels, on the host.
        crop_size (tuple[int, int]): Width and height of a crop.

    Returns:
        Tensor: Crops of shape (N, 3, h, w), float32, 0..255.
    """
    owners = torch.as_tensor(owners)
    size = boxes.new_tensor(crop_size)
    samples = ((boxes[:, 2:] - boxes[:, :2]) / size).ceil() * size
    is_large = samples.double().prod(1) > MAX_SAMPLES
    thinned = max(1, math.isqrt(MAX_SAMPLES // math.prod(crop_size)))
    crops = images[0].new_empty((len(boxes), 3, *crop_size[::-1]),
                                dtype=torch.float32)
    for owner, large in product(owners.unique(), (False, True)):
        rows = ((owners == owner) & (is_large == large)).nonzero()[:, 0]
        if len(rows):
            image = images[owner][None].float()
            crops[rows] = roi_align(
                image, [boxes[rows].to(image)],
                output_size=crop_size[::-1],
                sampling_ratio=thinned if large else 0,
                aligned=True)
    return crops


def swap_sides(maps: Tensor, sample: SegDataSample) -> Tensor:
    """Mirror maps of classes (C, H, W) and swap those of ``flip_pairs``."""
    order = flip_permutation(len(maps), sample.metainfo['flip_pairs'])
    return maps[order].flip(2)


def predict_persons(predict_crops: CropPredictor,
                    preprocessor: BaseDataPreprocessor,
                    settings: CropSettings,
                    images: Sequence[Tensor],
                    data_samples: SampleList,
                    unmirror: Unmirror = swap_sides) -> Iterator[PersonProbs]:
    """Run a network over the persons of all images, chunk by chunk.

    A chunk has as many persons as fill the network with one crop for each
    person and scale, so memory does not grow with the scales.

    Args:
        predict_crops (CropPredictor): The network, softmax included.
        images (Sequence[Tensor]): Images (3, H, W), 0..255, as loaded, on
            the device.
        data_samples (list[:obj:`SegDataSample`]): One per image, with
            ``proposals`` (``bboxes``, (N, 4), unpadded, xyxy, in pixels, and
            ``scores``, (N,)) and, to flip, ``flip_pairs`` as meta information.
        unmirror (Unmirror): Makes maps of a crop of those of its mirror image.

    Returns:
        Iterator[PersonProbs]: One for each proposal, image by image; one
        augmentation for each scale, averaged over the flip.

    Raises:
        InputError: If a data sample has no proposals, or no flip pairs though
            ``settings.flip`` is set, or a box's numbers are too high or none.
    """
    for index, sample in enumerate(data_samples or [None]):
        if sample is None or 'proposals' not in sample:
            raise InputError(
                f'data sample {index} has no proposals: a top-down parser '
                'needs the persons\' boxes (data_sample.proposals)')
        if settings.flip and 'flip_pairs' not in sample.metainfo:
            raise InputError(
                f'data sample {index} has no flip_pairs in its meta '
                'information, so test_cfg.flip would mix left with right: '
                'pack them (meta_keys of PackParsingInputs), [] if there is '
                'no left and right')
    counts = [len(sample.proposals) for sample in data_samples]
    owners = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    bboxes = np.concatenate(
        [sample.proposals.bboxes.cpu().numpy() for sample in data_samples])
    padded = [
        pad_boxes(bboxes, settings.crop_size, settings.padding, scale)
        for scale in settings.scales
    ]
    padded = torch.from_numpy(np.stack(padded, 1))
    wrong = ~(padded.abs() < MAX_COORDINATE).flatten(1).all(1)  # or no number
    if wrong.any():
        row = int(wrong.int().argmax())
        raise InputError(
            f'data sample {int(owners[row])}: the box {bboxes[row].tolist()}, '
            f'padded, reaches {MAX_COORDINATE:g} pixels, or is not finite')
    predict = partial(_predict_boxes, predict_crops, preprocessor, settings,
                      images, data_samples, unmirror)
    size = settings.max_instances_per_batch
    step = max(1, size // len(settings.scales))
    chunks = (slice(k, k + step) for k in range(0, len(owners), step))
    return chain.from_iterable(
        _predict_chunk(predict, images, owners[chunk], padded[chunk], size)
        for chunk in chunks)


def _predict_chunk(predict: Callable, images: Sequence[Tensor], owners: Tensor,
                   boxes: Tensor, size: int) -> Iterator[PersonProbs]:
    """Persons with boxes (N, scales, 4), ``size`` crops at a time."""
    count = boxes.size(1)
    rows = owners.repeat_interleave(count)
    probs, ious = zip(*map(predict, rows.split(size),
                           boxes.flatten(0, 1).split(size)))
    probs = probs[0] if len(probs) == 1 else torch.cat(probs)
    iou = None if ious[0] is None else torch.cat(ious).view(-1, count).mean(1)
    for k, owner in enumerate(owners):
        height, width = images[owner].shape[1:]
        yield PersonProbs(
            list(probs[k * count:(k + 1) * count]), list(boxes[k]),
            (width, height), None if iou is None else iou[k])


def _predict_boxes(predict_crops: CropPredictor,
                   preprocessor: BaseDataPreprocessor, settings: CropSettings,
                   images: Sequence[Tensor], data_samples: SampleList,
                   unmirror: Unmirror, owners: Tensor,
                   boxes: Tensor) -> MapsAndIoU:
    """Probabilities and IoU scores of boxes (N, 4), averaged over the flip."""
    crops = normalize_crops(
        preprocessor, crop_persons(images, owners, boxes, settings.crop_size))
    probs, iou = predict_crops(crops)
    if not settings.flip:
        return probs, iou
    mirrored, mirrored_iou = predict_crops(crops.flip(3))
    for k, owner in enumerate(owners):
        probs[k].add_(unmirror(mirrored[k], data_samples[owner]))
    return probs.div_(2), None if iou is None else (iou + mirrored_iou) / 2


def sizes_of(images: Sequence[Tensor]) -> List[Tuple[int, int]]:
    """Widths and heights of images (3, H, W)."""
    return [(image.size(2), image.size(1)) for image in images]


@torch.no_grad()
def add_predictions(persons: Iterator[PersonProbs],
                    image_sizes: Sequence[Tuple[int, int]],
                    data_samples: SampleList,
                    post_processor: QualityAwareModule,
                    num_classes: int) -> SampleList:
    """Let the post-processor make each image's result.

    Args:
        persons (Iterator[PersonProbs]): One for each proposal of all images,
            image by image.
        image_sizes (Sequence[tuple[int, int]]): Widths and heights.
        data_samples (list[:obj:`SegDataSample`]): One per image, with
            ``proposals``, see :func:`predict_persons`.
        num_classes (int): Number of classes with the background.

    Returns:
        list[:obj:`SegDataSample`]: The same, each with ``pred_instances``, a
        :class:`ParsingInstances` of its proposals in their order.

    Raises:
        InputError: If the network's numbers are not finite; names the image.
    """
    for image_size, sample in zip(image_sizes, data_samples):
        try:
            sample.pred_instances = post_processor(
                islice(persons, len(sample.proposals)), sample.proposals,
                image_size, num_classes, sample.metainfo.get('img_id'))
        except InputError as error:
            path = sample.metainfo.get('img_path')
            message = f'{path}: {error}' if path else str(error)
            raise InputError(message) from error
    return data_samples
