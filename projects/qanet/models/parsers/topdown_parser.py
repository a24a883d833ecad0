# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Any, Optional, Sequence, Tuple

from mmseg.models.segmentors import CascadeEncoderDecoder, EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor

from .crop_parser import CropParser


@MODELS.register_module()
class TopDownParser(CropParser, EncoderDecoder):
    """Top-down human parser: crop each person, parse, paste, score.

    It trains like every :class:`mmseg.EncoderDecoder`, on crops of single
    persons. At test time it takes whole images with the persons' boxes
    (``data_sample.proposals``) and gives each image a
    :class:`ParsingInstances` (``data_sample.pred_instances``). Any mmseg
    decode head works; the IoU score of a head that regresses none is 1.

    Args:
        backbone (dict): Config of the backbone.
        decode_head (dict): Config of the decode head. If it returns a pair,
            as :class:`QANetHead` does, the second item is the IoU score.
        post_processor (dict): Config of the module that fuses the scores.
            Defaults to ``dict(type='QualityAwareModule')``.
        test_cfg (dict): How to test, with the keys

            - ``crop_size`` (tuple[int, int]): Width and height of a crop.
            - ``padding`` (float): Factor on the box. Defaults to 1.25.
            - ``flip`` (bool): Average with the mirrored crop. Defaults to
              False.
            - ``scales`` (Sequence[float]): Scales of the padded box to
              average over. Defaults to (1.,).
            - ``max_instances_per_batch`` (int): Crops in the network at
              once, one for each person and scale; mirrored crops have a pass
              of their own. Defaults to 32.
        kwargs: Those of :class:`mmseg.EncoderDecoder`.

    Raises:
        ValueError: If ``test_cfg`` has no ``crop_size``.
    """

    def __init__(self,
                 backbone: ConfigType,
                 decode_head: ConfigType,
                 post_processor: ConfigType = dict(type='QualityAwareModule'),
                 test_cfg: OptConfigType = None,
                 **kwargs) -> None:
        super().__init__(
            backbone=backbone,
            decode_head=decode_head,
            test_cfg=test_cfg,
            **kwargs)
        self.init_test_cfg(test_cfg)
        self.post_processor = MODELS.build(post_processor)

    def _forward(
        self,
        inputs: Tensor,
        data_samples: Optional[SampleList] = None
    ) -> Tuple[Tensor, Optional[Tensor]]:
        """The network alone, ``mode='tensor'``.

        Args:
            inputs (Tensor): Normalised crops of shape (N, 3, H, W).
            data_samples (list[:obj:`SegDataSample`], optional): Not used.

        Returns:
            tuple[Tensor, Tensor | None]: Logits at input size, of shape
            (N, C, H, W), and IoU scores of shape (N,), or None if the head
            regresses none.
        """
        seg_logits, iou = self._decode(self.extract_feat(inputs)), None
        if isinstance(seg_logits, tuple):
            seg_logits, extra = seg_logits[:2]
            # Other heads return other things besides: EncHead an (N, C).
            if extra is not None and extra.dim() == 1:
                iou = extra
        seg_logits = resize(
            seg_logits,
            size=inputs.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners)
        return seg_logits, iou

    def _decode(self, feats: Sequence[Tensor]) -> Any:
        """What the decode head returns for the features."""
        return self.decode_head(feats)

    def predict_crops(self, crops: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        """The network with its softmax, see :class:`CropParser`.

        Args:
            crops (Tensor): Normalised crops of shape (N, 3, H, W), float32.

        Returns:
            tuple[Tensor, Tensor | None]: Probabilities at input size,
            (N, C, H, W), and IoU scores (N,) or None; float32.
        """
        seg_logits, iou = self._forward(crops)
        probs = seg_logits.float().softmax(dim=1)
        return probs, None if iou is None else iou.float()


@MODELS.register_module()
class CascadeTopDownParser(TopDownParser, CascadeEncoderDecoder):
    """A :class:`TopDownParser` with a cascade of decode heads, as OCRNet's.

    Args:
        num_stages (int): Number of decode heads.
        decode_head (list[dict]): Config of each. The first takes the
            features, each other one also the logits of the one before.
        kwargs: Those of :class:`TopDownParser` and
            :class:`mmseg.CascadeEncoderDecoder`.

    Raises:
        ValueError: If ``decode_head`` is no list of ``num_stages`` configs,
            or ``test_cfg`` has no ``crop_size``.
    """

    def __init__(self, num_stages: int, decode_head: Sequence[ConfigType],
                 **kwargs) -> None:
        if (not isinstance(decode_head, (list, tuple))
                or len(decode_head) != num_stages):
            raise ValueError(
                'CascadeTopDownParser needs decode_head, a list of num_stages='
                f'{num_stages} configs, but got {decode_head}')
        super().__init__(
            num_stages=num_stages, decode_head=list(decode_head), **kwargs)

    def _decode(self, feats: Sequence[Tensor]) -> Any:
        """What the last decode head returns for the features."""
        outputs = self.decode_head[0](feats)
        for head in self.decode_head[1:]:
            outputs = head(feats, outputs)
        return outputs
