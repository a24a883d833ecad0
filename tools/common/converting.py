# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The command line that the converters of data sets share."""
import argparse
from typing import Callable, Dict, Union

from .cli import run_tool

#: Arguments that several converters have, see :func:`run_converter`.
NUM_CLASSES = dict(type=int, help='number of classes, background included')
IDS = 'text file with the names of {} images'


def run_converter(convert: Callable[..., object], description: str,
                  arguments: Dict[str, Union[str, dict]]) -> None:
    """Read the command line and convert.

    ``arguments`` are names such as ``raw`` and ``--name``, each with its help
    or all that ``add_argument`` takes; ``--workers`` goes without saying. What
    the user leaves out is not passed on: the defaults are the function's.
    """
    parser = argparse.ArgumentParser(
        description=description, argument_default=argparse.SUPPRESS)
    for name, kind in arguments.items():
        kind = dict(help=kind) if isinstance(kind, str) else kind
        parser.add_argument(name, **kind)
    parser.add_argument('--workers', type=int, help='number of threads')
    args = vars(parser.parse_args())
    run_tool(lambda: convert(**args))
