# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Sequence, Tuple

from mmcv.cnn import build_activation_layer, build_norm_layer
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.utils import OptMultiConfig
from torch import Tensor, nn

from projects.qanet.utils.errors import InputError


@MODELS.register_module()
class SimpleBaselineHead(BaseDecodeHead):
    """Deconvolutions on the last stage: SimpleNet, row 1 of Table 3.

    4x4 deconvolutions of stride 2, each with norm and activation, and a 1x1
    classifier: from one feature map of stride 32 to logits of stride 4.

    The other arguments are those of :class:`mmseg.BaseDecodeHead`.

    Raises:
        InputError: If ``channels`` is not the last of ``deconv_channels``, or
            ``conv_cfg`` is given.
    """

    def __init__(self,
                 deconv_channels: Sequence[int] = (256, 256, 256),
                 init_cfg: OptMultiConfig = [
                     dict(type='Normal', layer='ConvTranspose2d', std=0.001),
                     dict(
                         type='Normal',
                         std=0.01,
                         override=dict(name='conv_seg'))
                 ],
                 **kwargs) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        if self.channels != deconv_channels[-1]:
            raise InputError(f'channels={self.channels} must be the last of '
                             f'deconv_channels={tuple(deconv_channels)}')
        if self.conv_cfg is not None:
            raise InputError('SimpleBaselineHead has deconvolutions only, '
                             f'conv_cfg must be None, not {self.conv_cfg}')
        layers = []
        for before, after in zip((self.in_channels, *deconv_channels),
                                 deconv_channels):
            bias = self.norm_cfg is None
            layers.append(
                nn.ConvTranspose2d(before, after, 4, 2, padding=1, bias=bias))
            if self.norm_cfg is not None:
                layers.append(build_norm_layer(self.norm_cfg, after)[1])
            if self.act_cfg is not None:
                layers.append(build_activation_layer(self.act_cfg))
        self.deconv_layers = nn.Sequential(*layers)

    def forward(self, inputs: Tuple[Tensor]) -> Tensor:
        """Logits (N, C, h, w) from the stages' maps, see ``in_index``."""
        return self.cls_seg(self.deconv_layers(self._transform_inputs(inputs)))
