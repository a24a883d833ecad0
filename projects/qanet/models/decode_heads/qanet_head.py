# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Dict, Optional, Sequence, Tuple

from mmengine.model import BaseModule
from mmseg.models.decode_heads import FPNHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor, nn

from ..cross_entropy_lovasz import CrossEntropyLovaszLoss
from ..losses import parsing_iou


@MODELS.register_module()
class IoUBranch(BaseModule):
    """Regress a crop's mean IoU from the parsing feature (Section 3.2).

    A 1x1 convolution to ``conv_channels``, global average pooling, 1x1
    convolutions on the pooled vector to each of ``fc_channels``, and one
    linear unit, all with a bias and without a norm.
    """

    def __init__(
        self,
        in_channels: int,
        conv_channels: int = 256,
        fc_channels: Sequence[int] = (512, 512),
        init_cfg: OptConfigType = dict(
            type='Kaiming',
            layer='Conv2d',
            override=dict(type='Normal', name='regressor', std=0.001))
    ) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(in_channels, conv_channels, kernel_size=1)
        channels = (conv_channels, *fc_channels)
        self.fcs = nn.ModuleList([
            nn.Conv2d(before, after, kernel_size=1)
            for before, after in zip(channels, channels[1:])
        ])
        self.regressor = nn.Linear(channels[-1], 1)
        self.relu = nn.ReLU()

    def forward(self, feature: Tensor) -> Tensor:
        """IoU scores (N,), not bounded, of a feature (N, C, h, w)."""
        x = self.relu(self.conv(feature))
        x = x.mean(dim=(2, 3), keepdim=True)
        for layer in self.fcs:
            x = self.relu(layer(x))
        return self.regressor(x.flatten(1)).squeeze(1)


@MODELS.register_module()
class QANetHead(FPNHead):
    """Semantic FPN with an IoU branch, the head of QANet (Section 3.4).

    :class:`mmseg.FPNHead` sums the levels into one feature; a 1x1 convolution
    on it predicts the parsing, an :class:`IoUBranch` its mean IoU. As a plain
    mmseg decode head it predicts the parsing alone; :class:`TopDownParser`
    asks for both, by :meth:`forward_with_iou`.

    Args:
        iou_branch (dict, optional): Config of :class:`IoUBranch` without its
            input channels. Defaults to no IoU branch.
        loss_iou (dict): Config of the regression loss.
        kwargs: Those of :class:`mmseg.FPNHead`.
    """

    def __init__(self,
                 *,
                 iou_branch: OptConfigType = None,
                 loss_iou: ConfigType = dict(type='ParsingIoULoss'),
                 **kwargs) -> None:
        super().__init__(**kwargs)
        self.iou_branch: Optional[nn.Module] = None
        if iou_branch is not None:
            self.iou_branch = MODELS.build(
                dict(in_channels=self.channels, **iou_branch))
            self.loss_iou = MODELS.build(loss_iou)

    def forward_with_iou(
            self, inputs: Sequence[Tensor]) -> Tuple[Tensor, Optional[Tensor]]:
        """Logits (N, C, h, w) and IoU scores (N,) of feature maps.

        The scores are not bounded; None without IoU branch.
        """
        feature, *others = map(lambda head, level: head(level),
                               self.scale_heads,
                               self._transform_inputs(inputs))
        for other in others:
            feature = feature + resize(
                other,
                size=feature.shape[2:],
                mode='bilinear',
                align_corners=self.align_corners)
        iou = None if self.iou_branch is None else self.iou_branch(feature)
        return self.cls_seg(feature), iou

    def loss(self, inputs: Sequence[Tensor], batch_data_samples: SampleList,
             train_cfg: ConfigType) -> Dict[str, Tensor]:
        """Losses of both branches, see :meth:`loss_by_feat`."""
        seg_logits, iou = self.forward_with_iou(inputs)
        seg_logits = seg_logits.float()  # of mixed precision
        return self.loss_by_feat(seg_logits, batch_data_samples, iou)

    def loss_by_feat(self,
                     seg_logits: Tensor,
                     batch_data_samples: SampleList,
                     iou: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """Losses at input resolution (``docs/protocol.md``, section 2).

        Logits are (N, C, h, w), labels (``gt_sem_seg``) (1, H, W). Regressed
        IoUs (N,) add ``loss_iou`` and ``iou_target``. No value is copied to
        the host.
        """
        label = self._stack_batch_gt(batch_data_samples)
        seg_logits = resize(
            seg_logits,
            size=label.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners)
        label = label.squeeze(1)
        if isinstance(self.loss_decode,
                      CrossEntropyLovaszLoss) and self.sampler is None:
            terms = self.loss_decode.terms(seg_logits, label,
                                           self.ignore_index)
            losses = dict(
                loss_ce=terms.cross_entropy,
                loss_lovasz=terms.lovasz,
                acc_seg=terms.accuracy)
            target = terms.iou
        else:
            losses, target = self._single_losses(seg_logits, label)
        if iou is not None:
            losses[self.loss_iou.loss_name] = self.loss_iou(iou, target)
            losses['iou_target'] = target.mean()
        return losses

    def _single_losses(self, seg_logits: Tensor,
                       label: Tensor) -> Tuple[Dict[str, Tensor], Tensor]:
        """Losses one by one, with the accuracy; and the IoU targets (N,)."""
        weight = None if self.sampler is None else self.sampler.sample(
            seg_logits, label[:, None])
        losses = {}
        modules = self.loss_decode
        if not isinstance(modules, nn.ModuleList):
            modules = [modules]
        for module in modules:
            value = module(
                seg_logits,
                label,
                weight=weight,
                ignore_index=self.ignore_index)
            losses[module.loss_name] = losses.get(module.loss_name, 0) + value
        pred = seg_logits.detach()
        if self.out_channels == 1:  # a sigmoid above the threshold
            pred = (pred.sigmoid() > self.threshold).long().squeeze(1)
        else:
            pred = pred.argmax(dim=1)
        valid = label != self.ignore_index
        losses['acc_seg'] = 100 * (
            (pred == label) & valid).sum() / valid.sum().clamp(min=1)
        return losses, parsing_iou(pred, label, self.num_classes,
                                   self.ignore_index)
