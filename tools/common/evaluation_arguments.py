# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the evaluation tools have in common: arguments and their evaluator."""
import argparse
from typing import Any, List, Sequence

from projects.qanet.evaluation.functional import PROTOCOLS, ParsingEvaluator

# Rows of :func:`.cli.add_arguments`.
IMG_SUBDIR = ('--img-subdir', 'name of the image folder', 'Images')
#: Where the ground truth is.
TRUTH: List[tuple] = [
    ('--ann-file', 'COCO style annotations of persons', dict(required=True)),
    ('--data-root', 'folder of the split, with Category_ids/, '
     'Human_ids/, Instance_ids/ and, for pictures, Images/',
     dict(required=True)),
    IMG_SUBDIR,
    ('--person-cat-ids', 'category_id of persons in the annotation file '
     '(default: 1)', dict(type=int, nargs='+', default=[1], metavar='ID')),
]
#: How to evaluate.
PROTOCOL: List[tuple] = [
    ('--protocol', 'released: comparable with published tables; strict: '
     'its quirks mended', dict(default='released', choices=sorted(PROTOCOLS))),
    ('--nms-thr', 'parsing IoU of persons found twice; above 1 keeps all',
     0.6),
]
WEIGHTS: tuple = ('--quality-weights',
                  'fuse the scores again with these weights; without '
                  'it the stored scores count',
                  dict(nargs=3, type=float, metavar=('BOX', 'IOU', 'PIXEL')))


def make_evaluator(args: argparse.Namespace, classes: Sequence[str],
                   **more: Any) -> ParsingEvaluator:
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
    return [str(label) for label in range(num_classes)]
