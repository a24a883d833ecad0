# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import math
from typing import Dict, Iterator, List, Optional, Sequence

from mmengine.config import ConfigDict
from mmseg.models.decode_heads import Mask2FormerHead, MaskFormerHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import CascadeEncoderDecoder, EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor, cat, nn

from projects.qanet.utils.errors import InputError
from ..post_processors import PersonProbs
from .crop_settings import CropSettings
from .head_checks import check_heads
from .person_crops import (MapsAndIoU, add_predictions, predict_persons,
                           sizes_of, swap_sides)


@MODELS.register_module()
class TopDownParser(EncoderDecoder):
    """Top-down human parser: crop each person, parse, paste, score.

    It trains like every :class:`mmseg.EncoderDecoder`, on crops of single
    persons. It is tested on whole images with boxes of persons, as
    :meth:`predict` says. Any mmseg decode head for classes works; the IoU
    score of one that regresses none is 1. A head with ``out_channels=1`` tells
    background from foreground by a sigmoid and its ``threshold``.

    Args:
        decode_head (dict): Config of the decode head. One with an IoU branch
            has ``forward_with_iou``, as :class:`QANetHead` does.
        post_processor (dict): Config of the module that pastes and scores.
        test_cfg (dict): How to test, see :class:`CropSettings`; changes of it
            count from the next prediction on.
        backbone, kwargs: Those of :class:`mmseg.EncoderDecoder`.

    Raises:
        InputError: See :class:`CropSettings` and :func:`check_heads`.
    """

    def __init__(self,
                 backbone: ConfigType,
                 decode_head: ConfigType,
                 post_processor: ConfigType = dict(type='QualityAwareModule'),
                 test_cfg: OptConfigType = None,
                 **kwargs) -> None:
        if not isinstance(self, CascadeEncoderDecoder) and isinstance(
                decode_head, (list, tuple)):
            raise InputError(
                f'{type(self).__name__} has one decode_head, but got a list '
                f'of {len(decode_head)}: a cascade of several is a '
                'CascadeTopDownParser')
        super().__init__(
            backbone=backbone,
            decode_head=decode_head,
            test_cfg=ConfigDict(test_cfg or {}),
            **kwargs)
        self.post_processor = MODELS.build(post_processor)
        self.settings  # refuses a wrong test_cfg now
        check_heads(self.decode_head, getattr(self, 'auxiliary_head', None))

    @property
    def settings(self) -> CropSettings:
        """CropSettings: What ``test_cfg`` says now."""
        return CropSettings.from_cfg(self.test_cfg, type(self).__name__)

    def loss(self, inputs: Tensor,
             data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of normalised training crops (N, 3, H, W), by name.

        They must have the size that is tested.
        """
        size, crop_size = tuple(inputs.shape[:1:-1]), self.settings.crop_size
        if size != crop_size:
            raise InputError(
                'the training pipeline makes crops of (width, height) = '
                f'{size}, but model.test_cfg.crop_size is {crop_size}: the '
                'two must be the same')
        try:
            return super().loss(inputs, data_samples)
        except ValueError as error:
            if 'more than 1 value per channel' not in str(error):
                raise
            raise InputError(
                'a batch norm of this network pools a crop to one pixel, so '
                'it cannot train on a batch of one person: set train_'
                'dataloader.drop_last=True, and a batch_size from 2'
            ) from error

    def test_step(self, data: dict) -> SampleList:
        """Predict a batch of whole images, see :meth:`predict`."""
        # Data preprocessors of mmengine and mmseg would stack the images.
        images = self.data_preprocessor.cast_data(list(data['inputs']))
        return self._run_forward(
            dict(inputs=images, data_samples=data.get('data_samples')),
            mode='predict')

    val_step = test_step

    def predict(self,
                inputs: Sequence[Tensor],
                data_samples: Optional[SampleList] = None) -> SampleList:
        """Parse all persons of some images.

        See :func:`predict_persons` for the images and samples and for what is
        refused, :func:`add_predictions` for what it returns.
        """
        return add_predictions(
            self.predict_persons(inputs, data_samples), sizes_of(inputs),
            data_samples, self.post_processor, self.num_classes)

    def predict_persons(self, images: Sequence[Tensor],
                        data_samples: SampleList) -> Iterator[PersonProbs]:
        """See the function :func:`predict_persons`."""
        return predict_persons(self.predict_crops, self.data_preprocessor,
                               self.settings, images, data_samples,
                               self.unmirror)

    def unmirror(self, maps: Tensor, sample: SegDataSample) -> Tensor:
        """Maps (C, H, W) of a crop from those of its mirror image."""
        return swap_sides(maps, sample)

    def predict_crops(self, crops: Tensor) -> MapsAndIoU:
        """The network with its softmax, a ``CropPredictor``."""
        logits, iou = self._forward(crops)
        logits = logits.float()
        if self.out_channels == 1:  # two classes, told apart by a sigmoid
            # The foreground wins where the sigmoid is above the threshold.
            thr = self._last_head.threshold
            part = (logits - math.log(thr / (1 - thr))).sigmoid()
            probs = cat([1 - part, part], dim=1)
        elif isinstance(self._last_head, (MaskFormerHead, Mask2FormerHead)):
            # These give sums of probabilities, not logits.
            probs = logits / logits.sum(1, keepdim=True).clamp(min=1e-6)
        else:
            probs = logits.softmax(dim=1)
        return probs, None if iou is None else iou.float()

    @property
    def _last_head(self) -> nn.Module:
        heads = self.decode_head
        return heads[-1] if isinstance(heads, nn.ModuleList) else heads

    def _crop_metas(self, crops: Tensor) -> List[dict]:
        """What mmseg's heads ask for: the size to predict."""
        # Most read the first one only, and counting the crops would build
        # their number into an exported network.
        plain = isinstance(self._last_head, BaseDecodeHead)
        count = 1 if plain else len(crops)
        return [dict(img_shape=tuple(crops.shape[2:]))] * count

    def _forward(self,
                 inputs: Tensor,
                 data_samples: Optional[SampleList] = None) -> MapsAndIoU:
        """``mode='tensor'``: logits of crops at their size and IoU scores."""
        metas = self._crop_metas(inputs)
        if not hasattr(self.decode_head, 'forward_with_iou'):
            return self.encode_decode(inputs, metas), None
        logits, iou = self.decode_head.forward_with_iou(
            self.extract_feat(inputs))
        return self.decode_head.predict_by_feat(logits, metas), iou


@MODELS.register_module()
class CascadeTopDownParser(TopDownParser, CascadeEncoderDecoder):
    """A :class:`TopDownParser` with a cascade of decode heads, as OCRNet's.

    Args:
        num_stages (int): Number of decode heads, at least 2.
        decode_head (list[dict]): Config of each. The first takes the
            features, each other one also the logits of the one before. If
            the first is a :class:`QANetHead` with an IoU branch, its IoU
            score is the cascade's.
        kwargs: Those of :class:`TopDownParser`.
    """

    def __init__(self, num_stages: int, decode_head: Sequence[ConfigType],
                 **kwargs) -> None:
        if (not isinstance(decode_head, (list, tuple))
                or len(decode_head) != num_stages or num_stages < 2):
            raise InputError(
                'CascadeTopDownParser needs decode_head, a list of num_stages='
                f'{num_stages} configs, at least two, but got {decode_head}')
        super().__init__(
            num_stages=num_stages, decode_head=list(decode_head), **kwargs)

    def _forward(self,
                 inputs: Tensor,
                 data_samples: Optional[SampleList] = None) -> MapsAndIoU:
        first, *middle, last = self.decode_head
        feats, iou = self.extract_feat(inputs), None
        if hasattr(first, 'forward_with_iou'):
            output, iou = first.forward_with_iou(feats)
        else:
            output = first(feats)
        for head in middle:
            output = head(feats, output)
        return last.predict(feats, output, self._crop_metas(inputs),
                            self.test_cfg), iou


@MODELS.register_module()
def AugmentedParser(module: ConfigType, **settings) -> nn.Module:
    """Build a parser with other settings: the ``tta_model`` of mmseg's tools.

    mmseg's ``tools/test.py --tta`` puts the model into it as ``module``. A
    parser augments by itself (``docs/test_time_augmentation.md``).

    Args:
        module (dict): Config of a :class:`TopDownParser`, or of a
            :class:`ParserEnsemble`, whose parsers are all augmented; an
            InputError if it does not crop persons.
        settings: ``flip`` and ``scales`` of :class:`CropSettings`.
    """
    module = ConfigDict(module)
    for model in module.get('parsers', [module]):
        if 'crop_size' not in (model.get('test_cfg') or {}):
            raise InputError(
                'AugmentedParser (--tta) is for top-down parsers, whose '
                f'test_cfg has a crop_size, but the model is {model.type}')
        model.test_cfg = dict(model.test_cfg, **settings)
    return MODELS.build(module)
