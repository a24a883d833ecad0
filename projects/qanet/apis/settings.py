# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a user may set of the inferencer, checked before anything runs."""
import inspect
from typing import Any, Dict

from torch import nn

from projects.qanet.densepose.visualizer import DensePoseVisualizer
from projects.qanet.quality import check_weights
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number, plain_number
from projects.qanet.visualization import ParsingVisualizer
from .parser_builder import gives_surface

_ELSEWHERE = ('score_thr', 'nms_thr')
_SURFACE = ('surface', 'atlas')


def merge_settings(defaults: Dict[str, Any], /,
                   **given: Any) -> Dict[str, Any]:
    """The constructor's settings, replaced by a call's; plain floats."""
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise InputError(f'there is no argument {unknown[0]!r}, a call '
                         f'may change {", ".join(defaults)}')
    settings = {**defaults, **given}
    for name in ('bbox_thr', 'score_thr', 'nms_thr'):
        value = settings[name] = plain_number(settings[name])
        if not (is_number(value) or name == 'nms_thr' and value is None):
            raise InputError(f'{name} must be a finite number, not {value!r}')
    if settings['quality_weights'] is not None:
        settings['quality_weights'] = check_weights(
            settings['quality_weights'])
    return settings


def make_visualizer(cfg: Dict[str, Any], model: nn.Module,
                    dataset_meta: Dict[str, Any]) -> ParsingVisualizer:
    """A model's visualizer, with a data set's ``classes`` and ``palette``."""
    if not isinstance(cfg, dict):
        raise InputError('visualizer must be a dict of arguments of '
                         f'ParsingVisualizer, not {cfg!r}')
    surface = {name: cfg.get(name) for name in _SURFACE}
    cls, own = ParsingVisualizer, ()
    if gives_surface(model, **surface):
        cls, own = DensePoseVisualizer, _SURFACE
    known = *inspect.signature(ParsingVisualizer).parameters, *own
    allowed = [name for name in known if name not in _ELSEWHERE]
    for name in cfg:
        if name in _ELSEWHERE:
            raise InputError(f'visualizer has {name}: give {name}= to the '
                             'inferencer, it counts for label maps, too')
        if name not in allowed:
            raise InputError(f'visualizer has {name!r}, allowed are '
                             f'{", ".join(allowed)}')
    visualizer = cls(**cfg)
    visualizer.dataset_meta = dataset_meta
    return visualizer
