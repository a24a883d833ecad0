# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Sequence, Tuple

from mmcv.cnn import build_norm_layer
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class SimpleBaselineHead(BaseDecodeHead):
    """Deconvolutions on the last stage: SimpleNet, row 1 of Table 3.

    Three 4x4 deconvolutions of stride 2, each with norm and ReLU, and a 1x1
    classifier (PROTOCOL 1). It takes one feature map of stride 32 and
    predicts at stride 4.

    Args:
        deconv_channels (Sequence[int]): Output channels of the
            deconvolutions. Defaults to (256, 256, 256).
        kwargs: Those of :class:`mmseg.BaseDecodeHead`. ``channels`` has to be
            the last of ``deconv_channels``.

    Raises:
        ValueError: If ``channels`` differs from the last deconvolution's.

    Examples:
        >>> head = dict(
        ...     type='SimpleBaselineHead', in_channels=2048, in_index=3,
        ...     channels=256, num_classes=20, dropout_ratio=0,
        ...     norm_cfg=dict(type='BN'))
    """

    def __init__(self,
                 deconv_channels: Sequence[int] = (256, 256, 256),
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if self.channels != deconv_channels[-1]:
            raise ValueError(f'channels={self.channels} must be the last of '
                             f'deconv_channels={tuple(deconv_channels)}')
        layers = []
        before = self.in_channels
        for after in deconv_channels:
            layers += [
                nn.ConvTranspose2d(
                    before, after, 4, stride=2, padding=1, bias=False),
                build_norm_layer(self.norm_cfg, after)[1],
                nn.ReLU(inplace=True)
            ]
            before = after
        self.deconv_layers = nn.Sequential(*layers)

    def forward(self, inputs: Tuple[Tensor]) -> Tensor:
        """Predict logits.

        Args:
            inputs (tuple[Tensor]): Feature maps of several stages; the one at
                ``in_index``, of shape (N, in_channels, h, w), is used.

        Returns:
            Tensor: Logits of shape (N, C, 8 * h, 8 * w).
        """
        return self.cls_seg(self.deconv_layers(self._transform_inputs(inputs)))
