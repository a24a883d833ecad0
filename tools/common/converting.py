# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The command line that the converters of data sets share."""
import argparse
from typing import Callable, Dict, Sequence, Union

from .cli import run_tool

#: What two converters ask for alike.
NUM_CLASSES = dict(type=int, help='number of classes, background included')


def run_converter(
    convert: Callable[..., object],
    description: str,
    arguments: Dict[str, Union[str, dict]],
    lists: Sequence[str] = ()) -> None:
    """Read the command line and convert.

    Args:
        convert (Callable): Called with the arguments by name. What the user
            leaves out is not passed: the defaults are the function's.
        description (str): What the tool does.
        arguments (dict): Names such as ``raw`` and ``--name``, each with its
            help or all that ``add_argument`` takes.
        lists (Sequence[str]): Splits (training, validation, test) for which
            the user may name a list of images.
    """
    parser = argparse.ArgumentParser(
        description=description, argument_default=argparse.SUPPRESS)
    for name, kind in arguments.items():
        kind = dict(help=kind) if isinstance(kind, str) else kind
        parser.add_argument(name, **kind)
    flags = dict(training='--train-ids', validation='--val-ids')
    for split in lists:
        parser.add_argument(
            flags.get(split, f'--{split}-ids'),
            help=f'text file with the names of {split} images')
    parser.add_argument('--workers', type=int, help='number of threads')
    args = vars(parser.parse_args())
    run_tool(lambda: convert(**args))
