# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import copy
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

from projects.qanet.detection.person_detector import PersonDetector
from projects.qanet.utils.errors import InputError

mmdet_models = pytest.importorskip('mmdet.models')
from mmdet.registry import MODELS  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402


@MODELS.register_module(force=True)
class BrightDetector(mmdet_models.BaseDetector):
    """Finds the bright blue rectangle of each image, in five forms."""

    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.weight = torch.nn.Parameter(torch.zeros(2))

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        for image, sample in zip(batch_inputs, batch_data_samples):
            pixels = torch.nonzero(image[0] > 200).flip(1)  # x, y
            num = min(len(pixels), 1)
            ends = [] if num == 0 else [pixels.amin(0), pixels.amax(0) + 1]
            box = torch.cat([torch.zeros(0), *ends]).reshape(num, 4)
            box = box / torch.tensor(sample.scale_factor).repeat(2)
            wide, empty = box + torch.eye(4)[2], box[:, [0, 1, 0, 1]]
            bboxes = torch.cat([wide, box, box, box, empty])
            scores = torch.tensor([.5, .9, .95, .1, .8] * num)
            sample.pred_instances = InstanceData(
                bboxes=bboxes + 0 * self.weight[0],
                scores=scores + 0 * self.weight[1],
                labels=torch.tensor([0, 0, 1, 0, 0] * num))
        return batch_data_samples

    loss = _forward = extract_feat = None  # abstract ones


@pytest.fixture
def config():
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(120, 80), keep_ratio=True),
        dict(type='LoadAnnotations', with_bbox=True),
        dict(
            type='PackDetInputs',
            meta_keys=('img_id', 'ori_shape', 'img_shape', 'scale_factor'))
    ]
    preprocessor = dict(type='DetDataPreprocessor')
    return Config(
        dict(
            default_scope='mmdet',
            model=dict(type='BrightDetector', data_preprocessor=preprocessor),
            test_dataloader=dict(dataset=dict(pipeline=pipeline))))


def save(path, weight, **meta):
    torch.save(
        dict(state_dict=dict(weight=torch.tensor(weight)), meta=meta), path)
    return str(path)


@pytest.fixture
def weights(tmp_path):
    return save(tmp_path / 'bright.pth', [1., 2.])


@pytest.fixture
def image():
    """60x40 pixels, doubled by the pipeline, with a blue rectangle."""
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:30, 15:25, 0] = 255
    return image


def test_persons_in_image_pixels_best_first(config, weights, image):
    detector = PersonDetector(config, weights)
    found = detector([image, np.zeros((20, 30, 3), np.uint8)])
    assert [rows.dtype for rows in found] == [np.float32] * 2
    np.testing.assert_allclose(
        found[0], [[15, 10, 25, 30, .9], [15, 10, 26, 30, .5]], atol=.51)
    np.testing.assert_allclose(found[0][:, 4], [.9, .5])
    assert found[1].shape == (0, 5)
    # OpenCV's order: what is red is not found.
    assert len(detector([image[..., ::-1].copy()])[0]) == 0


def test_threshold_and_categories(config, weights, image):
    detector = PersonDetector(config, weights, cat_ids=(0, 1), bbox_thr=.6)
    low = PersonDetector(config, weights, bbox_thr=.05)
    for found, scores in ((detector([image]), [.95, .9]), (low([image]),
                                                           [.9, .5, .1]),
                          (detector([image], bbox_thr=.92), [.95])):
        np.testing.assert_allclose(found[0][:, 4], scores)


@pytest.mark.parametrize('scope', ['mmseg', 'mmdet'])
def test_files_and_built_detectors_in_any_scope(config, weights, image, scope,
                                                tmp_path):
    """The scope and the caller's config stay as they are."""
    before = copy.deepcopy(config.to_dict())
    config.dump(tmp_path / 'bright.py')
    with DefaultScope.overwrite_default_scope(scope):
        name = DefaultScope.get_current_instance().instance_name
        model = PersonDetector(config, weights).model
        for detector in (PersonDetector(tmp_path / 'bright.py',
                                        weights), PersonDetector(model)):
            assert len(detector([image])[0]) == 2
            assert detector.model.weight.tolist() == [1, 2]
        assert DefaultScope.get_current_instance().instance_name == name
    model.cfg.model.data_preprocessor.type = 'changed'
    assert config.to_dict() == before


