# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Any, Sequence, Tuple

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.roi_heads.mask_heads import FusedSemanticHead
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, OptConfigType
from torch import Tensor


@MODELS.register_module()
class GlobalSemanticHead(FusedSemanticHead):
    """The semantic branch of RP R-CNN, whose feature enhances the pyramid.

    :class:`mmdet.FusedSemanticHead` at the finest level, with a 3x3
    convolution to the global semantic feature (GSE-FPN of its paper).

    Args:
        num_classes (int): Classes with the background.
        enhance_p6 (bool): Whether :meth:`enhance` gives a fifth level. The
            released system has none, and the anchors of stride 64 are gone.
        loss_seg (dict): Config of the loss of the labels.
        kwargs: The others of :class:`mmdet.FusedSemanticHead`.
    """

    def __init__(self,
                 num_classes: int,
                 enhance_p6: bool = False,
                 num_ins: int = 5,
                 fusion_level: int = 0,
                 seg_scale_factor: float = 1 / 4,
                 norm_cfg: OptConfigType = dict(type='GN', num_groups=32),
                 loss_seg: ConfigType = dict(
                     type='mmseg.ParsingCrossEntropyLoss', loss_weight=2.0),
                 **kwargs: Any) -> None:
        super().__init__(
            num_ins=num_ins,
            fusion_level=fusion_level,
            seg_scale_factor=seg_scale_factor,
            num_classes=num_classes,
            norm_cfg=norm_cfg,
            loss_seg=loss_seg,
            **kwargs)
        self.num_enhanced = num_ins if enhance_p6 else 4
        self.conv_embedding = ConvModule(
            self.conv_out_channels,
            self.conv_out_channels,
            kernel_size=3,
            padding=1,
            norm_cfg=norm_cfg)

    def enhance(self, feats: Sequence[Tensor],
                embedding: Tensor) -> Tuple[Tensor, ...]:
        """Add the global semantic feature to the levels P2 .. P5 (P6).

        Args:
            feats (Sequence[Tensor]): Levels of shape (N, C, h_i, w_i).
            embedding (Tensor): The second output of ``forward``, (N, C, h, w).

        Returns:
            tuple[Tensor]: The enhanced levels, of the same sizes.
        """
        return tuple(feat + F.interpolate(
            embedding,
            size=feat.shape[2:],
            mode='bilinear',
            align_corners=False) for feat in feats[:self.num_enhanced])
