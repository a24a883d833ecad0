# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The evaluation written down pixel by pixel, to check the fast one against.

Nothing of the package is used here: masks of whole images, one pair, one
class and one threshold at a time.
"""
import numpy as np


def class_ious(prediction, truth, num_classes):
    """IoU by class where truth is not 255, NaN where there is no union."""
    valid = truth != 255
    ious = []
    for label in range(num_classes):
        one, other = prediction == label, truth == label
        union = ((one | other) & valid).sum()
        inter = (one & other & valid).sum()
        ious.append(inter / union if union else np.nan)
    return np.array(ious)


def precision(outcomes, num_truths):
    """VOC 2010 AP of (score, outcome) in order; an outcome may be None."""
    outcomes = sorted(outcomes, key=lambda item: -item[0])
    hits = [hit for _, hit in outcomes if hit is not None]
    area = 0.
    for i in range(len(hits)):
        if hits[i]:
            best = max(
                sum(hits[:k + 1]) / (k + 1) for k in range(i, len(hits)))
            area += best / num_truths
    return 100 * area


def nanmean(values):
    values = [value for value in values if not np.isnan(value)]
    return sum(values) / len(values) if values else np.nan


class NaiveEvaluator:
    """Evaluates (image, ParsingInstances) pairs in one of two protocols."""

    def __init__(self, pairs, num_classes, strict):
        self.strict = strict
        self.num_classes = num_classes
        self.images = [
            self.prepare(*pair)
            for pair in sorted(pairs, key=lambda pair: pair[0].image_id)
        ]
        self.counted = [
            image for image in self.images
            if strict or image['num_records'] > 0
        ]

    def prepare(self, image, persons):
        """Full maps in lists, and which persons stay."""
        maps = [persons.part_map(i).astype(int) for i in range(len(persons))]
        data = dict(
            truth=image,
            maps=maps,
            num_records=len(maps),
            boxes=[float(score) for score in persons.bbox_scores],
            scores=[float(score) for score in persons.scores],
            parts=persons.part_scores.astype(float))
        order = sorted(range(len(maps)), key=lambda i: -data['scores'][i])
        keep = {i: True for i in order}
        for rank, i in enumerate(order):
            if not keep[i]:
                continue
            behind = order[rank + 1:]
            alive = [j for j in behind if keep[j]]
            for t, j in enumerate(alive):
                iou = nanmean(class_ious(maps[i], maps[j], self.num_classes))
                if iou >= 0.6:
                    keep[j if self.strict else behind[t]] = False
        data['kept'] = [
            i for i in range(len(maps))
            if keep[i] and data['scores'][i] >= 0.01
        ]
        data['crowds'] = {
            parsing_id
            for parsing_id, crowd in image.persons if crowd and self.strict
        }
        self.paint(data)
        return data

    def paint(self, data):
        """Person and label that are visible at each pixel."""
        shape = data['truth'].categories.shape
        data['owner'] = np.full(shape, -1)
        data['label'] = np.zeros(shape, int)
        for i in sorted(data['kept'], key=lambda i: data['scores'][i]):
            inside = data['maps'][i] > 0
            data['owner'][inside] = i
            data['label'][inside] = data['maps'][i][inside]

    def pixel_metrics(self):
        """mIoU, pixAcc and mAcc."""
        truth, painted = [], []
        for data in self.counted:
            shape = data['truth'].categories.shape
            canvas = np.zeros(shape, int)
            for i in sorted(
                    range(len(data['maps'])), key=lambda i: data['boxes'][i]):
                if data['boxes'][i] >= 0.3:
                    inside = data['maps'][i] > 0
                    canvas[inside] = data['maps'][i][inside]
            truth += data['truth'].categories.astype(int).ravel().tolist()
            painted += canvas.ravel().tolist()
        truth, painted = np.array(truth, int), np.array(painted, int)
        painted, truth = painted[truth != 255], truth[truth != 255]
        ious, accuracies = [], []
        for label in range(self.num_classes):
            hits = ((truth == label) & (painted == label)).sum()
            union = ((truth == label) | (painted == label)).sum()
            area = (truth == label).sum()
            absent = np.nan if self.strict else 0.
            ious.append(hits / union if union else absent)
            accuracies.append(hits / area if area else absent)
        absent = np.nan if self.strict else 0.
        return dict(
            mIoU=100 * nanmean(ious),
            mAcc=100 * nanmean(accuracies),
            pixAcc=100 * ((truth == painted).mean() if len(truth) else absent))

    def match(self, predictions, truths, threshold, reuse):
        """Outcomes and matched truths of scored predictions.

        Args:
            predictions: (score, {truth: IoU}) in listed order.
            truths: {truth: whether it is ignored}.
        """
        taken, outcomes, found = set(), [], {}
        for k in sorted(
                range(len(predictions)), key=lambda k: -predictions[k][0]):
            score, ious = predictions[k]
            ranked = sorted(ious, key=lambda t: -ious[t])
            if self.strict:
                free = [
                    t for t in ranked
                    if not truths[t] and t not in taken and ious[t] > threshold
                ]
                hit = bool(free)
                if not hit and any(truths[t] and ious[t] > threshold
                                   for t in ranked):
                    hit = None
                best = free[:1]
            else:
                best = [t for t in ranked[:1] if ious[t] > threshold]
                hit = bool(best) and (reuse or best[0] not in taken)
            if hit:
                taken.add(best[0])
                found[k] = best[0]
            outcomes.append((score, hit))
        return outcomes, found

    def without_truth(self, predictions):
        return np.nan if self.strict or predictions else 0.

    def person_metrics(self):
        """AP^p and PCP by threshold."""
        predictions, truths, details = [], {}, {}
        for n, data in enumerate(self.images):
            image = data['truth']
            own = {}
            for g, (parsing_id, _) in enumerate(image.persons):
                inside = image.humans == parsing_id
                if self.strict and not inside.any():
                    continue
                own[n, g] = np.where(inside, image.categories, 0)
                truths[n, g] = parsing_id in data['crowds']
            for i in data['kept']:
                ious = {}
                for key, truth in own.items():
                    by_class = class_ious(data['maps'][i], truth,
                                          self.num_classes)
                    details[len(predictions), key] = by_class, truth
                    ious[key] = nanmean(by_class)
                    parts = data['maps'][i] > 0
                    on_parts = parts & (truth > 0) & (truth < 255)
                    if self.strict and not truths[key] and not on_parts.any():
                        del ious[key]  # only the background agrees
                    elif truths[key]:
                        inside = image.humans == image.persons[key[1]][0]
                        ious[key] = (parts & inside).sum() / max(
                            parts.sum(), 1)
                predictions.append((data['scores'][i], ious))
        num_truths = sum(not ignored for ignored in truths.values())
        values = {}
        for percent in range(10, 100, 10):
            outcomes, found = self.match(predictions, truths, percent / 100,
                                         False)
            shares = 0.
            for k, key in found.items():
                by_class, truth = details[k, key]
                parts = len(set(np.unique(truth)) - {0, 255})
                with np.errstate(invalid='ignore'):
                    right = (by_class[1:] > percent / 100).sum()
                shares += right / parts if parts else 0.
            values[f'APp_{percent}'] = (
                precision(outcomes, num_truths)
                if num_truths else self.without_truth(predictions))
            values[f'PCP_{percent}'] = (100 * shares /
                                        num_truths if num_truths else np.nan)
        return values

    def mask_ious(self, mask, masks, crowds):
        """IoU with each mask, with crowds the share of the first."""
        return {
            key: (mask & other).sum() / (mask.sum() if crowds[key] else
                                         (mask | other).sum())
            for key, other in masks.items() if (mask & other).any()
        }

    def mask_metric(self, classes, collect, percents):
        """Precisions (class, threshold) of masks that images give."""
        table = []
        for label in classes:
            predictions, truths = [], {}
            for n, data in enumerate(self.counted):
                found, masks = collect(data, label)
                masks = {(n, key): mask for key, mask in masks.items()}
                for key, mask in masks.items():
                    ids = data['truth'].humans[mask]
                    on_crowd = np.isin(ids, list(data['crowds'])).sum()
                    truths[key] = bool(2 * on_crowd > mask.sum())
                predictions += [(score, self.mask_ious(mask, masks, truths))
                                for score, mask in found]
            num_truths = sum(not ignored for ignored in truths.values())
            row = []
            for percent in percents:
                outcomes, _ = self.match(predictions, truths, percent / 100,
                                         True)
                row.append(
                    precision(outcomes, num_truths) if num_truths else self.
                    without_truth(predictions))
            table.append(row)
        return np.array(table)

    def collect_regions(self, data, label):
        image = data['truth']
        visible = [(data['parts'][i, label - 1],
                    (data['owner'] == i) & (data['label'] == label))
                   for i in data['kept']]
        masks = {
            key: image.instances == key
            for key, value in image.classes.items() if value == label
        }
        return ([item for item in visible if item[1].any()], {
            key: mask
            for key, mask in masks.items() if mask.any()
        })

    def collect_humans(self, data, label):
        humans = data['truth'].humans
        visible = [(data['scores'][i], data['owner'] == i)
                   for i in data['kept']]
        return ([item for item in visible if item[1].any()], {
            key: humans == key
            for key in np.unique(humans) if key > 0
        })

    def evaluate(self):
        """All metrics by the names of the package."""
        values = self.pixel_metrics()
        values.update(self.person_metrics())
        percents = range(10, 100, 10)
        if not self.counted:
            regions = np.full((self.num_classes - 1, 9), np.nan)
        else:
            regions = self.mask_metric(
                range(1, self.num_classes), self.collect_regions, percents)
        for percent, column in zip(percents, regions.T):
            values[f'APr_{percent}'] = nanmean(column)
        percents = range(50, 100, 5)
        humans = np.full((1, 10), np.nan)
        if self.counted:
            humans = self.mask_metric([0], self.collect_humans, percents)
        for percent, value in zip(percents, humans[0]):
            values[f'APh_{percent}'] = value
        return values
