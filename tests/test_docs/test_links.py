# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the documents point to is there."""
import re
from pathlib import Path

import pytest

from .pages import PAGES, ROOT

FOLDERS = sorted(
    path.name for path in (ROOT / 'configs').iterdir()
    if path.is_dir() and path.name[0] not in '_.')


def read(page):
    """A page without its code blocks, whose brackets are no links."""
    return re.sub(r'^( *)```.*?^\1```', '', PAGES[page], flags=re.S | re.M)


def anchors(page):
    """The anchors that GitHub makes of a page's headings."""
    found = []
    for title in re.findall(r'^#+ (.*)$', read(page), re.M):
        text = re.sub(r'<[^>]+>|\]\([^)]*\)', '', title).lower()
        found.append(re.sub(r'[^\w\- ]', '', text).replace(' ', '-'))
    return found


def broken(page, text):
    """Links of a page that lead nowhere."""
    for link in re.findall(r'\]\(([^)\s]+)\)', text):
        if re.match(r'https?://', link):
            continue
        path, _, anchor = link.partition('#')
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists():
            yield link
        elif anchor and anchor not in anchors(target.resolve().relative_to(
                ROOT.resolve()).as_posix()):
            yield link


@pytest.mark.parametrize('page', PAGES)
def test_links_and_paths(page):
    """Links, and paths of the repository in text and in code."""
    assert list(broken(page, read(page))) == []
    text = PAGES[page].replace('\\\n', ' ')
    named = re.findall(
        r'(?<![\w/:.-])((?:configs|docs|projects|requirements|studies|tests|'
        r'tools)/[\w./-]*\w/?)(?![\w*<{-])', text)
    # A config that the reader is told to write.
    named = {path for path in named if not path.startswith('configs/mine/')}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_index_lists_every_page():
    pages = {path.name for path in (ROOT / 'docs').glob('*.md')}
    listed = re.findall(r'^\| \[([\w.]+)\]', read('docs/README.md'), re.M)
    assert sorted(listed) == sorted(pages - {'README.md'})


@pytest.mark.parametrize('folder', FOLDERS)
def test_every_config_is_described(folder):
    """Each one has a link, or all parts of its name are listed."""
    text = read(f'configs/{folder}/README.md')
    linked = {Path(link).name for link in re.findall(r'\]\((\S+\.py)\)', text)}
    for path in (ROOT / 'configs' / folder).glob('*.py'):
        parts = re.fullmatch(r'qanet_(\S+)_8xb32-140e_(\S+)-(\d+x\d+)',
                             path.stem)
        assert path.name in linked or (folder == 'qanet' and parts
                                       and f'`{parts[1]}`' in text
                                       and f'`{parts[2]}`' in text
                                       and parts[3] in text), path.name
