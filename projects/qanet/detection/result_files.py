# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""New scores for COCO results of instance segmentation. Needs no mmdet."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
from PIL import Image

from projects.qanet.ground_truth.annotations import check_records
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.fusion import check_weights, quality_score
from projects.qanet.utils.json_values import is_number, load_json

# Keys in the order of the weights, and what to say if one lacks.
_HINTS = dict(
    bbox_score='',
    iou_score=' (only Mask Scoring R-CNN has one)',
    pixel_score='. Masks as run lengths hold no probabilities: give a folder '
    'of probability maps, or write the file again with QualityCocoMetric and '
    'outfile_prefix')


def read_records(path: str) -> List[Dict[str, Any]]:
    """Read COCO results, as mmdet's ``<prefix>.segm.json``.

    Raises a FileNotFoundError, or an InputError if it is no list of records
    with ``score``.
    """
    records = load_json(path)
    check_records(records, ('score', ), path)
    return records


def read_probability_map(path: Path) -> np.ndarray:
    """Read a probability map: float64 of shape (h, w).

    It is a ``.npy`` file of numbers in [0, 1], or a grey ``.png`` of 8 or 16
    bits whose largest value is 1. Raises an InputError for anything else.
    """
    limits, mode = {None: 1, 'L': 255, 'I': 65535, 'I;16': 65535}, None
    try:
        if path.suffix == '.npy':
            values = np.load(path, allow_pickle=False)
        else:
            with Image.open(path) as image:
                mode, values = image.mode, np.asarray(image)
    except (OSError, SyntaxError, ValueError, EOFError,
            Image.DecompressionBombError) as error:
        raise InputError(f'{path} cannot be read: {error}') from error
    if mode not in limits:
        raise InputError(f'{path} must be grey with 8 or 16 bits, but its '
                         f'mode is {mode}')
    probs = values.astype(np.float64) / limits[mode]
    if probs.ndim != 2 or not ((probs >= 0) & (probs <= 1)).all():
        raise InputError(f'{path} must be of shape (h, w) with probabilities '
                         f'in [0, 1], but its shape is {probs.shape}')
    return probs


def score_probability_maps(folder: str,
                           num_records: int,
                           mode: str = 'stability',
                           thr: float = 0.25) -> List[float]:
    """Pixel scores of a folder of probability maps, one for each record.

    ``000000.npy`` or ``.png`` is for the first record, and so on: the
    foreground probability of its box or of the whole image, at any size.
    Raises an InputError if a map is missing or broken.
    """
    # The only thing here that needs torch.
    from projects.qanet.quality import mask_pixel_score
    scores = []
    for i in range(num_records):
        paths = [Path(folder) / f'{i:06d}{end}' for end in ('.npy', '.png')]
        found = [path for path in paths if path.is_file()]
        if not found:
            raise InputError(f'record {i} has no probability map: neither '
                             f'{paths[0]} nor {paths[1].name}')
        probs = read_probability_map(found[0])
        scores.append(float(mask_pixel_score(probs[None], thr, mode)[0]))
    return scores


def rescore_records(
        records: Sequence[Dict[str, Any]],
        weights: Sequence[float],
        pixel_scores: Optional[Sequence[float]] = None
) -> List[Dict[str, Any]]:
    """Fuse the scores of COCO results anew (Equation 1).

    The records have ``bbox_score``, ``iou_score`` and ``pixel_score`` as far
    as they have a weight. ``pixel_scores`` go before their own; a record
    without ``bbox_score`` then takes its ``score`` for it. Gives copies with
    the new ``score`` and the ingredients, everything else unchanged. Raises an
    InputError if weights are not allowed or an ingredient is missing.
    """
    weights = check_weights(weights)
    records = [dict(record) for record in records]
    if pixel_scores is not None:
        for record, score in zip(records, pixel_scores):
            record.setdefault('bbox_score', record['score'])
            record['pixel_score'] = score
    scores = np.ones((3, len(records)), np.float32)
    for i, record in enumerate(records):
        # The last one first: a file without any lacks probabilities above all.
        for k, key in reversed(list(enumerate(_HINTS))):
            if weights[k] > 0:
                scores[k, i] = _ingredient(record, key, i)
    fused = quality_score(*scores, weights=weights)
    for record, score in zip(records, fused):
        record['score'] = float(score)
    return records


def _ingredient(record: Dict[str, Any], key: str, position: int) -> float:
    value = record.get(key)
    if value is None:
        raise InputError(f'record {position} has no {key}{_HINTS[key]}')
    if not is_number(value) or value < 0:
        raise InputError(f'record {position}: {key} must be a number of at '
                         f'least 0, but is {value!r}')
    return value
