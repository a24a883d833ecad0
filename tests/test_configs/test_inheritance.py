# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A config can be read without a hunt through its bases."""
import ast
from pathlib import Path

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


def test_at_most_three_files_and_no_unused_base():
    chains = {path: longest_chain(path) for path in CONFIGS.rglob('*.py')}
    assert [path for path in chains if chains[path] > 3] == []
    assert max(chains.values()) == 3  # they are counted
    used = {base.resolve() for path in chains for base in base_files(path)}
    assert used >= set((CONFIGS / '_base_').rglob('*.py'))
