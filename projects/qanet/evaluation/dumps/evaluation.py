# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The metrics that a dump can give (``docs/protocol.md``, 7.1, 7.4, 7.5)."""
from functools import partial
from typing import Dict, List

import numpy as np

from projects.qanet.structures.runs import maps_to_runs
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.parallel import map_in_order
from ..functional.evaluator import ParsingEvaluator
from ..functional.image_statistics import ImageStatistics, crowd_ids
from ..functional.painting import Painting, human_candidates, region_candidates
from ..functional.segments import count_confusion, cut_segments
from ..functional.summary import summarize
from .files import GLOBAL, HUMANS, PARTS, find_dumped_images, read_dump

#: Metrics and the folder that each is computed from.
DUMP_METRICS = {'mIoU': GLOBAL, 'APr': PARTS, 'APh': HUMANS}


def evaluate_dump(evaluator: ParsingEvaluator,
                  folder: str,
                  num_workers: int = 0) -> Dict[str, float]:
    """Evaluate a dump: the figures of the results file it was painted from.

    Arguments and errors are those of :func:`reduce_dump`.
    """
    return summarize(
        reduce_dump(evaluator, folder, num_workers), evaluator.classes,
        evaluator.protocol, evaluator.metrics)


def reduce_dump(evaluator: ParsingEvaluator,
                folder: str,
                num_workers: int = 0) -> List[ImageStatistics]:
    """Reduce a dump, see :meth:`ParsingEvaluator.complete`.

    ``folder`` has those of :data:`DUMP_FOLDERS` that the evaluator's metrics
    need; annotated images without files are images without predictions. Works
    in ``num_workers`` processes beside this one. Raises an InputError if a
    metric cannot be had or the dump is broken.
    """
    impossible = sorted(set(evaluator.metrics) - set(DUMP_METRICS))
    if impossible:
        raise InputError(
            f'{", ".join(impossible)} cannot be computed from the dump '
            f'{folder}: it compares whole persons, and a dump has only the '
            'pixels of a person that no better one covers')
    names = [DUMP_METRICS[metric] for metric in evaluator.metrics]
    image_ids = find_dumped_images(folder, evaluator.images, names,
                                   evaluator.img_subdir)
    if not image_ids:
        raise InputError(f'{folder} has no image of {evaluator.ann_file}')
    process = partial(_process, evaluator, folder, names)
    return evaluator.complete(map_in_order(process, image_ids, num_workers))


def _process(evaluator: ParsingEvaluator, folder: str, names: List[str],
             image_id: int) -> ImageStatistics:
    """Read one image and reduce it to what the metrics of its maps need."""
    image, num_classes = evaluator.images[image_id], len(evaluator.classes)
    truth = evaluator.read_truth(image_id)
    dump = read_dump(folder, image, num_classes, names, evaluator.img_subdir)
    # The maps, maybe empty, take the places of three persons' part maps.
    nothing = np.zeros((0, 0), np.uint8)
    maps = [
        nothing if labels is None else labels
        for labels in (dump.categories, dump.humans, dump.parts)
    ]
    runs = maps_to_runs(maps, [(0, 0)] * 3, image.size)
    segments = cut_segments(truth, runs, 256)
    categories, humans, parts = segments.labels.astype(np.int64)
    crowds = crowd_ids(image, evaluator.protocol)
    statistics = ImageStatistics(image.image_id, True)
    if dump.categories is not None:
        statistics.confusion = count_confusion(segments, categories,
                                               num_classes)
    if dump.parts is not None:
        # A part takes a person's place: it has one class and one score.
        labels = dump.part_labels
        scores = np.zeros((len(labels), num_classes - 1))
        scores[np.arange(len(labels)), labels - 1] = dump.part_scores
        painting = Painting(parts - 1, np.append(labels, 0)[parts - 1])
        statistics.regions = region_candidates(segments, painting, truth,
                                               scores, crowds)
    if dump.humans is not None:
        painting = Painting(humans - 1, np.minimum(humans, 1))
        statistics.humans = human_candidates(segments, painting,
                                             dump.human_scores, crowds)
    return statistics
