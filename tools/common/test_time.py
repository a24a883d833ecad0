# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Changes of configs for testing: full augmentation, several models."""
from typing import List, Sequence, Tuple

from mmengine.config import Config, ConfigDict

from projects.qanet.utils.configs import type_name
from projects.qanet.utils.errors import InputError

_TTA_KEYS = ('flip', 'scales')


def pair_models(arguments: Sequence[str]) -> List[Tuple[str, str]]:
    """(config, checkpoint) of each model on the command line."""
    if len(arguments) % 2:
        raise InputError('configs and checkpoints go in pairs (CONFIG '
                         f'CHECKPOINT ...), but {arguments[-1]} stands alone')
    return list(zip(arguments[::2], arguments[1::2]))


def enable_tta(cfg: Config, name: str) -> None:
    """Put ``tta_cfg`` of a config into the ``test_cfg`` of its parsers.

    Messages call the config ``name``.
    """
    example = 'tta_cfg = dict(flip=True, scales=(1., 0.9, 1.1, 1.2, 1.3))'
    settings = cfg.get('tta_cfg')
    if not settings:
        raise InputError(f'--tta: {name} has no {example}')
    unknown = [key for key in settings if key not in _TTA_KEYS]
    if unknown:
        raise InputError(f'--tta: tta_cfg of {name} has the key '
                         f'{unknown[0]!r}, allowed are {", ".join(_TTA_KEYS)}')
    for model in cfg.model.get('parsers', [cfg.model]):
        if 'crop_size' not in (model.get('test_cfg') or {}):
            raise InputError(
                f'--tta: {name} has a {type_name(model.type)}; augmentation '
                'is for top-down parsers, whose test_cfg has a crop_size')
        model.test_cfg.update(settings)


def make_ensemble(cfg: Config, others: Sequence[Config]) -> None:
    """Put the models of other configs, as an ensemble, into the first one.

    All else stays, also the post-processor that fuses scores.
    """
    post_processor = cfg.model.get('post_processor',
                                   ConfigDict(type='QualityAwareModule'))
    cfg.model = ConfigDict(
        type='mmseg.ParserEnsemble',
        parsers=[cfg.model, *(other.model for other in others)],
        post_processor=post_processor)
