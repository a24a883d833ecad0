# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How every command line tool begins and ends; imports neither torch nor
OpenMMLab."""
import argparse
import io
import sys
from typing import Any, Callable, Iterable

from projects.qanet.utils.errors import InputError


def add_arguments(parser: Any, rows: Iterable[tuple]) -> Any:
    """Add arguments to a parser or a group of one, which is returned.

    Each row is a name, a help and, if there is more to say, either a default,
    whose type the argument has (False makes a switch), or a type, or a dict
    with whatever ``add_argument`` takes.
    """
    for name, text, *more in rows:
        kind = more[0] if more else {}
        if kind is False:
            kind = dict(action='store_true')
        elif isinstance(kind, type):
            kind = dict(type=kind)
        elif not isinstance(kind, dict):
            kind = dict(type=type(kind), default=kind)
        parser.add_argument(name, help=text, **kind)
    return parser


def make_parser(
    description: str, rows: Iterable[tuple] = ()) -> argparse.ArgumentParser:
    """A parser whose help keeps the lines of the description."""
    parser = plain_parser(description, rows)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    return parser


def plain_parser(
    description: str, rows: Iterable[tuple] = ()) -> argparse.ArgumentParser:
    """A parser whose help fills the lines of the description."""
    return add_arguments(
        argparse.ArgumentParser(description=description), rows)


def run_tool(main: Callable[[], None]) -> None:
    """Run a tool; what the user can mend is said in one sentence.

    :class:`InputError` and :class:`OSError` (a missing file, a full disk) end
    the process with exit code 2 and their text, Ctrl-C with 130 and one line,
    everything else is a defect and keeps its traceback.
    """
    # A class name that the terminal's encoding lacks is no reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')
    try:
        main()
    except (InputError, OSError) as error:
        print(f'error: {_sentence(error)}', file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt as error:
        print(str(error) or 'interrupted', file=sys.stderr)
        sys.exit(130)


def _sentence(error: Exception) -> str:
    """The text of an error, also of one that a worker process has raised.

    torch raises those again with the worker's traceback as their text; its
    last line is ``<module>.<class>: <text>``.
    """
    text = str(error).strip()
    if 'Original Traceback' not in text:
        return text
    return text.splitlines()[-1].split(f'{type(error).__name__}: ', 1)[-1]
