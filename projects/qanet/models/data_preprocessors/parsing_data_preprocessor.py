# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Optional, Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ParsingDataPreprocessor(BaseDataPreprocessor):
    """Move, stack and normalise what a top-down parser gets.

    Training samples are crops of one size: they are stacked and normalised.
    Test samples are whole images of any size: they stay a list of images, so
    that nothing is padded, and the parser normalises its crops itself with
    :meth:`normalize`.

    Args:
        mean (Sequence[float], optional): Mean of each channel after the
            conversion. Defaults to None, which means no normalisation.
        std (Sequence[float], optional): Standard deviation of each channel.
        bgr_to_rgb (bool): Whether to reverse the channels. Defaults to False.
        non_blocking (bool): Whether to copy to the device asynchronously.
            Defaults to False.

    Raises:
        ValueError: If only one of ``mean`` and ``std`` is given.
    """

    def __init__(self,
                 mean: Optional[Sequence[float]] = None,
                 std: Optional[Sequence[float]] = None,
                 bgr_to_rgb: bool = False,
                 non_blocking: bool = False) -> None:
        super().__init__(non_blocking=non_blocking)
        if (mean is None) != (std is None):
            raise ValueError('mean and std must be given together, but got '
                             f'mean={mean} and std={std}')
        self.bgr_to_rgb = bgr_to_rgb
        mean, std = (0., ) if mean is None else mean, (
            1., ) if std is None else std
        self.register_buffer('mean', torch.tensor(mean).view(-1, 1, 1), False)
        self.register_buffer('std', torch.tensor(std).view(-1, 1, 1), False)

    def normalize(self, crops: Tensor) -> Tensor:
        """Reverse the channels if asked to and normalise.

        Args:
            crops (Tensor): Images of shape (N, 3, H, W) in the range 0..255.

        Returns:
            Tensor: What the network takes, float32, shape (N, 3, H, W).
        """
        if self.bgr_to_rgb:
            crops = crops.flip(1)
        return (crops.float() - self.mean) / self.std

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare one batch.

        Args:
            data (dict): ``inputs``, a list of images of shape (3, H, W) or a
                stacked tensor, and ``data_samples``, a list.
            training (bool): Whether the inputs are training crops.

        Returns:
            dict: The same keys. ``inputs`` is a float tensor (N, 3, H, W) in
            training, else the list of images on the device.
        """
        data = self.cast_data(data)
        inputs = data['inputs']
        if training:
            if not isinstance(inputs, Tensor):
                inputs = torch.stack(list(inputs))
            inputs = self.normalize(inputs)
        else:
            inputs = list(inputs)
        return dict(inputs=inputs, data_samples=data.get('data_samples'))
