# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from PIL import Image

from projects.qanet.evaluation.analysis import score_agreements, spearman
from projects.qanet.evaluation.analysis.samples import SAMPLE, pearson
from projects.qanet.utils.fusion import quality_score


def agreement(scores, ious):
    """Of pixel scores; the other scores are undefined."""
    samples = np.zeros(len(scores), SAMPLE).view(np.recarray)
    samples.scores = np.nan
    samples.scores[:, 2], samples.true_ious = scores, ious
    found = score_agreements(samples)
    assert found['box'].count == 0 and np.isnan(found['iou'][1:5]).all()
    return found['pixel']


def test_bins_and_calibration_error_by_hand():
    found = agreement([.05, .3, .35, np.nan, .95, 1., 1.2],
                      [.15, .2, .4, .99, .85, .9, .5])
    bins = found.reliability
    assert bins['edges'].tolist() == [k / 10 for k in range(11)]
    # .3 lies on a border and goes up; 1 and 1.2 go to the last bin.
    assert bins['counts'].tolist() == [1, 0, 0, 2, 0, 0, 0, 0, 0, 3]
    undefined = [np.nan] * 5
    assert bins['mean_scores'] == pytest.approx(
        [.05, np.nan, np.nan, .325, *undefined, 1.05], nan_ok=True)
    assert bins['mean_ious'] == pytest.approx(
        [.15, np.nan, np.nan, .3, *undefined, .75], nan_ok=True)
    error = (1 * .1 + 2 * .025 + 3 * .3) / 6
    assert (found.count, *found[2:5]) == (6, pytest.approx(error),
                                          pytest.approx(3.85 / 6),
                                          pytest.approx(.5))


@pytest.mark.parametrize('levels', [5, 1000])
def test_correlations_against_the_formulas(levels):
    rng = np.random.default_rng(levels)
    first = rng.integers(1, levels, 60) / levels
    second = first**3 + rng.integers(0, levels, 60) / levels
    # How many are smaller, plus the middle of those that are equal.
    ranks = [[(values < value).sum() + ((values == value).sum() + 1) / 2
              for value in values] for values in (first, second)]
    expected = np.corrcoef(ranks)[0, 1]
    assert agreement(first, second).spearman == pytest.approx(
        expected, abs=1e-12)
    plain = np.corrcoef(first, second)[0, 1]
    assert pearson(first, second) == pytest.approx(plain)
    assert abs(expected - plain) > .001
    for pair in (([1., 1.], [0., 1.]), ([.5], [.5]), ([], [])):
        assert np.isnan(spearman(*pair))


def naive_iou(mine, theirs, label):
    union = ((mine == label) | (theirs == label)).sum()
    both = ((mine == label) & (theirs == label)).sum()
    return both / union if union else np.nan


def test_samples_against_counting_pixels(golden, evaluator, study):
    persons, parts = [], []
    for image_id, found in golden.persons.items():
        stem = evaluator.images[image_id].file_name.rsplit('.')[0]
        categories, humans = (
            np.asarray(Image.open(f'{golden.data_root}/{name}/{stem}.png'))
            for name in ('Category_ids', 'Human_ids'))
        ids = [*np.unique(humans[humans > 0])]
        for k in range(len(found)):
            mine = found.part_map(k)
            ious = [[
                naive_iou(mine, np.where(humans == i, categories, 0), c)
                for c in range(20)
            ] for i in ids] or [[0.] * 20]
            means = np.nanmean(ious, axis=1)
            best = int(means.argmax())
            truth = ids[best] if ids else -1
            scores = found.bbox_scores[k], found.iou_scores[k]
            persons.append((image_id, k, 0, truth, means[best], *scores,
                            found.pixel_scores[k]))
            parts += [(image_id, k, label, truth, ious[best][label], *scores,
                       found.part_pixel_scores[k, label - 1])
                      for label in np.unique(mine[mine > 0])]
    assert len(parts) > 100
    for samples, expected in ((study.persons, persons), (study.parts, parts)):
        *columns, scores = (samples[name] for name in SAMPLE.names)
        np.testing.assert_allclose(
            np.column_stack([*columns, scores[:, :3]]), expected, rtol=1e-6)
        fused = quality_score(*scores[:, :3].T, (1, .5, 3))
        assert scores[:, 3] == pytest.approx(fused)
