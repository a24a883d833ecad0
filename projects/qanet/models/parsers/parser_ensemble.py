# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Iterator, Optional, Sequence, Union

import torch
from mmengine.model import BaseModel
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor, nn

from projects.qanet.datasets.metainfo import checkpoint_meta
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import load_checkpoint
from ..post_processors import PersonProbs
from .person_crops import add_predictions, sizes_of


@MODELS.register_module()
class ParserEnsemble(BaseModel):
    """Several top-down parsers whose probabilities are averaged.

    Each has its own network, crop size, normalisation and test-time
    augmentation, and parses every person. The probabilities are averaged over
    the augmentations of each parser, then over the parsers, which count the
    same. So are the IoU scores of those that regress them. It does not train,
    see ``docs/test_time_augmentation.md``.

    Args:
        parsers (list[dict | TopDownParser]): The parsers or their configs.
        post_processor (dict, optional): Config of the module that fuses the
            scores. Defaults to that of the first parser.
        data_preprocessor (dict): Moves images to the device; each parser
            normalises its own crops.

    Raises:
        InputError: If the parsers have different classes, if there are none,
            or other models among them.
    """

    def __init__(self,
                 parsers: Sequence[Union[ConfigType, nn.Module]],
                 post_processor: OptConfigType = None,
                 data_preprocessor: ConfigType = dict(
                     type='mmseg.ParsingDataPreprocessor'),
                 init_cfg: OptConfigType = None) -> None:
        super().__init__(MODELS.build(data_preprocessor), init_cfg)
        self.parsers = nn.ModuleList([
            parser if isinstance(parser, nn.Module) else MODELS.build(parser)
            for parser in parsers
        ])
        for index, parser in enumerate(self.parsers):
            if (not hasattr(parser, 'predict_persons')
                    or isinstance(parser, ParserEnsemble)):
                raise InputError(
                    'an ensemble is made of top-down parsers, but parser '
                    f'{index} is a {type(parser).__name__}')
        if not self.parsers:
            raise InputError('an ensemble needs at least one parser')
        self.num_classes = self.parsers[0].num_classes
        self.post_processor = (
            self.parsers[0].post_processor
            if post_processor is None else MODELS.build(post_processor))
        self.dataset_meta: Optional[dict] = None
        self._check_classes([f'parser {k}' for k in range(len(self.parsers))])

    def load_checkpoints(self, filenames: Sequence[str]) -> None:
        """Load one checkpoint for each parser.

        An InputError says what does not fit.
        """
        if len(filenames) != len(self.parsers):
            raise InputError(f'{len(self.parsers)} parsers need as many '
                             f'checkpoints, but got {len(filenames)}')
        for parser, filename in zip(self.parsers, filenames):
            checkpoint = load_checkpoint(parser, filename)
            parser.dataset_meta = checkpoint_meta(checkpoint)
        self._check_classes(filenames)

    def _check_classes(self, names: Sequence[str]) -> None:
        known = None
        for name, parser in zip(names, self.parsers):
            if parser.num_classes != self.num_classes:
                raise InputError(
                    f'an ensemble needs one set of classes: {name} has '
                    f'{parser.num_classes}, {names[0]} has {self.num_classes}')
            meta = getattr(parser, 'dataset_meta', None)
            if not meta or 'classes' not in meta:
                continue
            if known is None:
                known, self.dataset_meta = name, meta
            for k, (ours, theirs) in enumerate(
                    zip(self.dataset_meta['classes'], meta['classes'])):
                if ours != theirs:
                    raise InputError(
                        f'an ensemble needs one set of classes: class {k} is '
                        f'{theirs!r} in {name} and {ours!r} in {known}')

    def forward(self,
                inputs: Sequence[Tensor],
                data_samples: Optional[SampleList] = None,
                mode: str = 'predict') -> SampleList:
        """Parse images, see :meth:`TopDownParser.predict`; no other mode."""
        if mode != 'predict':
            raise InputError(f"mode {mode!r}: an ensemble only knows 'predict'"
                             '; train its parsers one by one')
        return add_predictions(
            self.predict_persons(inputs, data_samples), sizes_of(inputs),
            data_samples, self.post_processor, self.num_classes)

    def predict_persons(self, images: Sequence[Tensor],
                        data_samples: SampleList) -> Iterator[PersonProbs]:
        """The persons of :func:`predict_persons`, as all parsers see them.

        The parsers take turns, so each holds one chunk of persons at a time.
        """
        views = (
            parser.predict_persons(images, data_samples)
            for parser in self.parsers)
        return map(_merge, zip(*views))


def _merge(persons: Sequence[PersonProbs]) -> PersonProbs:
    ious = [p.iou_score for p in persons if p.iou_score is not None]
    return persons[0]._replace(
        probs=[probs for person in persons for probs in person.probs],
        boxes=[box for person in persons for box in person.boxes],
        iou_score=torch.stack(ious).mean() if ious else None,
        group_sizes=tuple(len(person.probs) for person in persons))
