# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A config can be read without a hunt through its bases."""
import ast
from pathlib import Path

import pytest

CONFIGS = Path(__file__).parents[2] / 'configs'


def base_files(path):
    """Bases of a config that are files of this repository."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '_base_':
            bases = ast.literal_eval(node.value)
            bases = [bases] if isinstance(bases, str) else bases
            return [path.parent / base for base in bases if '::' not in base]
    return []


def longest_chain(path):
    """Files on the longest way from a config to a base without bases."""
    return 1 + max(map(longest_chain, base_files(path)), default=0)


def test_chains_are_counted(tmp_path):
    (tmp_path / 'a.py').write_text('x = 1\n')
    (tmp_path / 'b.py').write_text("_base_ = './a.py'\n")
    (tmp_path / 'c.py').write_text(
        "_base_ = ['mmdet::x.py', './a.py', './b.py']\ny = _base_.x\n")
    assert [longest_chain(tmp_path / f'{name}.py')
            for name in 'abc'] == [1, 2, 3]


@pytest.mark.parametrize('path', [
    pytest.param(path, id=str(path.relative_to(CONFIGS)))
    for path in sorted(CONFIGS.rglob('*.py'))
])
def test_at_most_three_files(path):
    assert longest_chain(path) <= 3


def test_every_base_is_used():
    used = {
        base.resolve()
        for path in CONFIGS.rglob('*.py')
        for base in base_files(path)
    }
    assert used >= set((CONFIGS / '_base_').rglob('*.py'))
