# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

import projects.qanet.densepose.metric  # noqa: F401
from projects.qanet.densepose.evaluation import DensePoseEvaluator
from projects.qanet.densepose.evaluation.accumulate import METRIC_KEYS
from projects.qanet.densepose.submission import read_submission
from projects.qanet.testing.layout import model_output
from projects.qanet.utils.errors import InputError
from .test_submission import instances

FORMAT_ONLY = dict(ann_file=None, eval_data=None, format_only=True)


@pytest.fixture
def samples(golden):
    """What a model returns for the golden images, in wider windows."""
    found = []
    for image in golden.document['images']:
        records = golden.of_image(image['id'])
        boxes = np.array([one['bbox'] for one in records], float)
        boxes = boxes.reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        maps = [
            np.pad(one['uv'], ((0, 0), (2, 1), (1, 2)), mode='edge')
            for one in records
        ]
        persons = instances(boxes + .25, maps, boxes[:, :2] - (1, 2),
                            (image['width'], image['height']),
                            [one['score'] for one in records], image['id'])
        found.append(model_output(persons, f'photos/{image["file_name"]}'))
    return found


@pytest.fixture
def build(golden, eval_data):

    def build_metric(**kwargs):
        config = dict(
            type='DensePoseMetric',
            ann_file=golden.ann_file,
            eval_data=eval_data)
        return METRICS.build({**config, **kwargs})

    return build_metric


def run(metric, samples):
    for i in range(0, len(samples), 4):
        metric.process(None, samples[i:i + 4])
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('mode, resize', [('GPSm', 'label_linear'),
                                          ('GPS', 'label_linear'),
                                          ('IOU', 'binary')])
def test_values_are_those_of_the_results_file(golden, eval_data, samples,
                                              build, tmp_path, mode, resize):
    path, metrics_file = tmp_path / 'out' / 'results.json', tmp_path / 'm.json'
    metric = build(
        mode=mode,
        mask_resize=resize,
        out_file=str(path),
        metrics_file=str(metrics_file))
    values = run(metric, samples)
    evaluator = DensePoseEvaluator(golden.ann_file, eval_data, mode, resize)
    records = read_submission(str(path))
    assert len(records) == 45
    expected = {
        f'densepose/{key}': value
        for key, value in evaluator.evaluate(records).items()
    }
    assert values == expected  # to the last bit
    assert tuple(values) == metric.summary_names
    assert json.loads(metrics_file.read_text()) == expected
    released = golden.values[resize][mode]
    for key in METRIC_KEYS:
        if key in released:
            assert values[f'densepose/{key}'] == pytest.approx(
                100 * released[key], abs=1e-4)
    # Without files, and with what a distributed sampler gives out twice.
    metric = build(mode=mode, mask_resize=resize, prefix='mine')
    again = run(metric, samples + samples[:3])
    assert list(again.values()) == list(values.values())
    assert list(again) == [f'mine/{key}' for key in METRIC_KEYS]


def test_ranks(samples, build, tmp_path):
    """Entries that two processes made, each of every other image."""
    whole = build(out_file=str(tmp_path / 'a.json'))
    expected = run(whole, samples)
    ranks = [build(out_file=str(tmp_path / f'{k}.json')) for k in range(2)]
    entries = []
    for k, metric in enumerate(ranks):
        metric.process(None, samples[k::2])
        assert len(metric.results) == len(samples[k::2])
        entries += pickle.loads(pickle.dumps(metric.results))
    values = ranks[0].compute_metrics(entries)
    assert list(values.values()) == list(expected.values())
    texts = [(tmp_path / f'{name}.json').read_text() for name in 'a0']
    assert texts[0] == texts[1]


def test_entries_are_small(samples, build):
    metric = build()
    metric.process(None, samples)
    for entry in metric.results:
        assert set(entry) == {'image_id', 'path', 'statistics'}
        assert len(pickle.dumps(entry)) < 3000


def test_log(samples, build, monkeypatch):
    texts = []
    for level in ('info', 'warning'):
        monkeypatch.setattr(MMLogger.get_current_instance(), level,
                            texts.append)
    run(build(), samples[1:])
    text = '\n'.join(texts)
    assert 'Metrics densepose/*\nGPSm: ' in text and '|  AP50 |' in text
    assert '1 of 9 annotated images were not tested' in text


def test_format_only(samples, build, tmp_path):
    path = str(tmp_path / 'results.json')
    metric = build(out_file=path, **FORMAT_ONLY)
    assert run(metric, samples) == {} and metric.summary_names == ()
    assert [one['image_id'] for one in read_submission(path)
            ] == sorted(one['image_id'] for one in read_submission(path))
    assert len(read_submission(path)) == 45


@pytest.mark.parametrize('kwargs, message', [
    (dict(format_only=True), 'format_only needs out_file'),
    (dict(ann_file=None), 'ann_file and eval_data are needed'),
    (dict(eval_data=None), 'ann_file and eval_data are needed'),
    (dict(eval_data='/nowhere'), '/nowhere has no SMPL_subdiv.mat'),
    (dict(ann_file='/nowhere.json'), '/nowhere.json does not exist'),
    (dict(mode='AP'), "mode is 'AP', allowed are GPSm, GPS, IOU"),
    (dict(out_file='/'), '/ is a folder, not a file'),
    (dict(metrics_file='/'), '/ is a folder, not a file'),
])
def test_wrong_arguments(build, kwargs, message):
    with pytest.raises((InputError, FileNotFoundError), match=message):
        build(**kwargs)


def test_wrong_samples(samples, build, tmp_path):
    metric, persons = build(), samples[0]['pred_instances']
    for error, message, change in (
        (InputError, 'scores are not finite',
         dict(pred_instances=replace(persons, scores=np.full(4, np.nan)))),
        (InputError, 'no uv_maps',
         dict(pred_instances=replace(persons, uv_maps=None))),
        (TypeError, '000011.jpg: pred_instances must be ParsingInstances',
         dict(pred_instances=None)),
        (InputError, 'image id 5 is not in', dict(img_id=5)),
        (InputError, '000011.jpg has the image id 12, which is another image, '
         '000012.jpg, in', dict(img_id=12)),
        (InputError, r'000011.jpg has \(height, width\) = \(240, 200\), but '
         r'\(200, 240\) in', dict(ori_shape=(240, 200))),
    ):
        with pytest.raises(error, match=message):
            metric.process(None, [dict(samples[0], **change)])
    metric = build(out_file=str(tmp_path / 'x.json'), **FORMAT_ONLY)
    metric.process(None, [samples[0], dict(samples[1], img_id=11)])
    with pytest.raises(InputError, match='000012.jpg and .*000011.jpg have'):
        metric.compute_metrics(metric.results)


def test_scores_are_fused_again(samples, build):
    """By other weights, of ingredients that the model has kept apart."""
    weights = (0, 0, 1)
    fused = []
    for sample in samples:
        persons = sample['pred_instances']
        pixel = np.linspace(.9, .1, len(persons), dtype=np.float32)
        sample['pred_instances'] = replace(persons, pixel_scores=pixel)
        fused.append(
            dict(
                sample,
                pred_instances=replace(sample['pred_instances'],
                                       scores=pixel)))
    plain = run(build(), samples)
    values = run(build(quality_weights=weights), samples)
    assert values == run(build(), fused) != plain
    with pytest.raises(InputError, match='weights'):
        build(quality_weights=(0, 0, 0))
