# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Dict, Sequence

import torch
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, OptMultiConfig, SampleList
from torch import Tensor, nn

from projects.qanet.models import QANetHead
from projects.qanet.utils.errors import InputError
from .crop_maps import NUM_MAPS, split_maps
from .labels import NUM_PARTS, NUM_PATCHES
from .losses import BatchPoints


@MODELS.register_module()
class UVHead(QANetHead):
    """The head of dense pose: parts, patches, U and V of every pixel.

    The trunk and the IoU branch, which judges the parts, are those of
    :class:`QANetHead`. A 4x4 deconvolution of stride 2 makes all 90 maps.

    Args:
        num_classes (int): Parts with the background, 15; ``loss_decode`` is
            their loss.
        context (dict, optional): Config of a module with ``channels`` between
            trunk and deconvolution, such as
            :class:`GeometricContextEncoding`. Defaults to none.
        index_act (str): How patches are predicted: ``'sigmoid'``, as released,
            though they learn a softmax, or ``'softmax'``.
        drop_outside (bool): Leave out points that a crop cuts off. As
            released, they count with logits of 0.
        loss_patch, loss_uv (dict): Configs of the losses at points.
        kwargs: Those of :class:`QANetHead`.

    Raises:
        InputError: If ``num_classes`` or ``index_act`` is another.
    """

    def __init__(self,
                 *,
                 num_classes: int = NUM_PARTS,
                 context: OptConfigType = None,
                 index_act: str = 'sigmoid',
                 drop_outside: bool = False,
                 loss_decode: ConfigType = dict(
                     type='ParsingCrossEntropyLoss',
                     loss_weight=5.0,
                     loss_name='loss_part'),
                 loss_patch: ConfigType = dict(type='DensePosePatchLoss'),
                 loss_uv: ConfigType = dict(type='DensePoseUVLoss'),
                 init_cfg: OptMultiConfig = dict(
                     type='Kaiming', layer='ConvTranspose2d'),
                 **kwargs) -> None:
        if num_classes != NUM_PARTS:
            raise InputError(f'UVHead: num_classes must be {NUM_PARTS}, the '
                             'parts of dense pose with the background, but '
                             f'got {num_classes}')
        if index_act not in ('sigmoid', 'softmax'):
            raise InputError("UVHead: index_act must be 'sigmoid' or "
                             f"'softmax', but got {index_act!r}")
        super().__init__(
            num_classes=num_classes,
            loss_decode=loss_decode,
            init_cfg=init_cfg,
            **kwargs)
        self.index_act = index_act
        self.drop_outside = drop_outside
        self.context = MODELS.build(context) if context else nn.Identity()
        channels = self.context.channels if context else self.channels
        self.conv_seg = nn.ConvTranspose2d(
            channels, NUM_MAPS, kernel_size=4, stride=2, padding=1)
        self.loss_patch = MODELS.build(loss_patch)
        self.loss_uv = MODELS.build(loss_uv)

    def cls_seg(self, feat: Tensor) -> Tensor:
        """Maps (N, 90, 2 h, 2 w) of a feature (N, C, h, w), as logits."""
        return super().cls_seg(self.context(feat))

    def loss(self, inputs: Sequence[Tensor], batch_data_samples: SampleList,
             train_cfg: ConfigType) -> Dict[str, Tensor]:
        """Losses of parts and IoU, and at points, all at crop size.

        Data samples have ``gt_sem_seg``, labels (1, H, W), and ``gt_points``,
        see :class:`BatchPoints`.
        """
        maps, iou = self.forward_with_iou(inputs)
        maps = maps.float()  # of mixed precision
        losses = self.loss_by_feat(maps[:, :NUM_PARTS], batch_data_samples,
                                   iou)
        size = batch_data_samples[0].gt_sem_seg.data.shape[1:]
        patches, u, v = resize(
            maps[:, NUM_PARTS:],
            size=size,
            mode='bilinear',
            align_corners=self.align_corners).split(
                NUM_PATCHES, dim=1)
        points = BatchPoints.collect(batch_data_samples)
        if self.drop_outside:
            points = points.inside(*size)
        losses.update(
            loss_patch=self.loss_patch(patches, points),
            loss_u=self.loss_uv(u, points, points.uv[:, 0]),
            loss_v=self.loss_uv(v, points, points.uv[:, 1]))
        return losses

    def activate(self, maps: Tensor) -> Tensor:
        """Probabilities of parts and patches beside U and V as they are.

        Maps are (N, 90, H, W); U and V are not bounded.
        """
        parts, patches, u, v = split_maps(maps)
        patches = (
            patches.sigmoid()
            if self.index_act == 'sigmoid' else patches.softmax(1))
        return torch.cat([parts.softmax(1), patches, u, v], dim=1)
