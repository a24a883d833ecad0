# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What is said of frameworks that are missing, mixed or too new."""
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from projects.qanet.compat import frameworks

ROOT = Path(__file__).parents[2]
OPENMMLAB = dict(mmcv='2.1.0', mmengine='0.10.7', mmsegmentation='1.2.2')
ONEDL = {
    'onedl-mmcv': '2.3.6',
    'onedl-mmengine': '0.10.12',
    'onedl-mmsegmentation': '1.4.2'
}
INSTALL = "pip install -e '.[openmmlab]' or '.[onedl]'"


@pytest.fixture
def check(monkeypatch):
    """The check where these distributions and modules are all there is."""

    def run(distributions, modules=('mmengine', 'mmcv', 'mmseg')):

        def version(name):
            if name not in distributions:
                raise metadata.PackageNotFoundError(name)
            return distributions[name]

        monkeypatch.setattr(metadata, 'version', version)
        monkeypatch.setattr(frameworks, 'find_spec', lambda name: name
                            if name in modules else None)
        frameworks.check_frameworks()

    return run


@pytest.mark.parametrize('distributions', [
    {},
    OPENMMLAB,
    ONEDL,
    dict(OPENMMLAB, mmcv='2.0.0', mmdet='3.3.0', mmpretrain='1.10.0rc8'),
    dict(OPENMMLAB, mmcv='2.1.99+cu130', mmengine='1'),
    {
        'mmcv-lite': '2.0',
        'mmengine-lite': '0.8.0'
    },
])
def test_what_is_fine(check, distributions):
    check(distributions)


@pytest.mark.parametrize('distributions, message', [
    (dict(OPENMMLAB, mmcv='2.2.0'), 'mmcv 2.2.0 is installed, but the plugin '
     "needs mmcv>=2.0.0,<2.2.0: pip install 'mmcv>=2.0.0,<2.2.0'"),
    (dict(OPENMMLAB, mmengine='0.7.4'), 'mmengine 0.7.4 is installed, but the '
     "plugin needs mmengine>=0.8.0: pip install 'mmengine>=0.8.0'"),
    (dict(OPENMMLAB, mmdet='3.0.0'), 'mmdet 3.0.0 is installed, but the '
     "plugin needs mmdet>=3.1.0,<3.4.0: pip install 'mmdet>=3.1.0,<3.4.0'"),
    ({
        **ONEDL, 'onedl-mmcv': '2.4.0rc1'
    }, 'onedl-mmcv 2.4.0rc1 is installed, but the plugin needs '
     "onedl-mmcv>=2.3.6,<2.4: pip install 'onedl-mmcv>=2.3.6,<2.4'"),
    (dict(mmcv='2.1.0', **ONEDL), 'mmcv, onedl-mmcv, onedl-mmengine, '
     'onedl-mmsegmentation are of two lines of OpenMMLab, which overwrite '
     'each other: remove them all (pip uninstall mmcv onedl-mmcv '
     f'onedl-mmengine onedl-mmsegmentation) and install one line ({INSTALL})'),
])
def test_what_is_refused(check, distributions, message):
    with pytest.raises(ImportError) as error:
        check(distributions)
    assert str(error.value) == message


def test_what_is_missing(check):
    with pytest.raises(ImportError) as error:
        check({}, ['mmengine'])
    assert str(error.value) == (
        f'mmcv, mmseg cannot be found: {INSTALL}, see docs/installation.md')


def test_the_plugin_looks_before_it_imports():
    """Python without any third-party package."""
    done = subprocess.run(
        [sys.executable, '-S', '-c', 'import projects.qanet.plugin'],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True)
    assert done.returncode == 1
    assert ('ImportError: mmengine, mmcv, mmseg cannot be found: pip'
            in done.stderr)


@pytest.mark.parametrize('line', frameworks.RANGES)
def test_ranges_are_those_that_pip_is_told(line):
    text = (ROOT / f'requirements/{line}.txt').read_text()
    told = dict(re.findall(r'^([\w-]+)(>=\S+)', text, re.M))
    ranges = frameworks.RANGES[line]
    assert told.items() <= ranges.items()
    others = {name for name in ranges if name not in told}
    assert others == ({'mmcv', 'mmengine-lite'}
                      if line == 'openmmlab' else set())
    assert all(ranges[name] in told.values() for name in others)
