# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What any detector has found, as boxes (COCO results), without torch."""
import math
import os.path as osp
from collections import Counter, defaultdict
from itertools import chain
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.datasets.coco_annotations import (box_problem,
                                                      load_detections)
from projects.qanet.ground_truth.annotations import keep_categories
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import load_json
from projects.qanet.utils.parallel import map_in_order

PERSON = 1  # category of persons in our annotation files and in COCO
_LABEL_PERSON = 0
_KEYS = ('labels', 'scores', 'bboxes')


class SelectionCounts(NamedTuple):
    """How many boxes passed each filter."""
    read: int  # boxes of persons in the file
    unusable: int  # without area, not finite, or outside their image
    low_score: int  # below the score threshold
    suppressed: int  # by non-maximum suppression
    over_limit: int  # more than wanted in their image
    kept: int  # the rest
    empty_images: int  # images without any box that is kept


def read_detections(path: str,
                    images: Dict[int, dict],
                    cat_ids: Optional[Sequence[int]] = None) -> List[dict]:
    """Read the persons that a detector has found.

    Args:
        path (str): A COCO results file (mmdet's ``PREFIX.bbox.json``), or a
            folder that mmdet's ``DetInferencer`` has written: one json for
            each image, named as it, with ``labels, scores, bboxes`` (xyxy).
        images (dict[int, dict]): ``file_name, width, height`` of all images
            that may occur, by id.
        cat_ids (Sequence[int], optional): What persons are: category ids in a
            file, 1 unless said, labels in a folder, 0 unless said.

    Gives ``image_id, category_id`` (1), ``bbox`` (xywh, pixels), ``score``; in
    the file's order, images of a folder as in ``images``. Raises a
    FileNotFoundError, or an InputError that names the culprit if it is
    something else, an image is unknown, or no box is a person's.
    """
    if path.endswith(('.pkl', '.pickle')):
        raise InputError(
            f'{path} is a pickle, and reading one can run any code. Let the '
            'detector write json: python tools/test.py CONFIG CHECKPOINT '
            '--cfg-options test_evaluator.outfile_prefix=PREFIX')
    if osp.isdir(path):
        records, default = _read_folder(path, images), _LABEL_PERSON
    else:
        records, default = load_detections(path, images), PERSON
    records = keep_categories(records,
                              (default, ) if cat_ids is None else cat_ids,
                              path)
    return [
        dict(
            image_id=record['image_id'],
            category_id=PERSON,
            bbox=[float(value) for value in record['bbox']],
            score=float(record['score'])) for record in records
    ]


def _read_folder(path: str, images: Dict[int, dict]) -> List[dict]:
    """Records of a folder; labels are their categories."""
    folder = Path(path)
    if (folder / 'preds').is_dir():
        folder /= 'preds'
    files = {file.stem: str(file) for file in sorted(folder.glob('*.json'))}
    ids: Dict[str, int] = {}
    for image_id, image in images.items():
        stem = Path(image['file_name']).stem
        if stem in ids:
            raise InputError(f'images {ids[stem]} and {image_id} are both '
                             f'named {stem}: a folder cannot tell them apart')
        ids[stem] = image_id
    unknown = [file for stem, file in files.items() if stem not in ids]
    if unknown:
        raise InputError(
            f'{unknown[0]} is named as no image of the annotation '
            f'file ({len(unknown)} such files): wrong split?')
    missing = [stem for stem in ids if stem not in files]
    if missing:
        raise InputError(f'{folder} has no {missing[0]}.json ({len(missing)} '
                         'such images): was the detector stopped, or are '
                         'they none of DetInferencer (no_save_pred=False)?')
    places = [(files[stem], image_id) for stem, image_id in ids.items()]
    found = map_in_order(_read_prediction, places, title='reading')
    records = list(chain.from_iterable(found))
    if not records:
        raise InputError(f'the files of {folder} hold no box at all')
    return records


def _read_prediction(place: Tuple[str, int]) -> List[dict]:
    """Records of one image's boxes; labels are their categories."""
    path, image_id = place
    document = load_json(path)
    names, records = ', '.join(_KEYS), []
    columns = [document.get(key)
               for key in _KEYS] if isinstance(document, dict) else [None]
    if (not all(isinstance(column, list) for column in columns)
            or len(set(map(len, columns))) > 1):
        raise InputError(f'{path} must have the lists {names}, equally long')
    for label, score, bbox in zip(*columns):
        try:
            x1, y1, x2, y2, score = (float(v) for v in (*bbox, score))
            if not math.isfinite(score):
                raise ValueError
        except (TypeError, ValueError):
            raise InputError(
                f'{path} has the bbox {bbox!r} with the score {score!r}, '
                'expected the numbers x1, y1, x2, y2 and a finite one'
            ) from None
        records.append(
            dict(
                image_id=image_id,
                category_id=label,
                bbox=(x1, y1, x2 - x1, y2 - y1),
                score=score))
    return records


def select_detections(
        records: Sequence[dict],
        images: Dict[int, dict],
        score_thr: float = 0.,
        nms_thr: Optional[float] = None,
        max_per_image: Optional[int] = None
) -> Tuple[List[dict], SelectionCounts]:
    """Keep the boxes worth parsing of :func:`read_detections`.

    Those of at least ``score_thr``; of boxes whose IoU is above ``nms_thr``
    the best; the best ``max_per_image``; None keeps all. Gives the records by
    image in the order of ``images``, best first, and how many were not kept.
    """
    kept, counts, by_image = [], Counter(), defaultdict(list)
    for record in records:
        image = images[record['image_id']]
        if box_problem(record['bbox'], image['width'], image['height']):
            counts['unusable'] += 1
        elif not record['score'] >= score_thr:
            counts['low_score'] += 1
        else:
            by_image[record['image_id']].append(record)
    for image_id in images:
        own = sorted(by_image[image_id], key=lambda r: -r['score'])
        best = own if nms_thr is None else _suppress(own, nms_thr)
        limited = best[:max_per_image]
        counts['suppressed'] += len(own) - len(best)
        counts['over_limit'] += len(best) - len(limited)
        counts['empty_images'] += not limited
        kept += limited
    counts.update(read=len(records), kept=len(kept))
    return kept, SelectionCounts(*(counts[key]
                                   for key in SelectionCounts._fields))


def _suppress(records: List[dict], thr: float) -> List[dict]:
    """Greedy NMS of one image's records, sorted best first."""
    boxes = np.array([record['bbox'] for record in records],
                     np.float64).reshape(-1, 4)
    areas = boxes[:, 2:].prod(axis=1)
    boxes[:, 2:] += boxes[:, :2]
    kept, left = [], np.arange(len(records))
    while len(left):
        best, left = left[0], left[1:]
        kept.append(records[best])
        low = np.maximum(boxes[best, :2], boxes[left, :2])
        high = np.minimum(boxes[best, 2:], boxes[left, 2:])
        common = (high - low).clip(0).prod(axis=1)
        left = left[common / (areas[best] + areas[left] - common) <= thr]
    return kept
