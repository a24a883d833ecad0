# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The documents of the repository."""
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Text of each page by its path.
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding='utf-8')
    for pattern in ('*.md', 'docs/*.md', 'configs/*/*.md', 'projects/*/*.md',
                    'studies/*.md')
    for path in sorted(ROOT.glob(pattern))
}
