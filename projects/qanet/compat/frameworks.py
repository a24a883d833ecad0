# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Are the frameworks there, of one line, in versions that fit?"""
import re
from importlib import metadata
from importlib.util import find_spec
from typing import List

_MMCV, _MMENGINE = '>=2.0.0,<2.2.0', '>=0.8.0'
#: Distributions of OpenMMLab's own releases and of the maintained forks, with
#: the ranges of ``requirements/openmmlab.txt`` and ``requirements/onedl.txt``.
#: mmcv is mmcv-lite with compiled operators.
RANGES = dict(
    openmmlab={
        'mmcv': _MMCV,
        'mmcv-lite': _MMCV,
        'mmdet': '>=3.1.0,<3.4.0',
        'mmengine': _MMENGINE,
        'mmengine-lite': _MMENGINE,
        'mmpretrain': '>=1.0.0',
        'mmsegmentation': '>=1.1.0,<1.3.0',
    },
    onedl={
        'onedl-mmcv': '>=2.3.6,<2.4',
        'onedl-mmdetection': '>=3.5.1,<3.6',
        'onedl-mmengine': '>=0.10.12,<0.11',
        'onedl-mmpretrain': '>=1.3.6,<1.4',
        'onedl-mmsegmentation': '>=1.4.2,<1.5',
    })
_NEEDED = ('mmengine', 'mmcv', 'mmseg')
_INSTALL = "pip install -e '.[openmmlab]' or '.[onedl]'"


def _release(version: str) -> List[int]:
    """The first three numbers of a version."""
    return [*map(int, re.findall(r'\d+', version)), 0, 0, 0][:3]


def _fits(version: str, wanted: str) -> bool:
    """Whether a version lies in a range such as ``>=2.0.0,<2.2.0``."""
    return all((_release(version) >= _release(limit)) == (sign == '>=')
               for sign, limit in re.findall(r'(>=|<)([\d.]+)', wanted))


def check_frameworks() -> None:
    """Raise an ImportError if the installed OpenMMLab cannot work.

    That is if distributions of both lines are installed, if mmengine, mmcv or
    mmseg is missing, or if a version is outside its range. Nothing is
    imported; a module without a distribution (on PYTHONPATH) is taken as it
    is.
    """
    installed = {}
    for line, ranges in RANGES.items():
        for name in ranges:
            try:
                installed[line, name] = str(metadata.version(name))
            except metadata.PackageNotFoundError:
                pass
    if len({line for line, _ in installed}) > 1:
        names = [name for _, name in installed]
        raise ImportError(
            f'{", ".join(names)} are of two lines of OpenMMLab, which '
            'overwrite each other: remove them all (pip uninstall '
            f'{" ".join(names)}) and install one line ({_INSTALL})')
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ImportError(f'{", ".join(missing)} cannot be found: {_INSTALL}, '
                          'see docs/installation.md')
    for (line, name), version in installed.items():
        wanted = RANGES[line][name]
        if not _fits(version, wanted):
            raise ImportError(
                f'{name} {version} is installed, but the plugin needs '
                f"{name}{wanted}: pip install '{name}{wanted}'")
