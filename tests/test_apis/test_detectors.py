# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Detectors of mmdet, narrow and untrained, in the inferencer."""
import numpy as np
import pytest
import torch
from mmengine.hub import get_config
from mmengine.registry import DefaultScope

from projects.qanet.apis import HumanParsingInferencer, InputError

pytest.importorskip('mmdet')
from mmdet.apis import inference_detector  # noqa: E402
from mmdet.registry import MODELS  # noqa: E402

DETECTORS = {
    'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py': {
        'backbone.widen_factor': 0.125,
        'neck.in_channels': [32, 64, 128],
        'neck.out_channels': 16,
        'bbox_head.in_channels': 16,
        'bbox_head.feat_channels': 16,
        'test_cfg.max_per_img': 12,
    },
    'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py': {
        'backbone.depth': 18,
        'backbone.base_channels': 8,
        'neck.in_channels': [8, 16, 32, 64],
        'neck.out_channels': 16,
        'rpn_head.in_channels': 16,
        'rpn_head.feat_channels': 16,
        'roi_head.bbox_roi_extractor.out_channels': 16,
        'roi_head.bbox_head.in_channels': 16,
        'roi_head.bbox_head.fc_out_channels': 32,
        'test_cfg.rpn.max_per_img': 60,
        'test_cfg.rcnn.score_thr': 0.001,
        'test_cfg.rcnn.max_per_img': 12,
    },
}


def small_detector(name, options):
    """Config of mmdet with less in it, and weights that find something."""
    config = get_config(name)
    config.model.backbone.init_cfg = None
    config.merge_from_dict({
        f'model.{key}': value
        for key, value in options.items()
    })
    for step in config.test_dataloader.dataset.pipeline:
        if step.type == 'Resize':
            step.scale = (64, 64)
        if step.type == 'Pad':
            step.size = (64, 64)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(config.model)
        model.init_weights()
    # Unlike untrained heads, of several opinions and boxes of some size.
    for part, weight in model.named_parameters():
        if 'cls' in part and part.endswith('weight') and weight.dim() > 1:
            torch.nn.init.normal_(weight, 0, .3)
        if 'rtm_reg' in part and part.endswith('bias'):
            torch.nn.init.constant_(weight, 2)
    model.cfg = config
    return model.eval()


@pytest.fixture
def image():
    """Drawn people, BGR, 120 wide and 80 high."""
    from projects.drawn_people import draw_scene
    scene = draw_scene(np.random.default_rng(8), (120, 80), (2, 2))
    return np.ascontiguousarray(scene.image[..., ::-1])


@pytest.fixture(params=DETECTORS)
def name(request):
    return request.param


def test_persons_of_any_detector_are_parsed(name, image, tmp_path, toy_config,
                                            toy_weights, monkeypatch):
    """Two labels stand for persons here; all above the threshold are used.

    The config is mmdet's by its name, and stays as it is.
    """
    detector = small_detector(name, DETECTORS[name])
    with DefaultScope.overwrite_default_scope('mmdet'):
        raw = inference_detector(detector, image).pred_instances
    scores, labels = raw.scores.numpy(), raw.labels.numpy()
    person_labels = np.unique(labels)[:2].tolist()
    persons = np.isin(labels, person_labels)
    sizes = (raw.bboxes[:, 2:] - raw.bboxes[:, :2]).numpy()
    threshold = float(np.median(scores[persons]))
    chosen = persons & (scores >= threshold) & (sizes > 0).all(1)
    assert 0 < chosen.sum() < len(scores)
    order = np.flatnonzero(chosen)[np.argsort(-scores[chosen], kind='stable')]

    asked, weights = [], str(tmp_path / 'det.pth')
    torch.save(dict(state_dict=detector.state_dict()), weights)
    monkeypatch.setattr('projects.qanet.detection.person_detector.read_config',
                        lambda path: asked.append(path) or detector.cfg)
    before = detector.cfg.pretty_text
    infer = HumanParsingInferencer(toy_config, toy_weights, name, weights,
                                   person_labels, threshold)
    assert asked == [name] and detector.cfg.pretty_text == before
    found, = infer(image, show_progress=False)['predictions']
    assert found.image_size == (120, 80) and len(found) == len(order)
    np.testing.assert_allclose(
        found.bboxes, raw.bboxes[order], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found.bbox_scores, scores[order], rtol=1e-5)


def test_a_detector_without_weights_is_refused(toy_config):
    for model in (*DETECTORS, get_config(list(DETECTORS)[0])):
        with pytest.raises(ValueError, match='detector without weights'):
            HumanParsingInferencer(toy_config, det_model=model, device='cpu')


def test_a_detector_in_place_of_the_parser_is_refused():
    name = list(DETECTORS)[0]
    detector = small_detector(name, DETECTORS[name])
    with pytest.raises(InputError, match='finds boxes and labels no parts'):
        HumanParsingInferencer(detector, device='cpu')


def test_the_detector_has_the_parsers_batches(name, image, toy_config,
                                              monkeypatch):
    detector = small_detector(name, DETECTORS[name])
    sizes, original = [], detector.test_step

    def spy(data):
        sizes.append(len(data['inputs']))
        return original(data)

    monkeypatch.setattr(detector, 'test_step', spy)
    infer = HumanParsingInferencer(
        toy_config, det_model=detector, bbox_thr=0., device='cpu')
    # A tall one, which mmdet would pad in a batch with others.
    tall = np.ascontiguousarray(image[:, ::-1].transpose(1, 0, 2))
    images = [image, tall, image[::-1].copy()]
    together = infer(images, batch_size=3, show_progress=False)['predictions']
    equal = 'rtmdet' in name  # its pipeline pads to a square
    assert sizes == ([3] if equal else [2, 1])
    assert infer.model.batch_sizes == [3]
    alone = infer(images, batch_size=1, show_progress=False)['predictions']
    for ours, theirs in zip(together, alone):
        assert len(ours) == len(theirs)
        np.testing.assert_allclose(ours.bboxes, theirs.bboxes, atol=1e-3)
