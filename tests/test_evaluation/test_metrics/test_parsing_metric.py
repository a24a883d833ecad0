# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import inspect
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mmdet.evaluation import MultiDatasetsEvaluator
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample

from projects.qanet.evaluation.functional import SUMMARY_KEYS, ParsingEvaluator
from projects.qanet.evaluation.metrics import ParsingMetric
from projects.qanet.structures import ParsingInstances, read_results
from projects.qanet.testing.layout import (LabelledImage, make_persons,
                                           model_output, write_dataset)
from projects.qanet.utils.errors import InputError


@pytest.fixture
def samples(golden):
    """What a model returns for the golden images."""
    return list(map(model_output, golden.persons.values()))


@pytest.fixture
def log(monkeypatch):
    """What is logged."""
    texts = []
    for level in ('info', 'warning'):
        monkeypatch.setattr(MMLogger.get_current_instance(), level,
                            texts.append)
    return texts


@pytest.fixture
def build(golden):
    """A metric for the golden data set, or for another one."""

    def build_metric(classes=golden.classes, **kwargs):
        metric = METRICS.build(
            dict(
                dict(
                    type='ParsingMetric',
                    ann_file=golden.ann_file,
                    data_root=golden.data_root), **kwargs))
        metric.dataset_meta = dict(classes=classes)
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
    metrics_file = tmp_path / 'metrics.json'
    metric = build(
        protocol=protocol,
        quality_weights=weights,
        out_file=path,
        metrics_file=str(metrics_file))
    values = run(metric, samples)
    info, records = read_results(path)
    evaluator = ParsingEvaluator(
        golden.ann_file, golden.data_root, info['classes'], protocol=protocol)
    expected = {
        f'parsing/{key}': value
        for key, value in evaluator.evaluate(records).items()
    }
    stored = json.loads(metrics_file.read_text())
    assert len(stored) > 100
    np.testing.assert_equal(stored, {
        key: None if np.isnan(value) else value
        for key, value in expected.items()
    })
    assert list(values) == [f'parsing/{key}' for key in SUMMARY_KEYS]
    np.testing.assert_equal(values, {key: expected[key] for key in values})
    # Without the file nothing is encoded, and nothing else changes.
    alone = build(protocol=protocol, quality_weights=weights)
    np.testing.assert_equal(run(alone, samples), values)
    assert info['quality_weights'] == [float(w) for w in weights or (1, 1, 1)]


def test_names_of_the_values_are_known_before(samples, build):
    for metric in (build(), build(metric=('APr', 'mIoU'))):
        names = metric.summary_names
        assert sorted(run(metric, samples)) == sorted(names)
    assert len(names) == 5 and 'parsing/APr_50' in names
    assert ParsingMetric(format_only=True, out_file='x').summary_names == ()


@pytest.mark.parametrize('key', ['out_file', 'metrics_file'])
def test_what_cannot_be_written_is_refused_before_the_test(
        build, tmp_path, key):
    with pytest.raises(InputError, match=f'{tmp_path} is a folder, not a fi'):
        build(**{key: str(tmp_path)})
    (tmp_path / 'file').touch()
    path = str(tmp_path / 'file/results.json')
    with pytest.raises(InputError, match=f'{path} cannot be written: '):
        build(**{key: path})
    build(**{key: str(tmp_path / 'new/results.json')})
    assert list((tmp_path / 'new').iterdir()) == []


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
        assert set(entry) == {'image_id', 'path', 'statistics'}
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


def test_log_and_metrics_file(samples, build, tmp_path, log):
    path = tmp_path / 'metrics.json'
    metric = build(
        protocol='strict',
        metric=('mIoU', 'APp'),
        prefix='mine',
        metrics_file=str(path))
    values = run(metric, samples[1:])
    text = '\n'.join(log)
    assert 'Metrics mine/*' in text
    assert 'Protocol: strict' in text and 'mended' in text
    assert '| class13' in text and '| mIoU' in text and 'APr' not in text
    assert '1 of 12 annotated images were not tested' in text
    stored = json.loads(path.read_text())
    assert set(values) < set(stored)
    assert all(key.startswith('mine/') for key in stored)
    assert 'mine/IoU.class13' in stored and 'mine/APp_70' in stored
    assert stored['mine/APp'] == values['mine/APp']
    assert 'mine/APr' not in stored


