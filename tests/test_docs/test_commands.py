# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every command that a document shows is one that the tools take.

Each tool's own ``parse_args`` reads it, so a missing argument, an unknown
option or a value that is no choice fails. What a command prints is not looked
at here.
"""
import argparse
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    path for pattern in ('*.md', 'docs/*.md', 'configs/*/*.md',
                         'projects/*/*.md', 'studies/*.md')
    for path in ROOT.glob(pattern)
]
#: Arguments that may be left out.
OPTIONAL = re.compile(r'\[([^\]]*)\]')
#: Scripts that hand their arguments on, and how many are theirs.
LAUNCHERS = {
    'tools/dist_train.sh': ('tools/train.py', (0, ), 2),
    'tools/dist_test.sh': ('tools/test.py', (0, 1), 3)
}


def blocks(text):
    """Code of shell blocks, indented ones included."""
    yield from re.findall(r'^ *```shell\n(.*?)^ *```', text, re.S | re.M)
    yield from re.findall(r'^(?: {4}.*\n)+', text, re.M)
    for inline in re.findall(r'`(python (?:studies|tools)/[^`]+)`', text):
        yield inline.replace('\n', ' ')


def commands():
    """Tool and arguments of each command of all pages, each once."""
    found = {}
    for page in sorted(PAGES):
        for block in blocks(page.read_text(encoding='utf-8')):
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
                tool, words = unpack(match[1], words)
                if tool.endswith('.py'):
                    found.setdefault((tool, *words), page.name)
    return found


def unpack(tool, words):
    """The program that a launcher starts, with its arguments."""
    if tool not in LAUNCHERS:
        return tool, words
    tool, kept, own = LAUNCHERS[tool]
    return tool, [words[i] for i in kept] + words[own:]


COMMANDS = commands()


@pytest.fixture(scope='module')
def parsers():
    """Modules of the tools, each loaded once."""
    loaded = {}

    def load(tool):
        if tool not in loaded:
            loaded[tool] = runpy.run_path(str(ROOT / tool))
        return loaded[tool]

    return load


class Parsed(Exception):
    """A tool without ``parse_args`` has read its arguments."""


def parse_and_stop(parser):
    _, unknown = parser.parse_known_args()
    assert unknown == []
    raise Parsed


def test_there_are_commands():
    tools = {words[0] for words in COMMANDS}
    assert len(COMMANDS) > 60 and len(tools) > 20
    assert unpack('tools/dist_test.sh',
                  ['C', 'W', '8', '--tta']) == ('tools/test.py',
                                                ['C', 'W', '--tta'])


def test_options_exist():
    """Options that a page names in its text."""
    sources = '\n'.join(
        path.read_text(encoding='utf-8') for folder in ('tools', 'studies')
        for path in (ROOT / folder).rglob('*.py'))
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        for option in re.findall(r'`(?:[\w/.]+ )?(--[a-z][\w-]*)', text):
            assert f"'{option}'" in sources, (page.name, option)


@pytest.mark.parametrize('words', sorted(COMMANDS), ids=' '.join)
def test_a_command_parses(words, parsers, monkeypatch, capsys):
    tool, *arguments = words
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, 'argv', [tool, *arguments])
    try:
        module = parsers(tool)
        if 'parse_args' in module:
            module['parse_args']()
        else:
            monkeypatch.setattr(argparse.ArgumentParser, 'parse_args',
                                parse_and_stop)
            with pytest.raises(Parsed):
                module['main']()
    except SystemExit as error:
        if '--help' not in arguments:
            pytest.fail(f'{COMMANDS[words]}: exit code {error.code}, '
                        f'{capsys.readouterr().err}')
