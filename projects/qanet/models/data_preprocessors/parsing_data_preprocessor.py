# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import torch
from mmengine.model import ImgDataPreprocessor
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ParsingDataPreprocessor(ImgDataPreprocessor):
    """Move, stack and normalise what a top-down parser gets.

    Training crops are stacked and normalised. Test images are of any size and
    stay a list, so that nothing is padded; the parser normalises the crops
    that it cuts out of them (:func:`normalize_crops`).

    Args:
        kwargs: Those of :class:`mmengine.model.ImgDataPreprocessor`.
    """

    @property
    def bgr_to_rgb(self) -> bool:
        """bool: Whether the channels are reversed."""
        return self._channel_conversion

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare ``inputs``, images (3, H, W), a list or stacked.

        They become a float tensor (N, 3, H, W) in training, else a list on
        the device. Boxes stay on the host, where they are needed.
        """
        inputs = data['inputs']
        if not training:
            return dict(
                inputs=self.cast_data(list(inputs)),
                data_samples=data.get('data_samples'))
        if not isinstance(inputs, Tensor):
            inputs = torch.stack(list(inputs))
        return super().forward(dict(data, inputs=inputs), training)
