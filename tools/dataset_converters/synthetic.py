# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw a data set of people in the CIHP layout: no download needed.

    python tools/dataset_converters/synthetic.py OUT --images 280 --seed 0

writes OUT/{Training,Validation}/{Images,Category_ids,Human_ids,Instance_ids}
and OUT/annotations/CIHP_{train,val}.json.
"""
import argparse
import os
import sys
from pathlib import Path
from typing import List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Read and check the command line.

    Args:
        argv (list[str], optional): Arguments; None reads ``sys.argv``.

    Returns:
        argparse.Namespace: Checked arguments.
    """
    parser = argparse.ArgumentParser(
        description='Draw a human parsing data set in the CIHP layout.')
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
        default=(400, 300),
        metavar=('W', 'H'),
        help='nominal size in px, each scene differs by up to 12 %%')
    parser.add_argument(
        '--people',
        type=int,
        nargs=2,
        default=(2, 4),
        metavar=('MIN', 'MAX'),
        help='persons per scene')
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
    """
    args = parse_args(argv)
    from rich.progress import Progress

    from projects.qanet.synthetic import write_dataset
    try:
        with Progress() as progress:
            task = progress.add_task(
                'drawing scenes', total=args.images + args.val_images)
            write_dataset(
                args.out,
                args.images,
                args.val_images,
                seed=args.seed,
                size=tuple(args.size),
                num_people=tuple(args.people),
                workers=args.workers,
                progress=lambda: progress.advance(task))
    except (OSError, ValueError) as error:
        what = (f'cannot write to {args.out}'
                if isinstance(error, OSError) else 'bad argument')
        print(f'error: {what}: {error}', file=sys.stderr)
        sys.exit(2)
    print(f'{args.images} training and {args.val_images} held-out scenes in '
          f'{args.out}')


if __name__ == '__main__':
    main()
