# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Build a trained parser from a config and a checkpoint, or an ONNX file."""
import copy
from typing import Any, Dict, List, Optional, Tuple, Union

from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import DATASETS, MODELS
from torch import nn

from projects.qanet import models  # noqa: F401, registers them
from projects.qanet.datasets import registered  # noqa: F401, these, too
from projects.qanet.datasets.metainfo import checkpoint_meta, complete_metainfo
from projects.qanet.densepose.registered import DensePoseParser
from projects.qanet.deployment.network import default_device
from projects.qanet.deployment.onnx_parser import OnnxParser
from projects.qanet.utils.configs import read_config, type_name
from projects.qanet.utils.device import choose_device
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import load_checkpoint

#: A built parser, its config, or the path of its config or ONNX file.
ModelType = Union[str, Config, nn.Module]


def _dataset_configs(config: Config) -> List[Dict[str, Any]]:
    """Configs of the innermost datasets, the test set first."""
    found = []
    for name in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        dataset = (config.get(name) or {}).get('dataset') or {}
        while 'dataset' in dataset:
            dataset = dataset['dataset']
        found += dataset.get('datasets', [dataset])[:1]
    return [dataset for dataset in found if dataset]


def _complete(meta: Dict[str, Any], where: str) -> Dict[str, Any]:
    """Checked classes, palette and flip pairs, out of ``where``."""
    try:
        return complete_metainfo(meta)
    except ValueError as error:
        raise InputError(f'{where}: {error}') from error


def _config_meta(config: Config) -> Optional[Dict[str, Any]]:
    """What the first data set of a config that has classes says of them."""
    for dataset in _dataset_configs(config):
        cls = dataset.get('type')
        cls = cls if isinstance(cls, type) else DATASETS.get(cls)
        meta = dict(getattr(cls, 'METAINFO', None) or {})
        meta.update(dataset.get('metainfo') or {})
        if meta.get('classes'):
            return _complete(meta, f'data set of {config.filename}')
    return None


def config_scope(config: Config) -> str:
    """The registry scope of a config's models and transforms."""
    return config.get('default_scope') or 'mmseg'


def test_pipeline(config: Config) -> Compose:
    """A config's test pipeline but for loading, or packing alone."""
    pipeline = config.get('test_pipeline')
    if pipeline is None:
        found = _dataset_configs(config)
        pipeline = found[0].get('pipeline') if found else None
    steps = [
        step for step in pipeline or []
        if not type_name(step['type']).startswith('Load')
    ]
    with DefaultScope.overwrite_default_scope(config_scope(config)):
        return Compose(steps or [dict(type='mmseg.PackParsingInputs')])


def build_parser(config: Union[str, Config], weights: Optional[str],
                 device: str) -> nn.Module:
    """Build a parser, fill it and put it into evaluation mode.

    Its ``dataset_meta`` is the checkpoint's if that has one, else the
    config's. Without weights it is untrained, and that is warned of. Raises a
    FileNotFoundError if the config is missing, an InputError if it has no
    model, or the checkpoint cannot be read or does not fit.
    """
    config = read_config(config)
    if 'model' not in config:
        raise InputError(f'config {config.filename} has no model')
    with DefaultScope.overwrite_default_scope(config_scope(config)):
        model = _checked(MODELS.build(copy.deepcopy(config.model)))
        meta = None
        if weights is None:
            MMLogger.get_current_instance().warning(
                'No weights given: the parser is untrained and its results '
                'mean nothing')
        else:
            meta = checkpoint_meta(load_checkpoint(model, weights))
        model.dataset_meta = _config_meta(config) if meta is None else (
            _complete(meta, f'dataset_meta of {weights}'))
    return model.to(device).eval()


def _checked(model: nn.Module) -> nn.Module:
    """A model, unless it labels pixels without persons, or only boxes."""
    name = type(model).__name__
    if not (hasattr(model, 'predict_persons') or finds_persons(model)):
        if isinstance(model, BaseSegmentor):
            raise InputError(f'the model is a {name}, which labels pixels and '
                             'knows no persons; a parser is a TopDownParser, '
                             'see docs/mixing.md')
        if hasattr(model, 'bbox_head') or hasattr(model, 'roi_head'):
            raise InputError(f'the model is a {name}, which finds boxes and '
                             'labels no parts: it may be the detector, but '
                             'the parser is missing')
    return model


def finds_persons(model: nn.Module, **given: Any) -> bool:
    """Whether a parser finds the persons itself.

    Then an argument that says where they are, not None, is refused.
    """
    if not getattr(model, 'finds_persons', False):
        return False
    for name, value in given.items():
        if value is not None:
            raise InputError(f'{name} is given, but a {type(model).__name__} '
                             'finds the persons itself')
    return True


def gives_surface(model: nn.Module, **given: Any) -> bool:
    """Whether a parser, or one of an ensemble, is of dense pose.

    If not, an argument that asks for it, not None, is refused.
    """
    if any(isinstance(part, DensePoseParser) for part in model.modules()):
        return True
    for name, value in given.items():
        if value is not None:
            raise InputError(f'{name} is given, but a {type(model).__name__} '
                             'gives no dense pose')
    return False


def is_onnx(model: ModelType) -> bool:
    """Whether a model is the path of an ONNX file, by its ending."""
    is_path = not isinstance(model, (Config, nn.Module))
    return is_path and str(model).lower().endswith('.onnx')


def load_parser(model: ModelType, weights: Optional[str],
                device: Optional[str]) -> Tuple[nn.Module, Config, str]:
    """A parser in evaluation mode, its config (maybe empty) and its device."""
    if isinstance(model, nn.Module):
        if device is None:
            tensor = next(model.parameters(), None)
            device = 'cpu' if tensor is None else str(tensor.device)
        device = choose_device(device)
        _checked(model)
        if weights is not None:
            load_checkpoint(model, weights)
        config = getattr(model, 'cfg', None) or Config()
        if finds_persons(model) and not config:
            raise InputError(f'a built {type(model).__name__} needs its '
                             'config, with the test pipeline, as cfg')
        return model.to(device).eval(), config, device
    if not is_onnx(model):
        device, config = choose_device(device), read_config(model)
        return build_parser(config, weights, device), config, device
    if weights is not None:
        raise InputError(f'{model} holds its own weights, but weights='
                         f'{weights} is given as well')
    device = choose_device(default_device() if device is None else device)
    return OnnxParser(str(model), device), Config(), device


def checked_meta(model: nn.Module) -> Dict[str, Any]:
    """``classes``, ``palette`` and ``flip_pairs`` of a parser.

    Raises an InputError if it has none, or they do not fit its outputs.
    """
    meta = getattr(model, 'dataset_meta', None)
    if not meta:
        raise InputError(
            'the names of the classes are unknown: neither the checkpoint '
            '(meta.dataset_meta) nor the config (test_dataloader.dataset) '
            'has them')
    meta = _complete(meta, 'dataset_meta of the model')
    num_classes = getattr(model, 'num_classes', None)
    if num_classes is not None and num_classes != len(meta['classes']):
        raise InputError(f'the model has {num_classes} classes but its data '
                         f'set names {len(meta["classes"])}')
    return meta
