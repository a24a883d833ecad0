# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a study leaves behind: figures as a document, and a report.

The report is one HTML file, whose words stand in ``report.html.j2``.
"""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.utils.tables import format_number
from .figures import (SCORE_TITLES, draw, fill_confusion, fill_correlations,
                      fill_precision_recall, fill_precisions, fill_reliability)
from .page import list_colours, render_page
from .pictures import PictureBook, choose_persons, plot_part_scores, triptych
from .samples import SCORE_NAMES, score_agreements
from .study import RECALLS, Failure, QualityStudy

_RANKING_KEYS = ('APp', 'APp_50', 'APr', 'APr_50', 'APh', 'APh_50')
_Row = Sequence[Tuple[str, bool]]  # cells and whether each is the best


def study_document(study: QualityStudy, num_bins: int = 10) -> Dict[str, Any]:
    """Lay a study out for a JSON file; undefined figures are NaN.

    It has ``persons`` and ``parts`` (agreement of each score with the true
    IoU), ``parts_by_class``, ``average_precision`` (percent, by the score
    that ranks), ``precision_recall``, ``confusion`` (pixels), and the
    persons of the galleries.
    """

    def agreements(*args: Any) -> Dict[str, Any]:
        return {
            name: found._asdict()
            for name, found in score_agreements(*args).items()
        }

    by_class = {}
    for label, name in enumerate(study.classes[1:], 1):
        by_class[name] = agreements(study.parts, num_bins, label)
        for figures in by_class[name].values():
            del figures['reliability']
    curves: Dict[str, Any] = dict(recall=RECALLS)
    for kind in ('person', 'part'):
        by_score = {
            score: getattr(ranking, f'{kind}_curves')
            for score, ranking in study.rankings.items()
        }
        curves[f'{kind}s'] = {
            f'{thr:g}': {
                score: found[thr]
                for score, found in by_score.items()
            }
            for thr in by_score['box']
        }
    return dict(
        box_score_thr=study.box_score_thr,
        persons=agreements(study.persons, num_bins),
        parts=agreements(study.parts, num_bins),
        parts_by_class=by_class,
        average_precision={
            score: ranking.values
            for score, ranking in study.rankings.items()
        },
        precision_recall=curves,
        confusion=dict(classes=study.classes, pixels=study.confusion),
        overrated_persons=[item._asdict() for item in study.overrated],
        worst_found_persons=[item._asdict() for item in study.worst])


def build_report(study: QualityStudy,
                 book: PictureBook,
                 title: str,
                 num_bins: int = 10,
                 figure1_ids: Optional[Sequence[int]] = None,
                 confidence: Optional[Dict[str, bytes]] = None) -> str:
    """Write the report, the text of an HTML file.

    ``num_bins`` are those of the reliability diagrams, ``figure1_ids`` the
    images of whose persons to show the part scores (None chooses by their
    parts), ``confidence`` pictures of high-confidence masks by their caption.
    Raises an InputError if a photo or a label map does not fit its image, or
    an image of ``figure1_ids`` is unknown.
    """
    evaluator, weights = book.evaluator, book.evaluator.quality_weights
    for image_id in figure1_ids or ():
        evaluator.find_image(image_id)  # names an unknown one
    groups = dict(persons=study.persons, parts=study.parts)
    return render_page(
        'report.html.j2',
        title=title,
        study=study,
        num_images=len(evaluator.images),
        num_missing=book.num_missing,
        num_bins=num_bins,
        protocol=evaluator.protocol.name,
        weights=weights and [f'{weight:g}' for weight in weights],
        findings=[_finding(*group) for group in groups.items()],
        plots=_plots(study, num_bins),
        class_table=_class_table(study),
        ranking_table=_ranking_table(study),
        persons=[(evaluator.images[person.image_ids].file_name,
                  plot_part_scores(study, person, book))
                 for person in choose_persons(study, image_ids=figure1_ids)],
        confidence=confidence,
        overrated=_gallery(study.overrated, book),
        worst=_gallery(study.worst, book))


def _finding(group: str, samples: np.recarray) -> str:
    """The message of a group of samples in one sentence."""
    found = {
        SCORE_TITLES[name]: agreement.spearman
        for name, agreement in score_agreements(samples).items()
    }
    known = [title for title in found if not np.isnan(found[title])]
    if not known:
        return f'There are too few {group} for a correlation.'
    first, *rest = sorted(known, key=lambda title: -found[title])
    others = ', '.join(f'{title} {found[title]:.2f}' for title in rest)
    constant = ', '.join(title for title in found if title not in known)
    return (f'For {group} the {first} orders best: {found[first]:.2f}' +
            (f' ({others}).' if rest else '.') +
            (f' Constant or undefined: {constant}.' if constant else ''))


def _plots(study: QualityStudy, num_bins: int) -> Dict[str, bytes]:
    """The plots of the whole data set; no confusion without pixels."""
    groups = dict(persons=study.persons, parts=study.parts)
    rankings, confusion = study.rankings, study.confusion
    plots = dict(
        correlations=draw((6.4, 2.7), (1, 1), fill_correlations, groups))
    layout = dict(sharex=True, sharey='row', height_ratios=(5, 1))
    for name, samples in groups.items():
        plots[name] = draw((12.4, 4), (2, 4), fill_reliability, samples,
                           num_bins, **layout)
    plots['precisions'] = draw((12.4, 3.3), (1, 3), fill_precisions, rankings)
    shape, share = (1,
                    2 * len(rankings['box'].person_curves)), dict(sharey=True)
    plots['curves'] = draw((12.4, 3.3), shape, fill_precision_recall, rankings,
                           **share)
    there = np.flatnonzero(confusion.sum(axis=0) + confusion.sum(axis=1))
    if there.size:
        side = min(16., 3 + .38 * len(there))
        plots['confusion'] = draw((side, side * .88), (1, 1), fill_confusion,
                                  confusion[np.ix_(there, there)],
                                  [study.classes[label] for label in there])
    return plots


def _class_table(study: QualityStudy) -> Tuple[List[str], List[_Row]]:
    """Head and rows: agreement of parts class by class."""
    titles = [SCORE_TITLES[name] for name in SCORE_NAMES]
    rows = []
    for label, name in enumerate(study.classes[1:], 1):
        found = score_agreements(study.parts, label=label)
        if found['box'].count:
            rows.append([(name, False), (str(found['box'].count), False),
                         *_cells([found['box'].mean_iou]),
                         *_cells([found[key].spearman for key in SCORE_NAMES]),
                         *_cells([found['fused'].calibration_error])])
    return ['class', 'parts', 'mean IoU', *titles, 'ECE'], rows


def _ranking_table(study: QualityStudy) -> Tuple[List[str], List[_Row]]:
    """Head and rows: what each score is worth in the metrics."""
    columns = [[(SCORE_TITLES[name], False) for name in study.rankings]]
    for key in _RANKING_KEYS:
        values = [rank.values[key] for rank in study.rankings.values()]
        columns.append(_cells(values, 1))
    return ['ranked by', *_RANKING_KEYS], list(zip(*columns))


def _cells(values: Sequence[float], digits: int = 2) -> _Row:
    """Numbers as cells; the largest is the best, unless all are equal."""
    known = {value for value in values if not np.isnan(value)}
    return [(format_number(value, digits), len(known) > 1
             and value == max(known)) for value in values]


def _gallery(persons: Sequence[Failure], book: PictureBook) -> Dict[str, Any]:
    """Captions and pictures, names and colours of the parts in them."""
    pictures, labels = [], set()
    for item in persons:
        portrait = book.portrait(item.image_id, item.position, item.parsing_id)
        labels.update(np.unique([portrait.found, portrait.truth]).tolist())
        who = 'nobody found' if item.position < 0 else (
            f'person {item.position + 1}')
        caption = (f'image {item.image_id}, {who}: quality '
                   f'{format_number(item.score)}, true IoU '
                   f'{format_number(item.true_iou)}')
        pictures.append((caption, triptych(portrait, book.palette)))
    return dict(pictures=pictures, legend=list_colours(labels, book))
