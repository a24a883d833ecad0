# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Python that a document shows is valid, and imports what exists."""
import ast
import re
import textwrap

import pytest

from .pages import PAGES


def blocks():
    for page, text in PAGES.items():
        found = re.findall(r'^ *```python\n(.*?)^ *```', text, re.S | re.M)
        # Indented ones are of any language; these are Python.
        found += [
            block for block in re.findall(r'^(?: {4}.*\n)+', text, re.M)
            if re.match(r' +(from|import) ', block)
        ]
        for i, block in enumerate(found):
            yield pytest.param(textwrap.dedent(block), id=f'{page}:{i}')


@pytest.mark.parametrize('code', blocks())
def test_imports(code):
    # `...` stands for more settings between keyword arguments.
    code = re.sub(r'^(\s+)\.\.\.(\)*),?$', r'\1**{}\2,', code, flags=re.M)
    tree = ast.parse(re.sub(r',,', ',', code))
    imports = [
        node for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    exec(compile(ast.Module(imports, []), 'document', 'exec'), {})
