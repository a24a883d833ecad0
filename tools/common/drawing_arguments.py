# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the tools that draw data sets have in common."""
import argparse
import os
from typing import Any, Callable, List, Optional, Tuple


def add_drawing_arguments(parser: argparse.ArgumentParser,
                          size: Tuple[int, int], people: Tuple[int,
                                                               int]) -> None:
    """Add the arguments of every drawn data set.

    Args:
        parser (argparse.ArgumentParser): The tool's.
        size (tuple[int, int]): Default width and height of a scene, px.
        people (tuple[int, int]): Default fewest and most persons in it.
    """
    parser.add_argument('out', help='folder to write into')
    parser.add_argument(
        '--images', type=int, required=True, help='scenes to train on')
    parser.add_argument(
        '--val-images',
        type=int,
        help='scenes held out; default: a quarter of --images, at least 1')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=size,
        metavar=('W', 'H'),
        help='nominal size in px, each scene differs by up to 12 %%')
    parser.add_argument(
        '--people',
        type=int,
        nargs=2,
        default=people,
        metavar=('MIN', 'MAX'),
        help='persons per scene')
    parser.add_argument(
        '--workers',
        type=int,
        default=os.cpu_count() or 1,
        help='processes; changes nothing but the time')


def parse_drawing_arguments(
        parser: argparse.ArgumentParser,
        argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Read and check the command line.

    Args:
        parser (argparse.ArgumentParser): With the arguments of
            :func:`add_drawing_arguments`.
        argv (list[str], optional): Arguments; None reads ``sys.argv``.

    Returns:
        argparse.Namespace: Checked arguments. A wrong one ends the process
        with exit code 2.
    """
    args = parser.parse_args(argv)
    if args.val_images is None:
        args.val_images = max(1, args.images // 4)
    for name in ('images', 'val_images', 'workers'):
        if getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")} must be at least 1, '
                         f'got {getattr(args, name)}')
    if args.seed < 0:
        parser.error(f'--seed must not be negative, got {args.seed}')
    return args


def draw_with_progress(write: Callable[..., None], args: argparse.Namespace,
                       **options: Any) -> None:
    """Draw the data set and show progress.

    Args:
        write (Callable): :func:`write_dataset` or its like.
        args (argparse.Namespace): The command line.
        **options: Further arguments of ``write``.

    Raises:
        InputError: If a number is out of range.
        OSError: If the folder cannot be written.
    """
    write(
        args.out,
        args.images,
        args.val_images,
        seed=args.seed,
        size=tuple(args.size),
        num_people=tuple(args.people),
        workers=args.workers,
        progress=True,
        **options)
    print(f'{args.images} training and {args.val_images} held-out scenes in '
          f'{args.out}')
