# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import torch
from mmengine.model import ImgDataPreprocessor
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ParsingDataPreprocessor(ImgDataPreprocessor):
    """Stack and normalise training crops; move test images to the device.

    Those are of any size and stay a list; the parser normalises the crops
    that it cuts out of them (:func:`normalize_crops`). Its arguments are those
    of :class:`mmengine.model.ImgDataPreprocessor`.
    """

    @property
    def bgr_to_rgb(self) -> bool:
        """bool: Whether the channels are reversed."""
        return self._channel_conversion

    def forward(self, data: dict, training: bool = False) -> dict:
        """Make a float tensor (N, 3, H, W), in tests a list, of ``inputs``.

        These are images (3, H, W), a list or stacked. Boxes stay on the host.
        """
        inputs = data['inputs']
        if not training:
            return dict(
                inputs=self.cast_data(list(inputs)),
                data_samples=data.get('data_samples'))
        if not isinstance(inputs, Tensor):
            inputs = torch.stack(list(inputs))
        return super().forward(dict(data, inputs=inputs), training)
