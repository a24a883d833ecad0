# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw people and things with masks in the COCO format: no download needed.

    python tools/dataset_converters/synthetic_instances.py OUT --images 400

writes OUT/{train,val}/*.jpg and OUT/annotations/instances_{train,val}.json.
"""
import argparse
import os
import sys
from pathlib import Path
from typing import List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.utils.launch import UsageError, run_tool


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Read and check the command line.

    Args:
        argv (list[str], optional): Arguments; None reads ``sys.argv``.

    Returns:
        argparse.Namespace: Checked arguments.
    """
    parser = argparse.ArgumentParser(
        description='Draw an instance segmentation data set in the COCO '
        'format.')
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
        default=(320, 240),
        metavar=('W', 'H'),
        help='nominal size in px, each scene differs by up to 12 %%')
    parser.add_argument(
        '--people',
        type=int,
        nargs=2,
        default=(1, 2),
        metavar=('MIN', 'MAX'),
        help='persons per scene')
    parser.add_argument(
        '--things',
        type=int,
        nargs=2,
        default=(3, 6),
        metavar=('MIN', 'MAX'),
        help='balls, balloons, crates, bottles, umbrellas and signs per scene')
    parser.add_argument(
        '--workers',
        type=int,
        default=os.cpu_count() or 1,
        help='processes; changes nothing but the time')
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


def main(argv: Optional[List[str]] = None) -> None:
    """Draw the data set and show progress.

    Args:
        argv (list[str], optional): Arguments; None reads ``sys.argv``.

    Raises:
        UsageError: If a number is out of range or the folder cannot be
            written.
    """
    args = parse_args(argv)
    from rich.progress import Progress

    from projects.qanet.synthetic.instances_dataset import \
        write_instance_dataset
    try:
        with Progress() as progress:
            task = progress.add_task(
                'drawing scenes', total=args.images + args.val_images)
            write_instance_dataset(
                args.out,
                args.images,
                args.val_images,
                seed=args.seed,
                size=tuple(args.size),
                num_people=tuple(args.people),
                num_things=tuple(args.things),
                workers=args.workers,
                progress=lambda: progress.advance(task))
    except OSError as error:
        raise UsageError(f'cannot write to {args.out}: {error}') from error
    except ValueError as error:
        raise UsageError(f'bad argument: {error}') from error
    print(f'{args.images} training and {args.val_images} held-out scenes in '
          f'{args.out}')


if __name__ == '__main__':
    run_tool(main)
