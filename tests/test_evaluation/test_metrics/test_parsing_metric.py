# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import inspect
import json
import logging

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample

from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.evaluation.metrics import ParsingMetric
from projects.qanet.structures import ParsingInstances, read_results


@pytest.fixture
def samples(golden):
    """What a model returns for the golden images."""
    samples = []
    for image_id, persons in golden.persons.items():
        width, height = persons.image_size
        sample = SegDataSample(
            metainfo=dict(
                img_id=image_id,
                img_path=f'Images/{image_id:07d}.jpg',
                ori_shape=(height, width)))
        sample.set_field(persons, 'pred_instances')
        samples.append(sample.to_dict())
    return samples


@pytest.fixture
def build(golden):
    """A metric for the golden data set."""

    def build_metric(**kwargs):
        args = dict(ann_file=golden.ann_file, data_root=golden.data_root)
        args.update(kwargs)
        metric = METRICS.build(dict(type='ParsingMetric', **args))
        metric.dataset_meta = dict(classes=golden.classes)
        return metric

    return build_metric


def run(metric, samples, batch_size=5):
    for i in range(0, len(samples), batch_size):
        metric.process(None, samples[i:i + batch_size])
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('protocol', ['released', 'strict'])
@pytest.mark.parametrize('weights', [None, (1, .5, 3)])
def test_values_are_those_of_the_results_file(golden, samples, build, tmp_path,
                                              protocol, weights):
    path = str(tmp_path / 'out' / 'results.json')
    metric = build(protocol=protocol, quality_weights=weights, out_file=path)
    values = run(metric, samples)
    info, records = read_results(path)
    evaluator = ParsingEvaluator(
        golden.ann_file, golden.data_root, info['classes'], protocol=protocol)
    expected = {
        f'parsing/{key}': value
        for key, value in evaluator.evaluate(records).items()
    }
    np.testing.assert_equal(values, expected)
    assert info['quality_weights'] == [float(w) for w in weights or (1, 1, 1)]


def test_golden_values(golden, samples, build):
    values = run(build(quality_weights=(1, .5, 3)), samples)
    expected = golden.expected['1-0.5-3']
    for key, value in (('mIoU', expected['mIoU']), ('APp', expected['mAPp']),
                       ('PCP_50', expected['PCP']['0.5']),
                       ('APr', expected['mAPr']), ('APh', expected['mAPh'])):
        assert values[f'parsing/{key}'] == pytest.approx(100 * value, abs=1e-7)


def test_padding_of_a_distributed_sampler(samples, build):
    once = run(build(), samples)
    metric = build()
    metric.process(None, samples + samples[:3])
    assert len(metric.results) == len(samples) + 3  # one entry per sample
    np.testing.assert_equal(metric.evaluate(len(samples) + 3), once)


def test_statistics_are_small(samples, build):
    metric = build()
    metric.process(None, samples)
    for entry in metric.results:
        assert set(entry) == {'image_id', 'statistics'}
        arrays = [
            array for candidates in (entry['statistics'].persons,
                                     entry['statistics'].regions)
            if candidates is not None for array in vars(candidates).values()
        ]
        assert sum(array.nbytes for array in arrays) < 20000


def test_results_file(golden, samples, build, tmp_path):
    path = str(tmp_path / 'results.json')
    metric = build(
        ann_file=None,
        data_root=None,
        format_only=True,
        out_file=path,
        result_info=dict(quality_weights=(1, 0, 3), pixel_score_thr=.4))
    assert run(metric, samples) == {}
    info, records = read_results(path)
    assert info['quality_weights'] == [1, 0, 3]
    assert info['pixel_score_thr'] == .4
    assert records == golden.records
    with open(path) as file:
        images = json.load(file)['images']
    assert [image['id'] for image in images] == sorted(golden.persons)
    assert images[0] == dict(
        id=1003, file_name='0001003.jpg', width=246, height=308)


def test_log_and_metrics_file(samples, build, tmp_path):
    path = tmp_path / 'metrics.json'
    metric = build(
        protocol='strict', metric=('mIoU', 'APp'), metrics_file=str(path))
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    try:
        values = run(metric, samples[1:])
    finally:
        logger.removeHandler(handler)
    text = '\n'.join(lines)
    assert 'Protocol: strict' in text and 'mended' in text
    assert '| class13' in text and '| mIoU' in text and 'APr' not in text
    assert '1 of 12 annotated images were not tested' in text
    stored = json.loads(path.read_text())
    assert stored.keys() == values.keys()
    assert stored['parsing/APp'] == values['parsing/APp']
    assert 'parsing/APr' not in stored


def test_undefined_values_are_null(scenes, tmp_path):
    image = scenes.make_image(1, np.zeros((4, 6)), np.zeros((4, 6)))
    ann_file, root = scenes.write_dataset(tmp_path, [image])
    metric = METRICS.build(
        dict(
            type='ParsingMetric',
            ann_file=ann_file,
            data_root=root,
            metrics_file=str(tmp_path / 'metrics.json')))
    metric.dataset_meta = dict(classes=['background', 'head'])
    sample = dict(
        img_id=1,
        img_path='0001.jpg',
        ori_shape=(4, 6),
        pred_instances=ParsingInstances.empty((6, 4), 2))
    metric.process(None, [sample])
    values = metric.evaluate(1)
    assert np.isnan(values['parsing/APr'])
    stored = json.loads((tmp_path / 'metrics.json').read_text())
    assert stored['parsing/APr'] is None


@pytest.mark.parametrize('kwargs, message', [
    (dict(format_only=True), 'format_only needs out_file'),
    (dict(ann_file=None), 'ann_file and data_root are needed'),
])
def test_wrong_arguments(build, kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


@pytest.mark.parametrize('kwargs, message', [
    (dict(protocol='loose'), "no protocol 'loose'.*released.*strict"),
    (dict(metric=('mIoU', 'AP')), r"no metric \['AP'\]"),
])
def test_wrong_evaluator_arguments(build, samples, kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs).process(None, samples)


def test_wrong_samples(build, samples):
    metric = build()
    sample = dict(samples[0], pred_instances=InstanceData())
    with pytest.raises(TypeError, match='0001003.jpg: pred_instances must be'):
        metric.process(None, [sample])
    nobody = ParsingInstances.empty((246, 308), 7)
    with pytest.raises(ValueError, match='predicts 7 classes.* has 20'):
        metric.process(None, [dict(samples[0], pred_instances=nobody)])
    with pytest.raises(ValueError, match='image id 5 is not in'):
        metric.process(None, [dict(samples[0], img_id=5)])
    metric.dataset_meta = None
    with pytest.raises(ValueError, match='needs dataset_meta'):
        metric.process(None, samples)


def test_config_of_one_metric_builds_an_evaluator(tmp_path):
    """As val_evaluator = dict(type='ParsingMetric', metric=...)."""
    config = dict(
        type='ParsingMetric',
        metric=('mIoU', ),
        format_only=True,
        out_file=str(tmp_path / 'results.json'))
    evaluator = Evaluator(config)
    assert isinstance(evaluator.metrics[0], ParsingMetric)
    assert 'metrics' not in inspect.signature(ParsingMetric).parameters
