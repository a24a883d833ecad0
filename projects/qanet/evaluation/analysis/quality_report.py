# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The report on a study: what is shown, in which order, with which words."""
from typing import Dict, List, Optional, Sequence

import numpy as np

from .agreement import Agreement, score_agreements
from .charts import SCORE_TITLES
from .failures import Failure
from .html_report import Report
from .pictures import PictureBook, triptych
from .plots import (number, plot_confusion, plot_correlations,
                    plot_precision_recall, plot_precisions, plot_reliability,
                    present_classes)
from .portraits import choose_persons, plot_part_scores
from .samples import SCORE_NAMES, QualitySamples
from .study import QualityStudy

_NO_PHOTOS = ('The photos of {missing} of {total} images are not there, so '
              'these persons are shown without them.')

_RELIABILITY = (
    'Faint: single predictions. Line: mean true IoU of the predictions in '
    'each of {num_bins} bins of the score. On the dashed diagonal a score '
    'means what it says; below it the score is too high. The expected '
    'calibration error (ECE) is the mean distance from the diagonal; the bars '
    'are shares of predictions.')


def build_report(
    study: QualityStudy,
    book: PictureBook,
    title: str,
    num_bins: int = 10,
    figure1_ids: Optional[Sequence[int]] = None,
    confidence: Sequence[bytes] = ()
) -> Report:
    """Lay out the report.

    Args:
        study (QualityStudy): The study.
        book (PictureBook): Where the pictures come from.
        title (str): Headline.
        num_bins (int): Bins of the reliability diagrams. Defaults to 10.
        figure1_ids (Sequence[int], optional): Images of whose persons to show
            the part scores. Defaults to None, chosen by their parts.
        confidence (dict[str, bytes], optional): Pictures of high-confidence
            masks by their caption.

    Returns:
        Report: To be written.

    Raises:
        ValueError: If a photo or a label map does not fit its image.
    """
    evaluator = book.evaluator
    weights = evaluator.quality_weights
    fusion = 'as stored in the results file' if weights is None else (
        'fused with the weights ' + ', '.join(f'{w:g}' for w in weights))
    report = Report(
        title, f'{len(evaluator.images)} images, {len(study.persons)} '
        f'predicted persons, {len(study.parts)} parts; quality scores '
        f'{fusion}; protocol {evaluator.protocol.name}.')
    _add_agreement(report, study, num_bins)
    _add_classes(report, study)
    _add_rankings(report, study)
    _add_confusion(report, study)
    missing = book.missing_photos()
    note = _NO_PHOTOS.format(
        missing=missing, total=len(evaluator.images)) if missing else ''
    _add_part_scores(report, study, book, figure1_ids, note)
    _add_confidence(report, confidence or {})
    _add_failures(report, study, book, note)
    return report


def _add_agreement(report: Report, study: QualityStudy, num_bins: int) -> None:
    """Correlation and calibration of persons and parts."""
    groups: Dict[str, QualitySamples] = dict(
        persons=study.persons, parts=study.parts)
    report.heading('Do the scores order predictions by their true IoU?')
    report.text(
        'A person\'s true IoU is the mean IoU over classes with the annotated '
        'person that it resembles most; a part\'s is the IoU with the same '
        'class of that person. Persons count before suppression. Spearman\'s '
        'correlation compares the order alone: 1 is the right order, 0 no '
        'order. A part inherits the box and the IoU score of its person.')
    if study.box_score_thr > 0:
        report.text(f'Persons with a box score below {study.box_score_thr:g} '
                    'are left out.')
    for title, samples in groups.items():
        report.text(_finding(title, score_agreements(samples)), 'finding')
    report.picture(
        plot_correlations(groups), 'Spearman correlation of each score')
    for title, samples in groups.items():
        report.heading(f'Reliability of the scores of {title}')
        if title == 'persons':
            report.text(_RELIABILITY.format(num_bins=num_bins))
        report.picture(
            plot_reliability(samples, num_bins),
            f'Scores of {title} against true IoU')


def _finding(title: str, agreements: Dict[str, Agreement]) -> str:
    """The message of a group of samples in one sentence."""
    known = {
        name: value.spearman
        for name, value in agreements.items() if not np.isnan(value.spearman)
    }
    if not known:
        return f'There are too few {title} for a correlation.'
    names = sorted(known, key=lambda name: -known[name])
    rest = ', '.join(f'{SCORE_TITLES[name]} {known[name]:.2f}'
                     for name in names[1:])
    constant = [
        SCORE_TITLES[name] for name in SCORE_NAMES if name not in known
    ]
    return (f'For {title} the {SCORE_TITLES[names[0]]} orders best: '
            f'{known[names[0]]:.2f}' + (f' ({rest}).' if rest else '.') +
            (f' Constant or undefined: {", ".join(constant)}.'
             if constant else ''))


def _add_classes(report: Report, study: QualityStudy) -> None:
    """Agreement class by class, as a table."""
    report.heading('Parts, class by class')
    report.text('Spearman\'s correlation of each score with the true IoU; the '
                'best of a row is marked. ECE is that of the quality score.')
    rows: List[List[str]] = []
    best: List[List[bool]] = []
    for label, name in enumerate(study.classes[1:], 1):
        agreements = score_agreements(study.parts, label=label)
        fused = agreements['fused']
        if agreements['box'].count == 0:
            continue
        values = [agreements[score].spearman for score in SCORE_NAMES]
        rows.append([
            name,
            str(agreements['box'].count),
            number(agreements['box'].mean_iou), *map(number, values),
            number(fused.calibration_error)
        ])
        best.append([False] * 3 + _is_best(values))
    titles = [SCORE_TITLES[name] for name in SCORE_NAMES]
    report.table(['class', 'parts', 'mean IoU', *titles, 'ECE'], rows, best)


