# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Each command that a document shows is read by the tool's own parser."""
import argparse
import functools
import re
import runpy
import shlex
import sys

import pytest

from .pages import PAGES, ROOT

#: Arguments that may be left out.
OPTIONAL = re.compile(r'\[([^\]]*)\]')
#: Scripts that hand their arguments on, and how many are theirs.
LAUNCHERS = {
    'tools/dist_train.sh': ('tools/train.py', (0, ), 2),
    'tools/dist_test.sh': ('tools/test.py', (0, 1), 3)
}


def blocks(text):
    yield from re.findall(r'^ *```shell\n(.*?)^ *```', text, re.S | re.M)
    yield from re.findall(r'^(?: {4}.*\n)+', text, re.M)
    for inline in re.findall(r'`(python (?:studies|tools)/[^`]+)`', text):
        yield inline.replace('\n', ' ')


def commands():
    """Tool and arguments of each command of all pages, with a page."""
    found = {}
    for page in PAGES:
        for block in blocks(PAGES[page]):
            for line in block.replace('\\\n', ' ').splitlines():
                match = re.search(
                    r'(?:python |^ *)((?:studies|tools)/[\w/]+\.(?:py|sh))'
                    r'(.*)', line)
                if not match or '<<' in line:
                    continue
                # shlex drops comments; an optional part is written out.
                words = shlex.split(
                    OPTIONAL.sub(r'\1', match[2].replace('[...]', '')),
                    comments=True)
                tool = match[1]
                if tool in LAUNCHERS:
                    tool, kept, own = LAUNCHERS[tool]
                    words = [words[i] for i in kept] + words[own:]
                if tool.endswith('.py'):
                    found.setdefault((tool, *words), page)
    return found


COMMANDS = commands()


@functools.lru_cache(None)
def load(tool):
    return runpy.run_path(str(ROOT / tool))


class Parsed(Exception):
    """A tool without ``parse_args`` has read its arguments."""


def parse_and_stop(parser):
    _, unknown = parser.parse_known_args()
    assert unknown == []
    raise Parsed


def test_there_are_commands():
    tools = {words[0] for words in COMMANDS}
    assert len(COMMANDS) > 60 and len(tools) > 20


def test_options_exist():
    sources = '\n'.join(
        path.read_text(encoding='utf-8')
        for folder in ('tools', 'studies', 'projects/qanet/runtime')
        for path in (ROOT / folder).rglob('*.py'))
    for page, text in PAGES.items():
        for option in re.findall(r'`(?:[\w/.]+ )?(--[a-z][\w-]*)', text):
            assert f"'{option}'" in sources, (page, option)


@pytest.mark.parametrize('words', sorted(COMMANDS), ids=' '.join)
def test_a_command_parses(words, monkeypatch, capsys):
    tool, *arguments = words
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, 'argv', [tool, *arguments])
    try:
        module = load(tool)
        if 'parse_args' in module:
            module['parse_args']()
        else:
            monkeypatch.setattr(argparse.ArgumentParser, 'parse_args',
                                parse_and_stop)
            with pytest.raises(Parsed):
                module['main']()
    except SystemExit:
        assert '--help' in arguments, (COMMANDS[words],
                                       capsys.readouterr().err)
