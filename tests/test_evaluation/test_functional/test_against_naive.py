# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Both protocols against an evaluation that is written down pixel by pixel.

:class:`Naive` uses nothing of the package: masks of whole images, one pair,
one class and one threshold at a time.
"""
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.testing.layout import (LabelledImage, make_persons,
                                           write_dataset)

CLASSES = ['background', 'head', 'torso', 'leg']
NUM_CLASSES = 4


def class_ious(prediction, truth):
    """IoU by class where truth is not 255, NaN where there is no union."""
    valid, ious = truth != 255, []
    for label in range(NUM_CLASSES):
        one, other = prediction == label, truth == label
        union = ((one | other) & valid).sum()
        ious.append((one & other & valid).sum() / union if union else np.nan)
    return np.array(ious)


def nanmean(values):
    values = [value for value in values if not np.isnan(value)]
    return sum(values) / len(values) if values else np.nan


class Naive:
    """Evaluates pairs of a LabelledImage and ParsingInstances."""

    def __init__(self, pairs, strict):
        self.strict, self.absent = strict, np.nan if strict else 0.
        pairs = sorted(pairs, key=lambda pair: pair[0].image_id)
        self.images = [self.prepare(*pair) for pair in pairs]
        self.counted = [one for one in self.images if strict or one.maps]

    def prepare(self, truth, persons):
        """Full maps, who stays, and who and what is visible where."""
        maps = [persons.part_map(i).astype(int) for i in range(len(persons))]
        scores = persons.scores.astype(float)
        order = sorted(range(len(maps)), key=lambda i: -scores[i])
        keep = dict.fromkeys(order, True)
        for rank, i in enumerate(order):
            behind = order[rank + 1:]
            alive = [j for j in behind if keep[i] and keep[j]]
            for t, j in enumerate(alive):
                if nanmean(class_ious(maps[i], maps[j])) >= 0.6:
                    keep[j if self.strict else behind[t]] = False
        kept = [i for i in sorted(keep) if keep[i] and scores[i] >= 0.01]
        owner, label = np.zeros((2, *truth.humans.shape), int)
        for i in sorted(kept, key=lambda i: scores[i]):
            owner[maps[i] > 0] = i + 1
            label = np.where(maps[i] > 0, maps[i], label)
        crowds = [i for i, crowd in truth.persons if crowd and self.strict]
        return SimpleNamespace(
            truth=truth,
            maps=maps,
            kept=kept,
            owner=owner,
            label=label,
            crowds=crowds,
            scores=scores,
            boxes=persons.bbox_scores.astype(float),
            parts=persons.part_scores.astype(float))

    def pixel_metrics(self):
        truth, painted = np.zeros((2, 0), int)
        for image in self.counted:
            canvas = np.zeros(image.label.shape, int)
            for i in sorted(
                    range(len(image.maps)), key=lambda i: image.boxes[i]):
                if image.boxes[i] >= 0.3:
                    canvas = np.where(image.maps[i] > 0, image.maps[i], canvas)
            truth = np.append(truth, image.truth.categories)
            painted = np.append(painted, canvas)
        painted, truth = painted[truth != 255], truth[truth != 255]
        ious, accuracies = [], []
        for label in range(NUM_CLASSES):
            one, other = painted == label, truth == label
            hits, union = (one & other).sum(), (one | other).sum()
            ious.append(hits / union if union else self.absent)
            accuracies.append(hits /
                              other.sum() if other.any() else self.absent)
        right = (truth == painted).mean() if len(truth) else self.absent
        return dict(
            mIoU=100 * nanmean(ious),
            mAcc=100 * nanmean(accuracies),
            pixAcc=100 * right)

    def match(self, predictions, truths, threshold, reuse):
        """AP of scored {truth: IoU} in listed order, and the pairs found.

        ``truths`` say whether each is ignored.
        """
        taken, hits, found = set(), [], {}
        for k in sorted(
                range(len(predictions)), key=lambda k: -predictions[k][0]):
            ious = predictions[k][1]
            best = sorted(ious, key=lambda t: -ious[t])
            if self.strict:
                best = [t for t in best if ious[t] > threshold]
                on_crowd = any(truths[t] for t in best)
                best = [t for t in best if not truths[t] and t not in taken]
                if on_crowd and not best:
                    continue
            best = [
                t for t in best[:1]
                if ious[t] > threshold and (reuse or t not in taken)
            ]
            hits.append(bool(best))
            taken.update(best)
            found.update((k, t) for t in best)
        wanted = sum(not ignored for ignored in truths.values())
        if not wanted:
            return np.nan if self.strict or predictions else 0., found
        precisions = [sum(hits[:k + 1]) / (k + 1) for k in range(len(hits))]
        area = sum(
            max(precisions[k:]) / wanted for k, hit in enumerate(hits) if hit)
        return 100 * area, found

    def person_metrics(self):
        predictions, truths, details = [], {}, {}
        for n, image in enumerate(self.images):
            own = {}
            for human, _ in image.truth.persons:
                inside = image.truth.humans == human
                if inside.any() or not self.strict:
                    own[n, human] = inside
                    truths[n, human] = human in image.crowds
            for i in image.kept:
                ious, parts = {}, image.maps[i] > 0
                for key, inside in own.items():
                    truth = np.where(inside, image.truth.categories, 0)
                    by_class = class_ious(image.maps[i], truth)
                    details[len(predictions), key] = by_class, truth
                    common = parts & (truth > 0) & (truth < 255)
                    if truths[key]:
                        ious[key] = (parts & inside).sum() / max(
                            parts.sum(), 1)
                    elif common.any() or not self.strict:
                        ious[key] = nanmean(by_class)
                predictions.append((image.scores[i], ious))
        wanted = sum(not ignored for ignored in truths.values())
        values = {}
        for percent in range(10, 100, 10):
            values[f'APp_{percent}'], found = self.match(
                predictions, truths, percent / 100, False)
            shares = 0.
            for pair in found.items():
                by_class, truth = details[pair]
                parts = len(set(np.unique(truth)) - {0, 255})
                right = (np.nan_to_num(by_class[1:]) > percent / 100).sum()
                shares += right / max(parts, 1)
            values[f'PCP_{percent}'] = (100 * shares /
                                        wanted if wanted else np.nan)
        return values

    def mask_metric(self, collect, percents):
        """Precisions, by threshold, of masks that ``collect`` gives."""
        predictions, truths = [], {}
        for n, image in enumerate(self.counted):
            found, masks = collect(image)
            masks = {(n, k): mask for k, mask in masks.items() if mask.any()}
            for key, mask in masks.items():
                on_crowd = np.isin(image.truth.humans[mask], image.crowds)
                truths[key] = bool(2 * on_crowd.sum() > mask.sum())
            for score, mask in found:
                if mask.any():
                    predictions.append((score, {
                        key: (mask & other).sum() /
                        (mask if truths[key] else mask | other).sum()
                        for key, other in masks.items()
                        if (mask & other).any()
                    }))
        if not self.counted:
            return [np.nan for _ in percents]
        return [
            self.match(predictions, truths, percent / 100, True)[0]
            for percent in percents
        ]

    def evaluate(self):

        def regions(image, label):
            visible = image.label == label
            return ([(image.parts[i,
                                  label - 1], visible & (image.owner == i + 1))
                     for i in image.kept], {
                         k: image.truth.instances == k
                         for k, c in image.truth.classes.items() if c == label
                     })

        def humans(image):
            ids = set(np.unique(image.truth.humans)) - {0}
            return ([(image.scores[i], image.owner == i + 1)
                     for i in image.kept], {
                         k: image.truth.humans == k
                         for k in ids
                     })

        values = {**self.pixel_metrics(), **self.person_metrics()}
        tens, fives = range(10, 100, 10), range(50, 100, 5)
        rows = [
            self.mask_metric(lambda image: regions(image, label), tens)
            for label in range(1, NUM_CLASSES)
        ]
        for percent, column in zip(tens, zip(*rows)):
            values[f'APr_{percent}'] = nanmean(column)
        for percent, value in zip(fives, self.mask_metric(humans, fives)):
            values[f'APh_{percent}'] = value
        return values


def draw_part_map(rng, shape, labels):
    """A few rectangles, later ones over earlier ones."""
    part_map = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(0, 4)):
        y, x = rng.integers(0, shape)
        h, w = rng.integers(1, 6, 2)
        part_map[y:y + h, x:x + w] = rng.choice(labels)
    return part_map


def draw_truth(rng, image_id, shape):
    """Up to four persons, maybe hidden, crowds, void or without parts."""
    categories, humans = np.zeros((2, *shape), np.uint8)
    labels = rng.choice([[1, 2, 3], [1, 2], [0, 1, 3, 255]][rng.integers(3)],
                        3)
    for human in range(1, rng.integers(1, 5)):
        part_map = draw_part_map(rng, shape, labels)
        inside = part_map > 0
        humans[inside], categories[inside] = human, part_map[inside]
    humans[rng.random(shape) < .02] = 3
    categories[rng.random(shape) < .02] = rng.choice(labels)
    persons = [(human, bool(rng.random() < .2)) for human in (3, 1, 2, 4)
               if rng.random() < .8]
    own = categories * np.isin(humans,
                               [i for i, crowd in persons if not crowd])
    if set(np.unique(own)) in ({255}, {0, 255}):  # refused as no labels
        categories[own == 255] = 1
    return LabelledImage(image_id, categories, humans, persons)


def draw_persons(rng, image):
    """Disturbed copies of true persons and free inventions."""
    maps, shape = [], image.categories.shape
    for _ in range(rng.integers(0, 6)):
        part_map = draw_part_map(rng, shape, [1, 2, 3])
        if rng.random() < .6:
            human = rng.integers(1, 4)
            part_map = np.where(image.humans == human, image.categories, 0)
            part_map[part_map == 255] = 0
            part_map[rng.random(shape) < rng.choice([0, .05, .3])] = 0
        maps.append(part_map)
    # Few different values, so that many scores tie.
    return make_persons(
        image.image_id,
        np.array(maps, np.uint8).reshape(-1, *shape),
        rng.choice([0, .005, .01, .4, .5, .5, .9], len(maps)),
        NUM_CLASSES,
        box_scores=rng.choice([.2, .3, .6, 1.], len(maps)),
        part_scores=rng.choice([0, .3, .3, .7, .8], (len(maps), 3)))


@pytest.mark.parametrize('protocol', ['released', 'strict'])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), num_images=st.integers(1, 4))
def test_random_scenes(protocol, seed, num_images):
    rng = np.random.default_rng(seed)
    images = [
        draw_truth(rng, int(image_id), tuple(rng.integers(5, 14, 2)))
        for image_id in rng.permutation(num_images)
    ]
    pairs = [(image, draw_persons(rng, image)) for image in images]
    records = [r for _, persons in pairs for r in persons.to_records()]
    with tempfile.TemporaryDirectory() as folder:
        paths = write_dataset(Path(folder), images)
        evaluator = ParsingEvaluator(*paths, CLASSES, protocol=protocol)
        values = evaluator.evaluate(records)
    for key, value in Naive(pairs, protocol == 'strict').evaluate().items():
        np.testing.assert_allclose(
            values[key], value, rtol=0, atol=1e-8, err_msg=key)
