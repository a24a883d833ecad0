# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Build a trained parser from a config and a checkpoint, or an ONNX file."""
import os.path as osp
from typing import Any, Dict, List, Optional, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.hub import get_config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS, MODELS
from torch import nn

from projects.qanet.datasets.metainfo import complete_metainfo
from projects.qanet.deployment.onnx_parser import OnnxParser
from projects.qanet.utils.checkpoint import load_checkpoint
from projects.qanet.utils.errors import InputError

#: A built parser, its config, or the path of its config or ONNX file.
ModelType = Union[str, Config, nn.Module]

_DATALOADERS = ('test_dataloader', 'val_dataloader', 'train_dataloader')


def read_config(config: Union[str, Config]) -> Config:
    """Read a config file.

    Args:
        config (str | Config): Path, ``package::path`` inside an installed
            package, or a config, which is returned as it is.

    Returns:
        Config: The config.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is no config, or holds no model.
    """
    if not isinstance(config, Config):
        config = _read_file(str(config))
    if 'model' not in config:
        raise InputError(f'config {config.filename} has no model')
    return config


def _read_file(path: str) -> Config:
    """Read a file, or a config of an installed package."""
    if '::' in path:
        return get_config(path)
    if not osp.isfile(path):
        raise FileNotFoundError(f'config {path} not found')
    if not path.endswith(('.py', '.json', '.yaml', '.yml')):
        raise InputError(f'{path} is no config file (.py, .json, .yaml)')
    return Config.fromfile(path)


def _dataset_configs(config: Config) -> List[Dict[str, Any]]:
    """Configs of the innermost datasets, the test set first."""
    found = []
    for loader in _DATALOADERS:
        dataset = (config.get(loader) or {}).get('dataset')
        while dataset is not None and 'dataset' in dataset:
            dataset = dataset['dataset']
        if dataset is not None and 'datasets' in dataset:
            dataset = dataset['datasets'][0]
        if dataset is not None:
            found.append(dataset)
    return found


def _complete(meta: Dict[str, Any], where: str) -> Dict[str, Any]:
    """Checked classes, palette and flip pairs, out of ``where``."""
    try:
        return complete_metainfo({k.lower(): v for k, v in meta.items()})
    except ValueError as error:
        raise InputError(f'{where}: {error}') from error


def config_meta(config: Config) -> Optional[Dict[str, Any]]:
    """What the data set of a config says about its classes.

    Args:
        config (Config): A parser's config.

    Returns:
        dict | None: ``classes``, ``palette`` and ``flip_pairs``; None if the
        config names no data set that knows them.
    """
    for dataset in _dataset_configs(config):
        cls = DATASETS.get(dataset.get('type'))
        meta = dict(getattr(cls, 'METAINFO', None) or {})
        meta.update(dataset.get('metainfo') or {})
        if meta.get('classes'):
            return _complete(meta, f'data set of {config.filename}')
    return None


def test_pipeline(config: Config) -> Compose:
    """The transforms that make a loaded image into the model's input.

    Args:
        config (Config): A parser's config.

    Returns:
        Compose: The test pipeline without its loading steps; packing alone
        if the config has none.
    """
    pipeline = config.get('test_pipeline')
    if pipeline is None:
        datasets = _dataset_configs(config)
        pipeline = datasets[0].get('pipeline') if datasets else None
    steps = [
        step for step in pipeline or []
        if not str(step['type']).split('.')[-1].startswith('Load')
    ]
    with DefaultScope.overwrite_default_scope('mmseg'):
        return Compose(steps or [dict(type='PackParsingInputs')])


def build_parser(config: Config, weights: Optional[str],
                 device: str) -> nn.Module:
    """Build a parser and fill it.

    Args:
        config (Config): The config.
        weights (str, optional): Checkpoint. None leaves the parser untrained,
            and warns about it.
        device (str): Where it will run.

    Returns:
        nn.Module: The parser in evaluation mode, with ``dataset_meta``: that
        of the checkpoint if it has one, else the config's.

    Raises:
        InputError: If the checkpoint cannot be read or does not fit.
        InputError: If nothing names the classes.
    """
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(config.model)
        meta = None
        if weights is None:
            MMLogger.get_current_instance().warning(
                'No weights given: the parser is untrained and its results '
                'mean nothing')
        else:
            checkpoint = load_checkpoint(model, weights, map_location='cpu')
            meta = (checkpoint.get('meta') or {}).get('dataset_meta')
        if meta is not None:
            meta = _complete(meta, f'dataset_meta of {weights}')
        model.dataset_meta = meta or config_meta(config)
    return model.to(device).eval()


def is_onnx(model: ModelType) -> bool:
    """Whether a model is an ONNX file, by its name.

    Args:
        model (str | Config | nn.Module): A parser, its config or file.

    Returns:
        bool: True if it is a path that ends with .onnx.
    """
    return (not isinstance(model, (Config, nn.Module))
            and str(model).lower().endswith('.onnx'))


def load_parser(model: ModelType, weights: Optional[str],
                device: str) -> Tuple[nn.Module, Compose]:
    """A parser and the pipeline that feeds it, from whatever describes it.

    Args:
        model (str | Config | nn.Module): Config or its file, an ONNX file, or
            a built parser.
        weights (str, optional): Checkpoint, for configs.
        device (str): Where it will run.

    Returns:
        tuple[nn.Module, Compose]: The parser in evaluation mode, and the test
        pipeline without its loading steps.

    Raises:
        FileNotFoundError: If a file is missing.
        InputError: If the checkpoint cannot be read or does not fit.
        InputError: If nothing names the classes, or the ONNX file is wrong or
            is given with weights.
    """
    if isinstance(model, nn.Module):
        config = getattr(model, 'cfg', None) or Config()
        return model.to(device).eval(), test_pipeline(config)
    if is_onnx(model):
        if weights is not None:
            raise InputError(f'{model} holds its own weights, but weights='
                             f'{weights} is given as well')
        return OnnxParser(str(model), device), test_pipeline(Config())
    config = read_config(model)
    return build_parser(config, weights, device), test_pipeline(config)


def checked_meta(model: nn.Module) -> Dict[str, Any]:
    """The classes of a parser.

    Args:
        model (nn.Module): A parser.

    Returns:
        dict: ``classes``, ``palette`` and ``flip_pairs``.

    Raises:
        InputError: If it has none, or as many as do not fit its outputs.
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


def choose_device(device: Optional[str] = None) -> str:
    """Check the device, or choose one.

    Args:
        device (str, optional): 'cpu', 'cuda', 'cuda:1' and the like.

    Returns:
        str: The device; 'cuda' if none is named and there is one, else 'cpu'.

    Raises:
        InputError: If there is no such device on this machine.
    """
    if device is None:
        return 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f'device {device!r} is not available here: '
                         f'{str(error).splitlines()[0]}') from error
    return device
