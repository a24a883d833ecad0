# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The figures of a study as a JSON document."""
import json
import math
from typing import Any, Dict

import numpy as np

from projects.qanet.utils.files import write_text
from .agreement import Agreement, score_agreements
from .precision_recall import RECALLS
from .study import QualityStudy


def study_document(study: QualityStudy, num_bins: int = 10) -> Dict[str, Any]:
    """Lay a study out for a JSON file.

    Args:
        study (QualityStudy): The study.
        num_bins (int): Bins of the reliability diagrams. Defaults to 10.

    Returns:
        dict: ``persons`` and ``parts`` (agreement of each score with the true
        IoU), ``parts_by_class``, ``average_precision`` (percent, by the score
        that ranks), ``precision_recall``, ``confusion`` (pixels), and the
        persons of the galleries. Undefined figures are None.
    """
    by_class = {}
    for label, name in enumerate(study.classes[1:], 1):
        agreements = score_agreements(study.parts, num_bins, label)
        by_class[name] = {
            score: _agreement(value, with_bins=False)
            for score, value in agreements.items()
        }
    return dict(
        box_score_thr=study.box_score_thr,
        persons=_agreements(study.persons, num_bins),
        parts=_agreements(study.parts, num_bins),
        parts_by_class=by_class,
        average_precision={
            score: to_plain(ranking.values)
            for score, ranking in study.rankings.items()
        },
        precision_recall=_curves(study),
        confusion=dict(
            classes=list(study.classes), pixels=study.confusion.tolist()),
        overrated_persons=[
            to_plain(item._asdict()) for item in study.overrated
        ],
        worst_found_persons=[to_plain(item._asdict()) for item in study.worst])


def write_document(path: str, document: Dict[str, Any]) -> None:
    """Write a document of :func:`study_document`.

    Args:
        path (str): File to write. Its folder is made if it is missing.
        document (dict): The document.
    """
    write_text(path, json.dumps(document, indent=1, allow_nan=False) + '\n')


def to_plain(value: Any) -> Any:
    """Turn numpy values into what JSON knows.

    Args:
        value (Any): A number, an array, or a dict or sequence of such.

    Returns:
        Any: The same as plain numbers and lists, NaN as None.
    """
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return to_plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value


def _agreements(samples: Any, num_bins: int) -> Dict[str, Any]:
    return {
        score: _agreement(value)
        for score, value in score_agreements(samples, num_bins).items()
    }


def _agreement(value: Agreement, with_bins: bool = True) -> Dict[str, Any]:
    """One score's figures, with its reliability diagram on request."""
    figures = value._asdict()
    bins = figures.pop('bins')
    if with_bins:
        figures['reliability'] = bins._asdict()
    return to_plain(figures)


def _curves(study: QualityStudy) -> Dict[str, Any]:
    """Precision at fixed recalls, by what is found, threshold and score."""
    document: Dict[str, Any] = dict(recall=to_plain(RECALLS))
    for kind in ('person', 'part'):
        curves: Dict[str, Any] = {}
        for score, ranking in study.rankings.items():
            for threshold, curve in getattr(ranking, f'{kind}_curves').items():
                curves.setdefault(f'{threshold:g}',
                                  {})[score] = to_plain(curve)
        document[f'{kind}s'] = curves
    return document