def _add_rankings(report: Report, study: QualityStudy) -> None:
    """What each score is worth in the metrics."""
    report.heading('What is a score worth in AP?')
    report.text(
        'Persons and parts are ranked, suppressed and painted by one score '
        'alone, then by the quality score. The masks are the same throughout: '
        'all differences come from the order.')
    keys = ('APp', 'APp_50', 'APr', 'APr_50', 'APh', 'APh_50')
    names = list(study.rankings)
    table = np.array([[study.rankings[name].values[key] for key in keys]
                      for name in names])
    best = np.array([_is_best(column) for column in table.T]).T
    report.table(['ranked by', *keys],
                 [[SCORE_TITLES[name], *(number(value, 1) for value in row)]
                  for name, row in zip(names, table)],
                 [[False, *row] for row in best.tolist()])
    report.picture(plot_precisions(study), 'AP over IoU thresholds')
    report.text('Precision over recall (monotone envelope): persons as in '
                'APp; parts as in APr, the mean over classes.')
    report.picture(plot_precision_recall(study), 'Precision-recall curves')


def _add_confusion(report: Report, study: QualityStudy) -> None:
    """Confusion of the global maps."""
    report.heading('Which classes are confused?')
    report.text('Pixels of the global maps behind mIoU: each row is a true '
                'class, the cells are the shares in percent that were '
                'predicted as each class; shares below 0.5 % are left empty. '
                'Classes that do not occur are left out.')
    present = present_classes(study)
    if not present:
        report.text('There is no predicted image.', 'note')
        return
    report.picture(
        plot_confusion(study.confusion[np.ix_(present, present)],
                       [study.classes[label] for label in present]),
        'Confusion matrix')


def _add_part_scores(report: Report, study: QualityStudy, book: PictureBook,
                     image_ids: Optional[Sequence[int]], note: str) -> None:
    """Figure 1 of the paper."""
    report.heading('Category pixel scores on persons')
    report.text('As Figure 1 of the paper: does the score of a part say how '
                'well it was parsed? Bar: category pixel score. Diamond: true '
                'IoU.')
    if note:
        report.text(note, 'note')
    for image_id in image_ids or ():
        book.evaluator.find_image(image_id)  # names an unknown one
    persons = choose_persons(study, image_ids=image_ids)
    if not persons:
        report.text('There is no person to show.', 'note')
    report.tiles(
        [plot_part_scores(person, book, study.classes) for person in persons],
        [
            book.evaluator.images[person.image_id].file_name
            for person in persons
        ])


def _add_confidence(report: Report, pictures: Dict[str, bytes]) -> None:
    """Figure 2 of the paper, where the network was run."""
    if pictures:
        report.heading('High-confidence masks')
        report.text(
            'As Figure 2 of the paper: winning probability, parsing result, '
            'and what is left of it where the probability reaches T. Pixel '
            'scores are means over what is left, the background included.')
        report.tiles(list(pictures.values()), list(pictures))


def _add_failures(report: Report, study: QualityStudy, book: PictureBook,
                  note: str) -> None:
    """The two galleries."""
    panels = 'Prediction, truth.' if note else 'Photo, prediction, truth.'
    report.heading('Persons that are rated too high')
    report.text('The largest quality score minus true IoU among the persons '
                f'that no better one suppresses. {panels}')
    _add_gallery(report, study.overrated, book)
    report.heading('Annotated persons of whom the least was found')
    report.text('The best kept prediction for each annotated person, the '
                'lowest true IoU first; persons smaller than 32 x 32 pixels '
                f'and crowds are left out. {panels}')
    _add_gallery(report, study.worst, book)


def _add_gallery(report: Report, persons: Sequence[Failure],
                 book: PictureBook) -> None:
    if not persons:
        report.text('There are none.', 'note')
        return
    pictures, captions, labels = [], [], set()
    for item in persons:
        portrait = book.portrait(item.image_id, item.position, item.parsing_id)
        labels |= set(np.unique(portrait.found).tolist())
        labels |= set(np.unique(portrait.truth).tolist())
        pictures.append(triptych(portrait, book.palette))
        who = 'nobody found' if item.position < 0 else (
            f'person {item.position + 1}')
        captions.append(f'image {item.image_id}, {who}: quality '
                        f'{number(item.score)}, true IoU '
                        f'{number(item.true_iou)}')
    shown = sorted(label for label in labels if 0 < label < len(book.palette))
    report.legend([book.evaluator.classes[label] for label in shown],
                  [book.palette[label] for label in shown])
    report.tiles(pictures, captions)


def _is_best(values: Sequence[float]) -> List[bool]:
    """Marks the largest number, if there is one."""
    values = np.asarray(values, np.float64)
    known = values[~np.isnan(values)]
    if len(known) < 2 or (known == known[0]).all():
        return [False] * len(values)
    return (values == known.max()).tolist()
