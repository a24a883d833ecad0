# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from scipy.stats import spearmanr

from projects.qanet.detection.qam import QualityFCNMaskHead
from projects.qanet.quality import mask_pixel_score
from projects.qanet.utils.errors import InputError

SMALL = dict(num_convs=0, in_channels=4, conv_out_channels=4, num_classes=3)
META = dict(ori_shape=(60, 90), img_shape=(60, 90), scale_factor=(1., 1.))
TEST_CFG = ConfigDict(mask_thr_binary=.5)
# With the gain that spreads the masks of untrained weights.
ROI_CONFIGS = [('mask-rcnn_r50_fpn_1x_coco_qam.py', 6.),
               ('cascade-mask-rcnn_r50_fpn_1x_coco_qam.py', 60.),
               ('htc_r50_fpn_1x_coco_qam.py', 2.),
               ('point-rend_r50-caffe_fpn_ms-1x_coco_qam.py', .5)]


def make_results(num, seed=0):
    """Boxes of a 90x60 image, as a box head leaves them."""
    rng = np.random.default_rng(seed)
    corner = rng.random((num, 2)) * [60, 40]
    size = 8 + rng.random((num, 2)) * [25, 15]
    results = InstanceData()
    results.bboxes = torch.tensor(
        np.concatenate([corner, corner + size], 1), dtype=torch.float32)
    results.scores = torch.tensor(
        np.sort(rng.random(num))[::-1].copy(), dtype=torch.float32)
    results.labels = torch.tensor(rng.integers(0, 3, num))
    return results


