# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parse photos without torch: ``python -m projects.qanet.runtime --help``."""
import argparse
import os
import os.path as osp
import sys
from typing import List, Optional

import cv2
import numpy as np

from projects.qanet.structures import write_results
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable
from .human_parsing_runtime import HumanParsingRuntime
from .session import BACKENDS


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog='python -m projects.qanet.runtime',
        description='Parse the persons in photos with exported networks. '
        'Leaves OUT/results.json and, on request, label PNGs in '
        'OUT/Category_ids and OUT/Human_ids. The exit code is 1 if a photo '
        'could not be decoded, and 2 if nothing can be done.')
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


def main(argv: Optional[List[str]] = None) -> int:
    """Parse all photos; give the exit code."""
    args = parse_args(argv)
    try:
        runtime = HumanParsingRuntime(args.parser, args.detector,
                                      args.bbox_thr, args.quality_weights,
                                      args.backend, args.threads)
        os.makedirs(args.out_dir, exist_ok=True)
        path = osp.join(args.out_dir, 'results.json')
        check_writable(path)
    except (InputError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    records, images, problems = [], [], 0
    try:
        for number, photo in enumerate(args.photos):
            image = read_photo(photo)
            if image is None:
                print(f'error: {photo} cannot be read', file=sys.stderr)
                problems += 1
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
        write_results(path, records, runtime.classes, runtime.quality_weights,
                      runtime.pixel_score_thr, images)
    print(f'results are in {path}')
    return 1 if problems else 0


def read_photo(path: str) -> Optional[np.ndarray]:
    """A picture, BGR, (H, W, 3) uint8, turned as its EXIF says, or None."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError:
        return None
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None


if __name__ == '__main__':
    sys.exit(main())
