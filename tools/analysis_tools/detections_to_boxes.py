# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Turn any detector's results into the boxes that a parser's test reads.

The output is a dataset's bbox_file, see docs/detection_boxes.md.
"""
import argparse
import os.path as osp
import sys
from typing import List

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

from projects.qanet.datasets.coco_annotations import box_doubts
from projects.qanet.detection.detections import (SelectionCounts,
                                                 read_detections,
                                                 select_detections)
from projects.qanet.ground_truth import load_persons
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import write_json
from tools.common.cli import make_parser, run_tool


def parse_args() -> argparse.Namespace:
    return make_parser(__doc__, [
        ('detections', "PREFIX.bbox.json of mmdet's CocoMetric, or the "
         "folder that mmdet's DetInferencer has written"),
        ('out', 'boxes to write, e.g. val.bbox.json'),
        ('--ann-file', 'COCO style annotation file that lists the images',
         dict(required=True)),
        ('--cat-ids', 'what persons are: category ids in a json (default 1), '
         'labels in a folder (default 0)',
         dict(type=int, nargs='+', metavar='ID')),
        ('--score-thr', 'least score to keep', 0.0),
        ('--nms-thr', 'of boxes with a larger IoU only the best is kept '
         '(default: all)', float),
        ('--max-per-image', 'keep the best so many of each image (default: '
         'all)', int),
    ]).parse_args()


def left_out(counts: SelectionCounts) -> List[str]:
    reasons = {
        'without area or outside': counts.unusable,
        'below the score': counts.low_score,
        'suppressed by a better one': counts.suppressed,
        'more than --max-per-image': counts.over_limit
    }
    return [f'{count} {reason}' for reason, count in reasons.items() if count]


def main() -> None:
    args = parse_args()
    if args.nms_thr is not None and not 0 <= args.nms_thr <= 1:
        raise InputError(f'--nms-thr is {args.nms_thr}, allowed are 0 to 1')
    if args.max_per_image is not None and args.max_per_image < 1:
        raise InputError(f'--max-per-image is {args.max_per_image}, allowed '
                         'are whole numbers from 1')
    if not args.out.endswith('.json'):
        raise InputError(f'{args.out} must end in .json')
    listed = load_persons(args.ann_file)['images']
    images = {image['id']: image for image in listed}
    records = read_detections(args.detections, images, args.cat_ids)
    kept, counts = select_detections(records, images, args.score_thr,
                                     args.nms_thr, args.max_per_image)
    doubts = box_doubts(records, images, args.detections)
    if doubts:
        print(f'warning: {doubts}', file=sys.stderr)
    if not kept:
        raise InputError(f'none of {counts.read} boxes of persons in '
                         f'{args.detections} is left: '
                         f'{", ".join(left_out(counts))}')
    write_json(args.out, kept)
    print(f'{counts.kept} of {counts.read} boxes of persons are in {args.out}')
    for reason in left_out(counts):
        print(f'  left out: {reason}')
    print(f'  {len(images) - counts.empty_images} of {len(images)} images '
          'have a box')


if __name__ == '__main__':
    run_tool(main)
