# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mmdet.evaluation import MultiDatasetsEvaluator
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample

import projects.qanet.evaluation.metrics  # noqa: F401
from projects.qanet.evaluation.functional import SUMMARY_KEYS, ParsingEvaluator
from projects.qanet.structures import ParsingInstances, read_results
from projects.qanet.testing.layout import (LabelledImage, make_persons,
                                           model_output, write_dataset)
from projects.qanet.utils.errors import InputError

FORMAT_ONLY = dict(ann_file=None, data_root=None, format_only=True)


@pytest.fixture
def samples(golden):
    """What a model returns for the golden images."""
    return list(map(model_output, golden.persons.values()))


@pytest.fixture
def build(golden):
    """A metric for the golden data set, or for another one."""

    def build_metric(classes=golden.classes, **kwargs):
        config = dict(
            type='ParsingMetric',
            ann_file=golden.ann_file,
            data_root=golden.data_root)
        metric = METRICS.build({**config, **kwargs})
        metric.dataset_meta = dict(classes=classes)
        return metric

    return build_metric


def run(metric, samples):
    for i in range(0, len(samples), 5):
        metric.process(None, samples[i:i + 5])
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('protocol, weights', [('released', None),
                                               ('released', (1, .5, 3)),
                                               ('strict', (1, .5, 3))])
def test_values_are_those_of_the_results_file(golden, samples, build, tmp_path,
                                              protocol, weights):
    path = str(tmp_path / 'out' / 'results.json')
    metrics_file = tmp_path / 'metrics.json'
    options = dict(protocol=protocol, quality_weights=weights)
    metric = build(
        out_file=path,
        metrics_file=str(metrics_file),
        prefix='mine',
        **options)
    values = run(metric, samples)
    info, records = read_results(path)
    evaluator = ParsingEvaluator(
        golden.ann_file, golden.data_root, info['classes'], protocol=protocol)
    expected = {
        f'mine/{key}': value
        for key, value in evaluator.evaluate(records).items()
    }
    assert list(values) == [f'mine/{key}' for key in SUMMARY_KEYS]
    np.testing.assert_equal(values, {key: expected[key] for key in values})
    stored = json.loads(metrics_file.read_text())
    assert len(stored) > 100
    np.testing.assert_equal(stored, {
        key: None if np.isnan(value) else value
        for key, value in expected.items()
    })
    assert info['quality_weights'] == [float(w) for w in weights or (1, 1, 1)]
    # Without files, and with what a distributed sampler gives out twice.
    metric = build(**options, prefix='mine')
    np.testing.assert_equal(run(metric, samples + samples[:3]), values)


def test_entries_are_small(samples, build):
    metric = build()
    metric.process(None, samples)
    for entry in metric.results:
        assert set(entry) == {'image_id', 'path', 'statistics'}
        for candidates in (entry['statistics'].persons,
                           entry['statistics'].regions):
            arrays = vars(candidates).values() if candidates else ()
            assert sum(array.nbytes for array in arrays) < 10000


@pytest.mark.parametrize('metric', ['APp', ('APr', 'mIoU')])
def test_names_and_log(samples, build, metric, monkeypatch):
    """Names of the values are known before; an image is not tested."""
    texts = []
    for level in ('info', 'warning'):
        monkeypatch.setattr(MMLogger.get_current_instance(), level,
                            texts.append)
    metric = build(metric=metric, protocol='strict', prefix='mine')
    names = metric.summary_names
    assert sorted(run(metric, samples[1:])) == sorted(names)
    text = '\n'.join(texts)
    assert 'Metrics mine/*' in text and 'Protocol: strict' in text
    assert '1 of 12 annotated images were not tested' in text
    others = {'APr', 'mIoU'} if 'mine/APp' in names else {'APp', 'APh'}
    assert all(f'| {key}' not in text for key in others)
    assert ('| class13' in text) == ('mine/mIoU' in names)


def test_results_file(golden, samples, build, tmp_path):
    path = str(tmp_path / 'results.json')
    result_info = dict(quality_weights=(1, 0, 3), pixel_score_thr=.4)
    metric = build(out_file=path, result_info=result_info, **FORMAT_ONLY)
    assert run(metric, samples) == {} and metric.summary_names == ()
    info, records = read_results(path)
    assert info['quality_weights'] == [1, 0, 3]
    assert info['pixel_score_thr'] == .4
    assert records == golden.records
    images = json.loads(Path(path).read_text())['images']
    assert [image['id'] for image in images] == sorted(golden.persons)
    assert images[0] == dict(
        id=1003, file_name='0001003.jpg', width=246, height=308)


