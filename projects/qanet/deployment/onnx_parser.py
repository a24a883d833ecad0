# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A top-down parser whose network runs in onnxruntime."""
from typing import Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModel
from mmseg.utils import SampleList
from torch import Tensor

from projects.qanet.models.data_preprocessors import ParsingDataPreprocessor
from projects.qanet.models.parsers import CropParser
from projects.qanet.models.post_processors import QualityAwareModule
from projects.qanet.utils.errors import InputError
from .metadata import ParserMetadata, read_metadata
from .network import OnnxNetwork


class OnnxParser(CropParser, BaseModel):
    """Parses persons with an ONNX file; it needs no config, no checkpoint.

    Cropping, augmentation, pasting and scoring are those of every
    :class:`CropParser`, in torch on ``device``; only
    :meth:`predict_crops` is onnxruntime's. It cannot be trained.

    Args:
        file (str): What tools/model_converters/export_onnx.py has written.
        device (str): Where all of it runs, 'cpu' or 'cuda' and the like.
            Defaults to 'cpu'.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If onnxruntime or the device is missing, or the file is
            damaged, holds no parser, or its metadata is missing or wrong.

    Example:
        >>> parser = OnnxParser('parser.onnx')
        >>> parser.dataset_meta['classes']
    """

    def __init__(self, file: str, device: str = 'cpu') -> None:
        network = OnnxNetwork(file, device)
        metadata = read_metadata(network.metadata, file)
        _check_agreement(network, metadata)
        super().__init__(
            data_preprocessor=ParsingDataPreprocessor(
                mean=metadata.mean,
                std=metadata.std,
                bgr_to_rgb=metadata.bgr_to_rgb))
        self.network = network
        self.num_classes = network.num_classes
        self.dataset_meta = metadata.dataset_meta
        self.init_test_cfg(
            dict(
                crop_size=metadata.crop_size,
                padding=metadata.padding,
                flip=metadata.flip,
                scales=metadata.scales,
                max_instances_per_batch=metadata.max_instances_per_batch))
        self.post_processor = QualityAwareModule(
            weights=metadata.quality_weights,
            pixel_score_thr=metadata.pixel_score_thr)
        self.to(device).eval()

    def forward(self,
                inputs: Sequence[Tensor],
                data_samples: Optional[SampleList] = None,
                mode: str = 'predict') -> SampleList:
        """Parse all persons of a batch of images.

        Args:
            inputs (Sequence[Tensor]): Images of shape (3, H, W), 0..255.
            data_samples (list[:obj:`SegDataSample`]): One per image, with
                ``proposals``.
            mode (str): 'predict', nothing else.

        Returns:
            list[:obj:`SegDataSample`]: See :meth:`PersonParser.predict`.

        Raises:
            ValueError: If the mode is another one.
        """
        if mode != 'predict':
            raise ValueError('an OnnxParser knows the mode predict only, not '
                             f'{mode}')
        return self.predict(inputs, data_samples)

    def predict_crops(self, crops: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        """The network, softmax included, see :class:`CropParser`.

        Args:
            crops (Tensor): Normalised crops of shape (N, 3, H, W), float32.

        Returns:
            tuple[Tensor, Tensor | None]: Probabilities (N, C, H, W) and IoU
            scores (N,) or None; float32, on the device of the crops.
        """
        probs, iou = self.network(crops.contiguous().cpu().numpy())
        return (torch.from_numpy(probs).to(crops.device), None
                if iou is None else torch.from_numpy(iou).to(crops.device))


def _check_agreement(network: OnnxNetwork, metadata: ParserMetadata) -> None:
    """Refuse a file whose metadata is that of another network."""
    if network.crop_size != metadata.crop_size:
        raise InputError(
            f'{network.name}: its metadata says crop_size '
            f'{metadata.crop_size}, but its network takes crops of '
            f'{network.crop_size} (width, height)')
    if network.num_classes != len(metadata.classes):
        raise InputError(
            f'{network.name}: its metadata names {len(metadata.classes)} '
            f'classes, but its network has {network.num_classes}')
