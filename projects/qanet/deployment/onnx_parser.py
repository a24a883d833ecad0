# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A top-down parser whose network runs in onnxruntime."""
from typing import Iterator, Optional, Sequence

from mmengine.model import BaseModel
from mmseg.utils import SampleList
from torch import Tensor

from projects.qanet.models import PersonProbs
from projects.qanet.models.parsers import (add_predictions, predict_persons,
                                           sizes_of)
from projects.qanet.utils.errors import InputError
from .metadata import read_metadata
from .network import OnnxNetwork


class OnnxParser(BaseModel):
    """Parses persons with an ONNX file; it needs no config, no checkpoint.

    Cropping, augmentation, pasting and scoring are those of a
    :class:`TopDownParser`, in torch on ``device``; only the network is
    onnxruntime's. It cannot be trained.

    ``file`` is what tools/model_converters/export_onnx.py has written. Raises
    a FileNotFoundError if it is missing, an InputError if onnxruntime or the
    device is, or the file is damaged, no parser, or its metadata is wrong.
    """

    def __init__(self, file: str, device: str = 'cpu') -> None:
        network = OnnxNetwork(file, device)
        parts = read_metadata(network.metadata, file)
        super().__init__(data_preprocessor=parts.data_preprocessor)
        self.network = network
        self.settings = parts.settings
        self.post_processor = parts.post_processor
        self.dataset_meta = parts.dataset_meta
        self.num_classes = network.num_classes
        if network.crop_size != self.settings.crop_size:
            raise InputError(f'{file}: its metadata says crop_size '
                             f'{self.settings.crop_size}, but its network '
                             f'takes crops of {network.crop_size} '
                             '(width, height)')
        named = len(self.dataset_meta['classes'])
        if self.num_classes != named:
            raise InputError(f'{file}: its metadata names {named} classes, '
                             f'but its network has {self.num_classes}')
        self.to(device).eval()

    def forward(self,
                inputs: Sequence[Tensor],
                data_samples: Optional[SampleList] = None,
                mode: str = 'predict') -> SampleList:
        """See :meth:`TopDownParser.predict`, the only ``mode``."""
        if mode != 'predict':
            raise InputError('an OnnxParser knows the mode predict only, not '
                             f'{mode}')
        return add_predictions(
            self.predict_persons(inputs, data_samples), sizes_of(inputs),
            data_samples, self.post_processor, self.num_classes)

    def predict_persons(self, images: Sequence[Tensor],
                        data_samples: SampleList) -> Iterator[PersonProbs]:
        """See :meth:`TopDownParser.predict_persons`."""
        return predict_persons(self.network, self.data_preprocessor,
                               self.settings, images, data_samples)
