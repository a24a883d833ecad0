# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the package imports, needs and says about its versions."""
import ast
import configparser
import re
import sys
from pathlib import Path

from projects.qanet import __version__

ROOT = Path(__file__).parents[2]
#: Names of distributions, where they are not those of the module.
DISTRIBUTIONS = dict(cv2='opencv-python-headless', PIL='pillow', yaml='pyyaml')
#: What each line consists of. mmpretrain is imported for what it registers,
#: ftfy and regex on behalf of mmseg.
LINES = dict(
    openmmlab={
        'mmcv-lite', 'mmdet', 'mmengine', 'mmpretrain', 'mmsegmentation',
        'ftfy', 'regex'
    },
    onedl={
        'onedl-mmcv', 'onedl-mmdetection', 'onedl-mmengine',
        'onedl-mmpretrain', 'onedl-mmsegmentation'
    })
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / 'setup.cfg')


def imported(folder):
    """Third-party distributions that the modules in a folder import."""
    found = set()
    for path in (ROOT / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module)
    tops = {name.split('.')[0] for name in found} - {'projects'}
    return {
        DISTRIBUTIONS.get(name, name)
        for name in tops - sys.stdlib_module_names
    }


def required(name):
    """Distributions that a requirements file names."""
    text = (ROOT / f'requirements/{name}.txt').read_text()
    return set(re.findall(r'^([\w-]+)', text, re.M))


def test_the_package_declares_what_it_imports():
    frameworks = {'mmcv', 'mmdet', 'mmengine', 'mmseg'}
    assert imported('projects/qanet') == required('runtime') | frameworks
    assert {line: required(line) for line in LINES} == LINES


def test_nobody_gets_a_line_without_asking():
    """A line put over the other gives a mixture of both."""
    assert SETUP['options']['install_requires'] == (
        'file: requirements/runtime.txt')
    extras = SETUP['options.extras_require']
    for extra in extras:
        names = set(re.findall(r'requirements/(\w+)\.txt', extras[extra]))
        assert names & LINES.keys() <= {extra}, extra
    for name in ('runtime', 'onnx', 'tests'):
        assert not [p for p in required(name) if re.match('mm|onedl', p)]


def test_python_versions_agree():
    listed = re.findall(r':: (3\.\d+)', SETUP['metadata']['classifiers'])
    assert SETUP['options']['python_requires'] == f'>={listed[0]}'
    span = f'Python {listed[0]}-{listed[-1]}'
    for path in ('README.md', 'tools/setup_env.sh'):
        assert span in (ROOT / path).read_text(), path


def test_one_version_everywhere():
    citation = (ROOT / 'CITATION.cff').read_text()
    changes = (ROOT / 'CHANGELOG.md').read_text()
    assert f'\nversion: {__version__}\n' in citation
    assert re.search(r'^## (\S+)', changes, re.M)[1] == __version__


def test_an_installed_package_has_its_templates():
    installed = {
        path
        for package, patterns in SETUP['options.package_data'].items()
        for pattern in patterns.split(', ')
        for path in (ROOT / package.replace('.', '/')).glob(pattern)
    }
    there = {
        path
        for path in (ROOT / 'projects/qanet').rglob('*.*')
        if path.suffix not in ('.py', '.pyc', '.md')
    }
    assert installed == there != set()
