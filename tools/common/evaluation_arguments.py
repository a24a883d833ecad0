# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the evaluation tools have in common: arguments and their evaluator."""
import argparse
from typing import Any, Sequence

from projects.qanet.evaluation.functional import PROTOCOLS, ParsingEvaluator


def add_truth_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the ground truth is."""
    parser.add_argument(
        '--ann-file', required=True, help='COCO style annotations of persons')
    parser.add_argument(
        '--data-root',
        required=True,
        help='folder of the split, with Category_ids/, Human_ids/, '
        'Instance_ids/ and, for pictures, Images/')
    parser.add_argument(
        '--img-subdir', default='Images', help='name of the image folder')
    parser.add_argument(
        '--person-cat-ids',
        type=int,
        nargs='+',
        default=[1],
        metavar='ID',
        help='category_id of persons in the annotation file (default: 1)')


def add_protocol_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how to evaluate: ``--protocol`` and ``--nms-thr``."""
    parser.add_argument(
        '--protocol',
        default='released',
        choices=sorted(PROTOCOLS),
        help='released: comparable with published tables; strict: its quirks '
        'mended')
    parser.add_argument(
        '--nms-thr',
        type=float,
        default=0.6,
        help='parsing IoU of persons found twice; above 1 keeps all')


def add_weights_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--quality-weights``."""
    parser.add_argument(
        '--quality-weights',
        nargs=3,
        type=float,
        metavar=('BOX', 'IOU', 'PIXEL'),
        help='fuse the scores again with these weights; without it the '
        'stored scores count')


def make_evaluator(args: argparse.Namespace, classes: Sequence[str],
                   **more: Any) -> ParsingEvaluator:
    """The evaluator of the ground truth that the command line names."""
    return ParsingEvaluator(
        args.ann_file,
        args.data_root,
        classes,
        img_subdir=args.img_subdir,
        person_cat_ids=args.person_cat_ids,
        protocol=args.protocol,
        **more)


def classes_of(info: dict) -> Sequence[str]:
    """Classes that a results file names; numbers, if it does not."""
    return info.get('classes') or numbered(info['num_classes'])


def numbered(num_classes: int) -> Sequence[str]:
    """Names of classes whose names are unknown."""
    return [str(label) for label in range(num_classes)]
