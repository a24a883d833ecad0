# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the evaluation tools have in common: arguments and their evaluator."""
import argparse
import os
from typing import Any, List, Optional, Sequence

from projects.qanet.evaluation.dumps import DUMP_METRICS
from projects.qanet.evaluation.functional import (METRICS, PROTOCOLS,
                                                  ParsingEvaluator, Thresholds)
from projects.qanet.utils.errors import InputError

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
#: Of tools that take results files and dumps. A dump refuses some arguments,
#: so it matters whether they were given.
RESULTS: List[tuple] = [
    PROTOCOL[0],
    (*PROTOCOL[1][:2], float),
    WEIGHTS,
    ('--num-classes', 'classes with the background; a dump does not say', int),
    ('--num-workers', 'processes beside this one', 0),
]


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


def make_file_evaluator(
        args: argparse.Namespace,
        classes: Sequence[str],
        metrics: Optional[Sequence[str]] = None) -> ParsingEvaluator:
    """For results files; an ``nms_thr`` of None is the default."""
    nms_thr = Thresholds().nms_iou if args.nms_thr is None else args.nms_thr
    return make_evaluator(
        args,
        classes,
        metrics=metrics or METRICS,
        quality_weights=args.quality_weights,
        thresholds=Thresholds(nms_iou=nms_thr))


def make_dump_evaluator(
        args: argparse.Namespace,
        folder: str,
        classes: Optional[Sequence[str]] = None,
        metrics: Optional[Sequence[str]] = None) -> ParsingEvaluator:
    """For a dump, by default with all metrics that it has the folders of.

    Its classes are numbers if they are not given. Raises an InputError if it
    has no folder, or an argument is missing or needs a results file.
    """
    for name in ('quality_weights', 'nms_thr'):
        if getattr(args, name) is not None:
            raise InputError(
                f'--{name.replace("_", "-")} needs a results file: in the '
                f'dump {folder} scores are fused and persons painted')
    if classes is None:
        if args.num_classes is None or args.num_classes < 2:
            raise InputError('--num-classes must say how many classes the '
                             f'dump {folder} has, background included')
        classes = numbered(args.num_classes)
    # Whoever made the dump for another metric may have left folders out.
    metrics = metrics or [
        metric for metric, name in DUMP_METRICS.items()
        if os.path.isdir(os.path.join(folder, name))
    ]
    if not metrics:
        raise InputError(f'{folder} is no dump: it has none of the '
                         f'folders {", ".join(DUMP_METRICS.values())}')
    return make_evaluator(args, classes, metrics=metrics)


def check_classes(args: argparse.Namespace, path: str,
                  info: dict) -> Sequence[str]:
    """Classes of a results file; InputError if ``--num-classes`` differs."""
    if args.num_classes not in (None, info['num_classes']):
        raise InputError(f'--num-classes is {args.num_classes}, but '
                         f'{path} has {info["num_classes"]} classes')
    return classes_of(info)
