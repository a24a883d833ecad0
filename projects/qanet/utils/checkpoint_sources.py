# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Where mmengine takes checkpoints from, never running what is inside.

mmengine's own loaders unpickle downloads without restriction, and the forks'
retry like that whatever torch has refused. These take their places, so that
``load_from``, ``--resume`` and ``init_cfg`` are as safe as
:func:`read_checkpoint`.
"""
import io
import os.path as osp
from typing import Any, Callable, Dict, Optional

import torch
from mmengine import fileio
from mmengine.dist import barrier, is_main_process
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import (_get_mmengine_home,
                                        _process_mmcls_checkpoint,
                                        get_deprecated_model_names,
                                        get_external_models, get_mmcls_models,
                                        get_torchvision_models)

#: Since 2.6 torch can be told which types are harmless besides weights.
CAN_RESTRICT = tuple(map(int, torch.__version__.split('.')[:2])) >= (2, 6)


def _unpickle(file: Any, map_location: Any) -> Any:
    return torch.load(
        file, map_location=map_location, weights_only=CAN_RESTRICT)


def load_from_local(filename: str, map_location: Any = None) -> Any:
    """Read a file; ``~`` is the home folder."""
    filename = osp.expanduser(filename)
    if not osp.isfile(filename):
        raise FileNotFoundError(f'{filename} can not be found.')
    return _unpickle(filename, map_location)


def load_from_http(filename: str, map_location: Any = None) -> Any:
    """Download a file, the first process before the others."""

    restricted = dict(weights_only=True) if CAN_RESTRICT else {}

    def download() -> Any:
        return torch.hub.load_state_dict_from_url(
            filename, map_location=map_location, **restricted)

    checkpoint = download() if is_main_process() else None
    barrier()
    return checkpoint if is_main_process() else download()


def load_from_ceph(filename: str, map_location: Any = None) -> Any:
    """Read an object of an object store."""
    data = fileio.get(filename, backend_args=dict(backend='petrel'))
    return _unpickle(io.BytesIO(data), map_location)


def load_from_torchvision(filename: str, map_location: Any = None) -> Any:
    """Download one of torchvision's networks, by its name."""
    return _load_named(filename, get_torchvision_models(), map_location)


def load_from_openmmlab(filename: str, map_location: Any = None) -> Any:
    """Download one of the networks that mmengine lists, by its name."""
    renamed = get_deprecated_model_names()
    return _load_named(filename, get_external_models(), map_location, renamed)


def load_from_mmcls(filename: str, map_location: Any = None) -> Any:
    """Download one of mmpretrain's networks, by its name."""
    return _process_mmcls_checkpoint(
        _load_named(filename, get_mmcls_models(), map_location))


def load_from_pavi(filename: str, map_location: Any = None) -> Any:
    """Refuse a service whose client would read the file by itself."""
    raise OSError('pavi:// is not supported, download the file')


def _load_named(filename: str,
                addresses: Dict[str, str],
                map_location: Any,
                renamed: Optional[Dict[str, str]] = None) -> Any:
    name = filename.partition('://')[2]
    address = addresses[(renamed or {}).get(name, name)]
    if address.startswith(('http://', 'https://')):
        return load_from_http(address, map_location)
    return load_from_local(
        osp.join(_get_mmengine_home(), address), map_location)


_LOADERS: Dict[Any, Callable] = {
    ('', ): load_from_local,
    ('http://', 'https://'): load_from_http,
    (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'): load_from_ceph,
    ('modelzoo://', 'torchvision://'): load_from_torchvision,
    ('open-mmlab://', 'openmmlab://'): load_from_openmmlab,
    ('mmcls://', ): load_from_mmcls,
    ('pavi://', ): load_from_pavi,
}


def install_safe_loaders() -> None:
    """Put them in the places of mmengine's loaders."""
    for prefixes, loader in _LOADERS.items():
        CheckpointLoader.register_scheme(prefixes, loader, force=True)
