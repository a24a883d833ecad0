# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parse photos without torch: ``python -m projects.qanet.runtime --help``."""
import argparse
import os.path as osp
import signal
import sys
from typing import List, Optional

from projects.qanet.structures import write_results
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable
from .human_parsing_runtime import HumanParsingRuntime
from .photos import read_photo
from .session import BACKENDS


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog='python -m projects.qanet.runtime',
        description='Parse the persons in photos with exported networks. '
        'Leaves OUT/results.json. The exit code is 1 if a photo could not be '
        'decoded, and 2 if nothing can be done.')
    parser.add_argument('photos', metavar='PHOTO', nargs='+')
    parser.add_argument(
        '--parser', required=True, help='ONNX file of the parser')
    parser.add_argument(
        '--detector', required=True, help='ONNX file of the detector')
    parser.add_argument('--out-dir', required=True, help='folder for results')
    parser.add_argument(
        '--bbox-thr',
        type=float,
        default=0.3,
        help='lowest score of a detected box')
    parser.add_argument(
        '--quality-weights',
        type=float,
        nargs=3,
        metavar=('A', 'B', 'G'),
        help='weights of box, IoU and pixel score, default: the parser\'s')
    parser.add_argument('--backend', choices=BACKENDS, default=BACKENDS[0])
    parser.add_argument(
        '--threads', type=int, default=0, help='0: the backend chooses')
    return parser.parse_args(argv)


def parse_photos(args: argparse.Namespace) -> int:
    """Parse all photos and leave the results, whatever ends the run.

    Gives how many could not be read. Raises an InputError if that is all of
    them, or a network fails; a run without any result leaves older ones.
    """
    runtime = HumanParsingRuntime(args.parser, args.detector, args.bbox_thr,
                                  args.quality_weights, args.backend,
                                  args.threads)
    path = osp.join(args.out_dir, 'results.json')
    check_writable(path)
    records, images, problem = [], [], None
    try:
        for number, photo in enumerate(args.photos):
            try:
                image = read_photo(photo)
            except InputError as error:
                problem = error
                print(f'skipped: {error}', file=sys.stderr)
                continue
            persons = runtime(image, image_id=number)
            records += persons.to_records()
            height, width = image.shape[:2]
            images.append(
                dict(
                    id=number,
                    file_name=osp.basename(photo),
                    width=width,
                    height=height))
            print(f'{photo}: {len(persons)} persons')
    finally:
        if images:
            write_results(path, records, runtime.classes,
                          runtime.quality_weights, runtime.pixel_score_thr,
                          images)
            print(f'results are in {path}')
    if not images:
        raise InputError(f'none of the photos can be read: {problem}')
    return len(args.photos) - len(images)


def main(argv: Optional[List[str]] = None) -> int:
    """Parse photos as the command line says; give the exit code."""
    args = parse_args(argv)
    try:
        # What is there when a service ends the process is kept.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return 1 if parse_photos(args) else 0
    except (InputError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