def test_undefined_values_are_null(build, tmp_path):
    nothing = np.zeros((4, 6))
    ann_file, root = write_dataset(tmp_path,
                                   [LabelledImage(1, nothing, nothing)])
    metric = build(
        classes=['background', 'head'],
        ann_file=ann_file,
        data_root=root,
        metrics_file=str(tmp_path / 'metrics.json'))
    sample = model_output(ParsingInstances.empty((6, 4), 2, 1), '0001.jpg')
    assert np.isnan(run(metric, [sample])['parsing/APr'])
    stored = json.loads((tmp_path / 'metrics.json').read_text())
    assert stored['parsing/APr'] is None


@pytest.mark.parametrize('kwargs, message', [
    (dict(format_only=True), 'format_only needs out_file'),
    (dict(ann_file=None), 'ann_file and data_root are needed'),
    (dict(data_root='/nowhere'), 'data_root /nowhere has no Category_ids'),
    (dict(protocol='loose'), "no protocol 'loose'.*released.*strict"),
    (dict(metric=('mIoU', 'AP')), r"no metric \['AP'\]"),
    (dict(metric='AP'), r"no metric \['AP'\]"),
    (dict(metric=3), 'metrics must be among .*, not 3'),
    (dict(result_info=dict(weights=(1, 1, 1))), "no key 'weights', allowed"),
    (dict(result_info=dict(quality_weights=(0, 0, 0))), 'not all 0'),
    (dict(quality_weights=(0, 0, 0)), 'three numbers >= 0'),
    (dict(format_only=True, out_file='x',
          quality_weights=(1, 1)), 'three numbers >= 0'),
    (dict(nms_thr='0.6'), "nms_thr is '0.6', allowed are numbers"),
    (dict(quality_thr=float('nan')), 'quality_thr is nan'),
    (dict(box_score_thr=None), 'box_score_thr is None'),
])
def test_wrong_arguments(build, kwargs, message):
    """All is refused when the metric is built, before any training."""
    with pytest.raises(InputError, match=message):
        build(**kwargs)