def make_logits(num, channels=3, seed=1):
    """Smooth logits on a 14 wide and 10 high grid."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(num, channels, 4, 5, generator=generator) * 3
    return torch.nn.functional.interpolate(
        coarse, (10, 14), mode='bilinear', align_corners=False)


def run(head, logits, results, **kwargs):
    return head.predict_by_feat((logits, ), [results.clone()], [META],
                                TEST_CFG, **kwargs)[0]


@pytest.mark.parametrize('mode', ['stability', 'mean'])
@pytest.mark.parametrize('num', [0, 1, 300])
@pytest.mark.parametrize('agnostic', [False, True])
def test_scores_and_order_change_but_no_mask(mode, num, agnostic,
                                             naive_pixel_score):
    kwargs = dict(SMALL, class_agnostic=agnostic)
    results, logits = make_results(num), make_logits(num, 1 if agnostic else 3)
    plain = run(FCNMaskHead(**kwargs), logits, results)
    scored = run(
        QualityFCNMaskHead(quality=dict(mode=mode, thr=.3), **kwargs), logits,
        results)

    pixel = []
    for k in range(num):
        channel = logits[k, 0 if agnostic else int(results.labels[k])]
        pixel.append(naive_pixel_score(channel.sigmoid(), mode, .3))
    pixel = np.array(pixel)
    fused = np.sqrt(plain.scores.numpy() * pixel)
    order = np.argsort(-fused, kind='stable')
    assert num < 300 or (order != np.arange(num)).any()
    np.testing.assert_allclose(scored.scores, fused[order], rtol=1e-5)
    np.testing.assert_allclose(scored.pixel_scores, pixel[order], rtol=1e-5)
    assert scored.bbox_scores.equal(plain.scores[order])
    for key in ('bboxes', 'labels', 'masks'):
        assert scored[key].equal(plain[key][order])
    assert scored.masks.shape == (num, 60, 90)
    assert num == 0 or 0 < scored.masks.float().mean() < 1


def test_equal_scores_keep_their_order():
    head = QualityFCNMaskHead(quality=dict(mode='mean'), **SMALL)
    results, logits = make_results(40), make_logits(1).expand(40, -1, -1, -1)
    results.labels[:] = 1
    results.scores[:] = .5
    assert run(head, logits, results).bboxes.equal(results.bboxes)


@pytest.mark.parametrize('quality', [
    None,
    dict(weights=None),
    dict(weights=(1, 0, 0)),
    dict(score_key='mask_scores'),
])
def test_scores_and_order_may_stay(quality):
    results, logits = make_results(30), make_logits(30)
    plain = run(FCNMaskHead(**SMALL), logits, results)
    scored = run(QualityFCNMaskHead(quality=quality, **SMALL), logits, results)
    for key in ('scores', 'bboxes', 'labels', 'masks'):
        assert scored[key].equal(plain[key])
    fuses = quality is not None and quality.get('weights', 1) is not None
    assert ('pixel_scores' in scored) == (quality is not None)
    assert ('bbox_scores' in scored) == fuses
    assert ('mask_scores' in scored) == ('score_key' in (quality or {}))
    if 'mask_scores' in scored:
        fused = (scored.scores * scored.pixel_scores).sqrt()
        torch.testing.assert_close(scored.mask_scores, fused)
        assert not fused.equal(fused.sort(descending=True)[0])


def test_merged_probabilities_are_taken_as_they_are():
    """After merging stages the head gets probabilities (activate_map)."""
    results, logits = make_results(12), make_logits(12)
    head = QualityFCNMaskHead(**SMALL)
    expected = run(head, logits, results)
    merged = run(head, logits.sigmoid(), results, activate_map=True)
    for key in expected.keys():
        assert merged[key].equal(expected[key]), key


@pytest.mark.parametrize('rescale, size', [(True, (60, 90)),
                                           (False, (30, 60))])
def test_rescaling_is_the_plain_heads(rescale, size):
    meta = dict(
        ori_shape=(60, 90), img_shape=(30, 60), scale_factor=(2 / 3, .5))
    quality = dict(weights=(1, 0, 0))
    outputs = []
    for head in (FCNMaskHead(**SMALL),
                 QualityFCNMaskHead(quality=quality, **SMALL)):
        results = make_results(5)
        results.bboxes *= .5  # heads change them
        outputs += head.predict_by_feat((make_logits(5), ), [results], [meta],
                                        TEST_CFG,
                                        rescale=rescale)
    assert outputs[0].masks.shape == (5, *size)
    assert outputs[0].masks.equal(outputs[1].masks)
    assert outputs[0].bboxes.equal(outputs[1].bboxes)


def soft_blobs(num):
    """Drawn RoI masks of 28x28 with edges from soft to sharp."""
    generator = torch.Generator().manual_seed(0)

    def rand(*shape):
        return torch.rand(*shape, generator=generator)

    line = torch.linspace(-1, 1, 28)
    radius = ((line / (.5 + .4 * rand(num, 1, 1)))**2 +
              (line[:, None] / (.5 + .4 * rand(num, 1, 1)))**2).sqrt()
    noise = torch.nn.functional.interpolate(
        torch.randn(num, 1, 5, 5, generator=generator), (28, 28),
        mode='bicubic')[:, 0]
    sharpness = 2 + 12 * rand(num, 1, 1)
    return ((1 - radius) * sharpness + 2 * noise * rand(num, 1, 1)).sigmoid()


@pytest.mark.parametrize('mode', ['stability', 'mean'])
@pytest.mark.parametrize('small,large', [(8, 32), (32, 96)])
def test_grid_and_image_give_the_same_ranking(mode, small, large):
    """Scores of the grid against those of masks pasted into the image."""
    probs = soft_blobs(100)
    rng = np.random.default_rng(0)
    corner = rng.uniform(5, 20, (100, 2))
    size = rng.uniform(small, large, (100, 2))
    boxes = torch.tensor(
        np.concatenate([corner, corner + size], 1), dtype=torch.float32)
    grid = mask_pixel_score(probs, mode=mode)
    image = torch.stack([
        mask_pixel_score(
            _do_paste_mask(probs[i:i + 1, None], boxes[i:i + 1], 140, 130)[0],
            mode=mode)[0] for i in range(100)
    ])
    assert grid.std() > .08
    assert (grid - image).abs().mean() < .02
    assert spearmanr(grid, image)[0] > .98


@pytest.mark.parametrize('name,gain', ROI_CONFIGS)
def test_whole_detectors(name, gain, factory, predict, naive_pixel_score,
                         monkeypatch):
    """The same weights with and without QAM; what the head got, rescored."""
    plain = factory.build(factory.config(name, plain=True), gain)
    scored = factory.build(factory.config(name), 0.)
    scored.load_state_dict(plain.state_dict(), strict=True)
    seen = []
    original = FCNMaskHead.predict_by_feat

    def spy(self, mask_preds, results_list, *args, **kwargs):
        seen.append((mask_preds, kwargs.get('activate_map', False)))
        return original(self, mask_preds, results_list, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(FCNMaskHead, 'predict_by_feat', spy)
        before = predict(plain)
    after = predict(scored)
    (mask_preds, activated), = seen
    for old, new, preds in zip(before, after, mask_preds):
        assert len(old) == len(new) == 20
        preds = preds[range(20), old.labels]
        probs = preds if activated else preds.sigmoid()
        pixel = np.array([naive_pixel_score(prob) for prob in probs])
        assert pixel.std() > .01
        fused = np.sqrt(old.scores.numpy() * pixel)
        order = np.argsort(-fused.astype(np.float32), kind='stable')
        np.testing.assert_allclose(new.scores, fused[order], rtol=1e-5)
        for key in ('bboxes', 'labels', 'masks'):
            assert new[key].equal(old[key][order]), key


def test_nothing_found(factory, predict):
    config = factory.config('mask-rcnn_r50_fpn_1x_coco_qam.py')
    config.test_cfg.rcnn.score_thr = 2.
    for results in predict(factory.build(config)):
        assert len(results) == 0 and len(results.masks) == 0


@pytest.mark.parametrize('kind', [
    'QualityFCNMaskHead', 'QualityHTCMaskHead', 'QualitySCNetMaskHead',
    'QualityCoarseMaskHead', 'QualityDynamicMaskHead'
])
def test_no_weights_are_added(kind):
    kwargs = dict(in_channels=32, conv_out_channels=32, num_classes=3)
    if kind == 'QualityDynamicMaskHead':
        kwargs.update(
            dynamic_conv_cfg=dict(
                type='DynamicConv',
                in_channels=32,
                feat_channels=8,
                out_channels=32,
                input_feat_shape=14,
                with_proj=False))
    plain = MODELS.build(dict(type=kind.replace('Quality', ''), **kwargs))
    scored = MODELS.build(dict(type=kind, quality=dict(), **kwargs))
    shapes, others = ([(key, value.shape)
                       for key, value in model.state_dict().items()]
                      for model in (plain, scored))
    assert shapes == others


def test_iou_weight_needs_an_iou_score():
    with pytest.raises(InputError, match='second of the weights must be 0'):
        QualityFCNMaskHead(quality=dict(weights=(1, 1, 1)), **SMALL)