LABEL = ('det_cat_ids must be a label of the detector, which is a whole '
         'number, or a list of at least one, not ')


@pytest.mark.parametrize('weight,cat_ids,text', [
    ([0., 0, 0], 0, 'odd.pth does not fit'),
    ([0, np.nan], 0, 'odd.pth .* not finite'),
    (None, 0, 'without weights is untrained'),
    ([0., 0], -1, 'det_cat_ids has -1'),
    ([0., 0], None, f'{LABEL}None'),
    ([0., 0], ['person'], LABEL),
    ([0., 0], [], LABEL),
    ([0., 0], [True], LABEL),
    ([0., 0], [[0]], LABEL),
])
def test_what_is_refused(config, tmp_path, weight, cat_ids, text):
    path = weight and save(tmp_path / 'odd.pth', weight)
    with pytest.raises(InputError, match=text):
        PersonDetector(config, path, cat_ids)


def test_without_mmdet_there_is_a_clear_message(config, monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmdet.registry', None)
    with pytest.raises(ImportError, match='needs mmdet.*bboxes='):
        PersonDetector(config)


def test_thin_pictures(config, weights):
    """Their thin side does not vanish, and boxes end at the image's edge."""
    detector = PersonDetector(config, weights)
    for shape in (1, 100), (1, 600), (2, 3000):
        image = np.zeros((*shape, 3), np.uint8)
        image[:, 20:60] = 255
        upright = np.ascontiguousarray(image.transpose(1, 0, 2))
        found = [detector([item])[0] for item in (image, upright)]
        if shape == (1, 100):
            for rows, box in zip(found, ([20, 0, 60, 1], [0, 20, 1, 60])):
                np.testing.assert_allclose(rows[0, :4], box, atol=1)
            assert found[0][:, 3].max() <= 1 and found[1][:, 2].max() <= 1


@pytest.mark.parametrize('where', [0, 1])
def test_a_detector_that_has_diverged(config, weights, image, where):
    detector = PersonDetector(config, weights)
    detector.model.weight.data[where] = np.nan
    with pytest.raises(InputError, match='detector gave .* not finite'):
        detector([image])


def test_labels_are_those_of_the_detector(config, weights, tmp_path,
                                          monkeypatch):
    """Known from the checkpoint, or else from the heads."""
    warnings = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'warning',
                        warnings.append)
    path = save(
        tmp_path / 'named.pth', [0., 0],
        dataset_meta=dict(classes=('car', 'Person')))
    PersonDetector(config, path, cat_ids=(1, ))
    assert warnings == []
    PersonDetector(config, path)
    assert 'calls label 1 person, but det_cat_ids is [0]' in warnings[0]
    model = PersonDetector(config, weights, cat_ids=(7, )).model
    model.bbox_head = torch.nn.Identity()
    model.bbox_head.num_classes = 7
    PersonDetector(model, cat_ids=(6, ))
    for args, cat_ids, text in (((config, path), [1, 2], '2, but .* 2 labels'),
                                ((model, ), [7], '7, but .* 7 labels')):
        with pytest.raises(InputError, match=f'det_cat_ids has {text}'):
            PersonDetector(*args, cat_ids=cat_ids)


@pytest.mark.parametrize(
    'cat_ids', [np.int64(0), np.array([0]), {0},
                torch.tensor(0)])
def test_one_label_may_stand_alone(config, weights, cat_ids):
    assert PersonDetector(config, weights, cat_ids).cat_ids == (0, )


def test_configs_of_something_else(config, weights, tmp_path):
    path = str(tmp_path / 'parser.py')
    config.model.type = 'TopDownParser'
    for text in ('TopDownParser is not in the mmdet::model registry',
                 'it has no model and test_dataloader'):
        config.dump(path)
        with pytest.raises(InputError) as error:
            PersonDetector(path, weights)
        assert str(error.value) == (f'det_model {path} must be the config of '
                                    f'a detector of mmdet: {text}')
        config.pop('test_dataloader')
    with pytest.raises(FileNotFoundError, match='config gone.py not found'):
        PersonDetector('gone.py', weights)
