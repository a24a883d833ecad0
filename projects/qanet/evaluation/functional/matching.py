# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which prediction finds which ground truth, at several thresholds."""
from dataclasses import dataclass, fields
from typing import NamedTuple, Sequence

import numpy as np


@dataclass
class Candidates:
    """P scored predictions, G truths and the M pairs that may match.

    All but scores and IoUs (float64) are int64 or bool.
    """
    scores: np.ndarray  # what predictions are ranked by, (P,)
    labels: np.ndarray  # class of each prediction, (P,)
    truth_labels: np.ndarray  # class of each truth, (G,)
    # Crowds: they need not be found, and who finds them does not count, (G,).
    truth_ignored: np.ndarray
    predictions: np.ndarray  # prediction of each pair, (M,), ascending
    truths: np.ndarray  # its truth, (M,), ascending for one prediction
    # Its IoU, (M,); with a crowd the share of the prediction that lies on it.
    ious: np.ndarray

    @classmethod
    def join(cls, parts: Sequence['Candidates']) -> 'Candidates':
        """Put candidates of several images, at least one, in a row."""
        values = {
            field.name:
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
        }
        for name, counted in (('predictions', 'scores'), ('truths',
                                                          'truth_labels')):
            sizes = [len(getattr(part, counted)) for part in parts]
            lengths = [len(getattr(part, name)) for part in parts]
            values[name] += np.repeat(np.cumsum(sizes) - sizes, lengths)
        return cls(**values)

    def ranking(self) -> np.ndarray:
        """Predictions from the best down, ties in their order, (P,)."""
        return np.argsort(-self.scores, kind='stable')


class Matches(NamedTuple):
    """The outcome at T thresholds."""
    # Pair that makes a prediction a true positive, -1 for none, (P, T) int64.
    pairs: np.ndarray
    # Predictions that count neither as true nor as false, (P, T) bool.
    ignored: np.ndarray


def match_reusing(candidates: Candidates, thresholds: np.ndarray) -> Matches:
    """Every prediction may match its best truth, taken or not.

    The released way for AP^r and AP^h. The IoU must exceed each of the
    thresholds (T,); of equal ones the earlier listed truth is taken.
    """
    order = np.lexsort((-candidates.ious, candidates.predictions))
    predictions, first = np.unique(
        candidates.predictions[order], return_index=True)
    choices = np.full(len(candidates.scores), -1)
    choices[predictions] = order[first]
    ious = np.append(candidates.ious, -np.inf)[choices]
    pairs = np.where(ious[:, None] > thresholds, choices[:, None], -1)
    return Matches(pairs, np.zeros(pairs.shape, bool))


def match_first_choice(candidates: Candidates,
                       thresholds: np.ndarray) -> Matches:
    """The best prediction gets the truth; others have no second choice.

    The released way for AP^p.
    """
    matches = match_reusing(candidates, thresholds)
    ranking = candidates.ranking()
    for column in matches.pairs.T:
        hits = ranking[column[ranking] >= 0]
        _, first = np.unique(
            candidates.truths[column[hits]], return_index=True)
        column[np.setdiff1d(hits, hits[first], assume_unique=True)] = -1
    return matches


def match_best_free(candidates: Candidates, thresholds: np.ndarray) -> Matches:
    """Each prediction, from the best down, takes its best free truth.

    The strict way for AP^p, AP^r and AP^h. A prediction that finds none, but
    exceeds the threshold on an ignored truth, is ignored as in COCO.
    """
    shape = (len(candidates.scores), len(thresholds))
    pairs = np.full(shape, -1)
    ignored = np.zeros(shape, bool)
    taken = np.zeros((len(candidates.truth_labels), len(thresholds)), bool)
    order = np.lexsort((-candidates.ious, candidates.predictions))
    bounds = np.searchsorted(candidates.predictions[order],
                             np.arange(shape[0] + 1))
    for prediction in candidates.ranking():
        for pair in order[bounds[prediction]:bounds[prediction + 1]]:
            truth = candidates.truths[pair]
            above = candidates.ious[pair] > thresholds
            if candidates.truth_ignored[truth]:
                ignored[prediction] |= above
                continue
            won = above & ~taken[truth] & (pairs[prediction] < 0)
            pairs[prediction, won] = pair
            taken[truth] |= won
    return Matches(pairs, ignored & (pairs < 0))
