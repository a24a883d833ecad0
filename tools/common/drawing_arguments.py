# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The command line of the tools that draw data sets."""
import argparse
import os
from typing import Callable, Tuple

from .cli import plain_parser


def drawing_parser(description: str, size: Tuple[int, int],
                   people: Tuple[int, int]) -> argparse.ArgumentParser:
    """The arguments of every drawn data set.

    ``size`` is the default width and height of a scene in px, ``people`` the
    default fewest and most persons in it.
    """
    return plain_parser(description, [
        ('out', 'folder to write into'),
        ('--images', 'scenes to train on', dict(type=int, required=True)),
        ('--val-images', 'scenes held out; default: a quarter of --images, '
         'at least 1', int),
        ('--seed', None, 0),
        ('--size', 'nominal size in px, each scene differs by up to 12 %%',
         dict(type=int, nargs=2, default=size, metavar=('W', 'H'))),
        ('--people', 'persons per scene',
         dict(type=int, nargs=2, default=people, metavar=('MIN', 'MAX'))),
        ('--workers', 'processes; changes nothing but the time',
         dict(type=int, default=os.cpu_count() or 1)),
    ])


def draw(write: Callable[..., None], parser: argparse.ArgumentParser) -> None:
    """Read the command line, draw the data set and show progress.

    ``write`` is a writer of ``projects.drawn_people``. A wrong number ends the
    process with exit code 2; InputError if one is out of ``write``'s range.
    """
    args = parser.parse_args()
    if args.val_images is None:
        args.val_images = max(1, args.images // 4)
    for name in ('images', 'val_images', 'workers'):
        value = getattr(args, name)
        if value < 1:
            name = name.replace('_', '-')
            parser.error(f'--{name} must be at least 1, got {value}')
    if args.seed < 0:
        parser.error(f'--seed must not be negative, got {args.seed}')
    pairs = {
        f'num_{name}': tuple(getattr(args, name))
        for name in ('people', 'things') if hasattr(args, name)
    }
    write(
        args.out,
        args.images,
        args.val_images,
        seed=args.seed,
        size=tuple(args.size),
        workers=args.workers,
        progress=True,
        **pairs)
    print(f'{args.images} training and {args.val_images} held-out scenes in '
          f'{args.out}')
