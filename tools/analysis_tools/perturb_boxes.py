# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write ground-truth boxes, shifted and scaled at random, as detections.

Shows how much a parser depends on the quality of its boxes.
"""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '../..')))

import numpy as np

from projects.qanet.ground_truth import load_persons
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import write_json
from tools.common.cli import plain_parser, run_tool


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('ann_file', 'COCO style annotations of persons'),
        ('out', 'boxes to write, a COCO results file'),
        ('--amount', 'each side moves by up to this share of the box, 0 to '
         '0.4', 0.1),
        ('--seed', None, 0),
    ]).parse_args()


def perturb(boxes: np.ndarray, amount: float,
            rng: np.random.Generator) -> np.ndarray:
    """Move the sides of boxes (N, 4), xywh, by up to a share of their size.
    """
    size = boxes[:, [2, 3, 2, 3]]
    sides = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)
    sides = sides + rng.uniform(-amount, amount, sides.shape) * size
    return np.concatenate([sides[:, :2], sides[:, 2:] - sides[:, :2]], 1)


def main() -> None:
    args = parse_args()
    if not 0 <= args.amount <= 0.4:
        raise InputError(f'--amount is {args.amount}, allowed are 0 to 0.4')
    persons = load_persons(args.ann_file,
                           ('image_id', 'category_id', 'bbox'))['annotations']
    if not persons:
        raise InputError(f'{args.ann_file} has no annotations')
    boxes = np.array([person['bbox'] for person in persons], float)
    boxes = perturb(boxes, args.amount, np.random.default_rng(args.seed))
    records = []
    for person, box in zip(persons, boxes):
        record = {key: person[key] for key in ('image_id', 'category_id')}
        records.append(dict(record, bbox=box.round(2).tolist(), score=1.0))
    write_json(args.out, records)
    print(f'{len(records)} boxes are in {args.out}')


if __name__ == '__main__':
    run_tool(main)
