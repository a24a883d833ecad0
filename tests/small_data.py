# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Noisy pictures of two persons each, in the layout of CIHP."""
import json
from pathlib import Path

import cv2
import numpy as np

SIZE = (90, 70)  # width, height
BOXES = [[5, 6, 30, 60], [45, 10, 40, 50]]  # xywh


def write_split(root: Path,
                folder: str,
                ann_file: str,
                num_classes: int = 20,
                seed: int = 0,
                count: int = 1) -> None:
    """Write label maps of random blocks, pictures and annotations."""
    rng = np.random.default_rng(seed)
    humans = np.zeros(SIZE[::-1], np.uint8)
    for k, (x, y, w, h) in enumerate(BOXES):
        humans[y:y + h, x:x + w] = k + 1
    images, annotations = [], []
    for number in range(1, count + 1):
        labels = rng.integers(1, num_classes, (7, 9)).astype(np.uint8)
        labels = labels.repeat(10, 0).repeat(10, 1) * (humans > 0)
        instances = np.where(labels > 0, labels + num_classes * (humans - 1),
                             0)
        files = {
            f'Images/{number}.jpg':
            rng.integers(0, 256, (*SIZE[::-1], 3), np.uint8),
            f'Category_ids/{number}.png':
            labels,
            f'Human_ids/{number}.png':
            humans,
            f'Instance_ids/{number}.png':
            instances.astype(np.uint8)
        }
        for name, array in files.items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), array)
        path.with_suffix('.txt').write_text(''.join(
            f'{value} {value % num_classes} {value // num_classes + 1}\n'
            for value in np.unique(instances)[1:]))
        images.append(
            dict(
                id=number,
                file_name=f'{number}.jpg',
                width=SIZE[0],
                height=SIZE[1]))
        annotations += [
            dict(
                id=len(annotations) + k,
                image_id=number,
                category_id=1,
                iscrowd=0,
                parsing_id=k,
                bbox=box,
                area=box[2] * box[3]) for k, box in enumerate(BOXES, 1)
        ]
    path = root / ann_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(
            dict(
                images=images,
                categories=[dict(id=1, name='person')],
                annotations=annotations)))


def write_cihp(root: Path, train: int = 2, val: int = 3) -> None:
    """Write a data set with some pictures in each split."""
    for folder, split, count in (('Training', 'train', train), ('Validation',
                                                                'val', val)):
        write_split(
            root,
            folder,
            f'annotations/CIHP_{split}.json',
            seed=count,
            count=count)