@pytest.mark.parametrize('kwargs, message', [
    (dict(format_only=True), 'format_only needs out_file'),
    (dict(ann_file=None), 'ann_file and data_root are needed'),
    (dict(data_root='/nowhere'), 'data_root /nowhere has no Category_ids'),
    (dict(ann_file='/nowhere.json'), '/nowhere.json does not exist'),
    (dict(protocol='loose'), "no protocol 'loose'.*released.*strict"),
    (dict(metric=('mIoU', 'AP')), r"metrics must be .*, not \('mIoU', 'AP'\)"),
    (dict(metric=[]), r'metrics must be among .*, not \[\]'),
    (dict(metric=3), 'metrics must be among .*, not 3'),
    (dict(result_info=dict(weights=(1, 1, 1))), "no key 'weights', allowed"),
    (dict(result_info=dict(quality_weights=(0, 0, 0))), 'not all 0'),
    (dict(quality_weights=(0, 0, 0)), 'three numbers >= 0'),
    (dict(nms_thr='0.6'), "nms_thr is '0.6', allowed are numbers"),
    (dict(quality_thr=float('nan')), 'quality_thr is nan'),
    (dict(box_score_thr=None), 'box_score_thr is None'),
    (dict(output_dir='out'), 'output_dir, which mmseg'),
    (dict(out_file='/'), '/ is a folder, not a file'),
    (dict(metrics_file='/'), '/ is a folder, not a file'),
    (dict(person_cat_ids=(7, )), r'no box of category \[7\]'),
])
def test_wrong_arguments(build, kwargs, message):
    """All is refused when the metric is built, before any training."""
    with pytest.raises((InputError, FileNotFoundError), match=message):
        build(**kwargs)


def test_wrong_samples(samples, build):
    """A diverged network's NaN ends the validation, with a name."""
    metric, persons = build(), samples[0]['pred_instances']
    broken = persons.scores.copy()
    broken[1] = np.nan
    undefined = dict(pred_instances=replace(persons, scores=broken))
    for error, message, change in (
        (InputError, 'person 1 of Images/0001003.jpg: .*NaN', undefined),
        (InputError, r'0001003.jpg has .* \(246, 308\) .* 309\)',
         dict(pred_instances=replace(persons, image_size=(246, 309)))),
        (TypeError, '0001003.jpg: pred_instances must be',
         dict(pred_instances=InstanceData())),
        (InputError, 'predicts 7 classes.* has 20',
         dict(pred_instances=ParsingInstances.empty((246, 308), 7))),
        (InputError, 'image id 5 is not in', dict(img_id=5)),
    ):
        with pytest.raises(error, match=message):
            metric.process(None, [dict(samples[0], **change)])
    metric.dataset_meta = None
    with pytest.raises(InputError, match='needs dataset_meta'):
        metric.process(None, samples)
    build(
        out_file='x', **FORMAT_ONLY).process(None,
                                             [dict(samples[0], **undefined)])


@pytest.fixture
def data_set(tmp_path, build):
    """One image, id 7, with a person in one column: metric and sample."""

    def write(name, column, photo):
        category = np.zeros((8, 12), int)
        category[:, column] = 1
        ann_file, root = write_dataset(tmp_path / name,
                                       [LabelledImage(7, category, category)])
        path = Path(root, 'Images/0007.jpg')
        path.parent.mkdir()
        path.write_bytes(photo)
        os.utime(path, (1, 1))  # size and time tell nothing
        metric = build(['background', 'body'],
                       ann_file=ann_file,
                       data_root=root)
        return metric, model_output(
            make_persons(7, [category], [.9], 2), str(path))

    return write


def test_equal_ids_of_two_data_sets(tmp_path, data_set):
    (first, mine), (second, other) = (data_set('a', 2,
                                               b'a'), data_set('b', 7, b'b'))
    with pytest.raises(
            InputError,
            match='b/Validation/Images/0007.jpg has the image id 7, which is '
            'another image, 0007.jpg, in .*a/val.json: .*MultiDatasetsEval'):
        first.process(None, [mine, other])
    # Each metric sees all images and evaluates its own.
    evaluator = MultiDatasetsEvaluator([first, second], ['a', 'b'])
    meta = dict(classes=['background', 'body'], cumulative_sizes=[1, 2])
    evaluator.dataset_meta = meta
    first.results.clear()
    for sample in (mine, other):
        evaluator.process([SegDataSample(metainfo=sample)])
    values = evaluator.evaluate(2)
    for key in ('mIoU', 'APp', 'APr', 'APh'):
        for name in 'ab':
            assert values[f'{name}/parsing/{key}'] == pytest.approx(100)


def test_images_elsewhere(tmp_path, data_set):
    """A copy is the image; names count where the data set has no images."""
    metric, sample = data_set('a', 2, b'a')
    shutil.move(tmp_path / 'a/Validation/Images', tmp_path / 'photos')
    moved = dict(sample, img_path=str(tmp_path / 'photos/0007.jpg'))
    metric.process(None, [moved])
    with pytest.raises(InputError, match='which is another image, 0007.jpg'):
        metric.process(None, [dict(sample, img_path='elsewhere/7.jpg')])
    data_set('b', 2, b'a')[0].process(None, [moved])


def test_equal_ids_without_annotations(build, samples):
    """Nothing to compare with, but one id cannot be two images."""
    metric, other = (build(out_file='x', **FORMAT_ONLY) for _ in range(2))
    metric.process(None, samples[:2])
    elsewhere = [dict(samples[0], img_path='elsewhere.jpg')]
    message = 'elsewhere.jpg and Images/.*.jpg have the same'
    with pytest.raises(InputError, match=message):
        metric.process(None, elsewhere)
    other.process(None, elsewhere)  # the same of two ranks
    with pytest.raises(InputError, match=message):
        metric.compute_metrics(metric.results + other.results)