def test_annotations_are_read_when_it_is_built(build, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.json does not exist'):
        build(ann_file='/nowhere.json')
    path = tmp_path / 'val.json'
    image = dict(id=1, file_name='a.jpg', width=3, height=2)
    person = dict(image_id=1, parsing_id=0)
    path.write_text(json.dumps(dict(images=[image], annotations=[person])))
    with pytest.raises(InputError, match='val.json: .* has parsing_id 0'):
        build(ann_file=str(path))


def test_one_metric_as_a_text(samples, build):
    values = run(build(metric='APp'), samples)
    assert list(values) == ['parsing/APp', 'parsing/APp_50', 'parsing/PCP_50']
    assert values['parsing/APp'] == run(build(), samples)['parsing/APp']


def test_persons_of_a_category(build, tmp_path):
    """A chair that the annotation file lists is nobody to be found."""
    human = np.zeros((4, 6), int)
    human[1:3, 1:4] = 1
    human[3, :] = 2
    ann_file, root = write_dataset(tmp_path,
                                   [LabelledImage(1, human > 0, human)])
    document = json.loads(Path(ann_file).read_text())
    for annotation in document['annotations']:
        annotation['category_id'] = annotation['parsing_id']
    Path(ann_file).write_text(json.dumps(document))
    sample = model_output(make_persons(1, [human == 1], [.9], 2), '0001.jpg')
    for cat_ids, expected in (((1, ), 100), ((1, 2), 50)):
        metric = build(
            classes=['background', 'body'],
            ann_file=ann_file,
            data_root=root,
            metric='APp',
            person_cat_ids=cat_ids)
        values = run(metric, [sample])
        assert values['parsing/APp_50'] == pytest.approx(expected)


def test_wrong_samples(samples, build):
    """A diverged network's NaN ends the validation, with a name."""
    metric, persons = build(), samples[0]['pred_instances']
    width, height = persons.image_size
    broken = persons.scores.copy()
    broken[1] = np.nan
    for error, message, change in (
        (InputError, 'person 1 of Images/0001003.jpg: .*NaN',
         dict(pred_instances=replace(persons, scores=broken))),
        (InputError, r'0001003.jpg has .* \(246, 308\) .* 309\)',
         dict(pred_instances=replace(persons, image_size=(width,
                                                          height + 1)))),
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
    undefined = dict(
        samples[0], pred_instances=replace(persons, scores=broken))
    build(format_only=True, out_file='x').process(None, [undefined])


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


def data_set(folder, column, photo):
    """One image, id 7, with a person in one column: metric and sample."""
    category = np.zeros((8, 12), int)
    category[:, column] = 1
    ann_file, root = write_dataset(folder,
                                   [LabelledImage(7, category, category)])
    path = folder / 'Validation/Images/0007.jpg'
    path.parent.mkdir()
    path.write_bytes(photo)
    metric = ParsingMetric(ann_file, root)
    metric.dataset_meta = dict(classes=['background', 'body'])
    return metric, model_output(
        make_persons(7, [category], [.9], 2), str(path))


def test_equal_ids_of_two_data_sets(tmp_path):
    (first, mine), (second, other) = (data_set(tmp_path / name, column,
                                               name.encode())
                                      for name, column in (('a', 2), ('b', 7)))
    with pytest.raises(
            InputError,
            match='b/Validation/Images/0007.jpg has the image id 7, which is '
            'another image, 0007.jpg, in .*a/val.json: .*MultiDatasetsEval'):
        first.process(None, [mine, other])
    # Each metric sees all images and evaluates its own.
    evaluator = MultiDatasetsEvaluator([first, second], ['a', 'b'])
    meta = dict(classes=['background', 'body'], cumulative_sizes=[1, 2])
    evaluator.dataset_meta = meta
    for metric in (first, second):
        metric.results.clear()
    for sample in (mine, other):
        evaluator.process([SegDataSample(metainfo=sample)])
    values = evaluator.evaluate(2)
    for key in ('mIoU', 'APp', 'APr', 'APh'):
        for name in 'ab':
            assert values[f'{name}/parsing/{key}'] == pytest.approx(100)
    # A copy of the image elsewhere is the image.
    copied = tmp_path / 'copy.jpg'
    copied.write_bytes(b'a')
    first = data_set(tmp_path / 'c', 2, b'a')[0]
    first.process(None, [dict(mine, img_path=str(copied))])
    assert first.evaluate(1)['parsing/APp'] == pytest.approx(100)


def test_equal_ids_without_annotations(build, samples):
    """Nothing to compare with, but one id cannot be two images."""
    metric, other = (
        build(
            ann_file=None, data_root=None, format_only=True, out_file='x.json')
        for _ in range(2))
    metric.process(None, samples[:2])
    elsewhere = [dict(samples[0], img_path='elsewhere.jpg')]
    message = 'elsewhere.jpg and Images/.*.jpg have the same'
    with pytest.raises(InputError, match=message):
        metric.process(None, elsewhere)
    other.process(None, elsewhere)  # the same of two ranks
    with pytest.raises(InputError, match=message):
        metric.compute_metrics(metric.results + other.results)


def test_images_of_equal_size_and_time(tmp_path):
    (first, mine), (_, other) = (
        data_set(tmp_path / name, 2, name.encode()) for name in 'ab')
    for sample in (mine, other):
        os.utime(sample['img_path'], (1, 1))
    with pytest.raises(InputError, match='which is another image, 0007.jpg'):
        first.process(None, [other])


def test_names_count_where_the_images_are_elsewhere(tmp_path):
    metric, sample = data_set(tmp_path / 'a', 2, b'a')
    shutil.move(tmp_path / 'a/Validation/Images', tmp_path / 'photos')
    metric.process(None,
                   [dict(sample, img_path=str(tmp_path / 'photos/0007.jpg'))])
    with pytest.raises(InputError, match='which is another image, 0007.jpg'):
        metric.process(None, [dict(sample, img_path='elsewhere/7.jpg')])
