# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import copy
from functools import partial

import numpy as np
import pytest
import torch
from mmdet.models.roi_heads.mask_heads import FCNMaskHead, MaskIoUHead
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from scipy.stats import spearmanr

from projects.qanet.detection.qam import QualityFCNMaskHead, QualityMaskIoUHead
from projects.qanet.quality import mask_pixel_score
from projects.qanet.utils.errors import InputError

SMALL = dict(num_convs=0, in_channels=4, conv_out_channels=4, num_classes=3)
META = dict(ori_shape=(60, 90), img_shape=(30, 60), scale_factor=(2 / 3, .5))
TEST_CFG = ConfigDict(mask_thr_binary=.5)
# With the gain that spreads the masks of untrained weights.
ROI_CONFIGS = [('mask-rcnn_r50_fpn_1x_coco_qam.py', 6.),
               ('cascade-mask-rcnn_r50_fpn_1x_coco_qam.py', 60.),
               ('htc_r50_fpn_1x_coco_qam.py', 2.),
               ('point-rend_r50-caffe_fpn_ms-1x_coco_qam.py', .5)]


def make_results(num):
    """Boxes of a 60x30 image, as a box head leaves them."""
    rng = np.random.default_rng(0)
    corner = rng.random((num, 2)) * [40, 20]
    boxes = np.concatenate([corner, corner + 4 + rng.random((num, 2)) * 13], 1)
    scores = np.sort(rng.random(num))[::-1].copy()
    return InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32),
        scores=torch.tensor(scores, dtype=torch.float32),
        labels=torch.tensor(rng.integers(0, 3, num)))


def make_logits(num, channels=3):
    """Smooth logits on a 14 wide and 10 high grid."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randn(num, channels, 4, 5, generator=generator) * 3
    return torch.nn.functional.interpolate(
        coarse, (10, 14), mode='bilinear', align_corners=False)


def run(head, logits, results, rescale=True, **kwargs):
    return head.predict_by_feat((logits, ), [copy.deepcopy(results)], [META],
                                TEST_CFG, rescale, **kwargs)[0]


@pytest.mark.parametrize('mode,num,agnostic,rescale',
                         [('stability', 300, False, True),
                          ('mean', 300, True, False),
                          ('stability', 1, True, True),
                          ('mean', 0, False, True)])
def test_scores_and_order_change_but_no_mask(mode, num, agnostic, rescale,
                                             naive_pixel_score):
    kwargs = dict(SMALL, class_agnostic=agnostic)
    results, logits = make_results(num), make_logits(num, 1 if agnostic else 3)
    plain = run(FCNMaskHead(**kwargs), logits, results, rescale)
    head = QualityFCNMaskHead(quality=dict(mode=mode, thr=.3), **kwargs)
    scored = run(head, logits, results, rescale)
    channels = [0] * num if agnostic else results.labels.tolist()
    pixel = np.array([
        naive_pixel_score(logits[k, channel].sigmoid(), mode, .3)
        for k, channel in enumerate(channels)
    ])
    fused = np.sqrt(plain.scores.numpy() * pixel)
    order = np.argsort(-fused, kind='stable')
    assert num < 300 or (order != np.arange(num)).any()
    np.testing.assert_allclose(scored.scores, fused[order], rtol=1e-5)
    np.testing.assert_allclose(scored.pixel_scores, pixel[order], rtol=1e-5)
    assert scored.bbox_scores.equal(plain.scores[order])
    for key in ('bboxes', 'labels', 'masks'):
        assert scored[key].equal(plain[key][order])
    assert scored.masks.shape[1:] == ((60, 90) if rescale else (30, 60))
    assert num == 0 or 0 < scored.masks.float().mean() < 1


@pytest.mark.parametrize('quality,added', [
    (None, ()),
    (dict(weights=None), ('pixel_scores', )),
    (dict(weights=(1, 0, 0)), ('pixel_scores', 'bbox_scores')),
    (dict(score_key='mask_scores'),
     ('pixel_scores', 'bbox_scores', 'mask_scores')),
])
def test_scores_and_order_may_stay(quality, added):
    results, logits = make_results(30), make_logits(30)
    plain = run(FCNMaskHead(**SMALL), logits, results)
    scored = run(QualityFCNMaskHead(quality=quality, **SMALL), logits, results)
    for key in plain.keys():
        assert scored[key].equal(plain[key])
    assert set(scored.keys()) - set(plain.keys()) == set(added)
    if 'mask_scores' in added:
        fused = (scored.scores * scored.pixel_scores).sqrt()
        torch.testing.assert_close(scored.mask_scores, fused)
        assert not fused.equal(fused.sort(descending=True)[0])


@pytest.mark.parametrize('mode', ['stability', 'mean'])
@pytest.mark.parametrize('small,large', [(8, 32), (32, 96)])
def test_grid_and_image_give_the_same_ranking(mode, small, large):
    """Scores of drawn RoI masks against those of them pasted (docs/qam.md)."""
    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    rand = partial(torch.rand, 100, 1, 1, generator=generator)
    line = torch.linspace(-1, 1, 28)
    radius = torch.hypot(line / (.5 + .4 * rand()),
                         line[:, None] / (.5 + .4 * rand()))
    noise = torch.nn.functional.interpolate(
        torch.randn(100, 1, 5, 5, generator=generator), (28, 28),
        mode='bicubic')[:, 0]
    probs = ((1 - radius) * (2 + 12 * rand()) + 2 * noise * rand()).sigmoid()
    corner = rng.uniform(5, 20, (100, 2))
    corners = corner, corner + rng.uniform(small, large, (100, 2))
    boxes = torch.tensor(np.concatenate(corners, 1), dtype=torch.float32)
    grid = mask_pixel_score(probs, mode=mode)
    pasted = [
        _do_paste_mask(probs[i:i + 1, None], boxes[i:i + 1], 140, 130)[0]
        for i in range(100)
    ]
    image = torch.cat([mask_pixel_score(mask, mode=mode) for mask in pasted])
    assert grid.std() > .08 and (grid - image).abs().mean() < .02
    assert spearmanr(grid, image)[0] > .98


@pytest.mark.parametrize('name,gain', ROI_CONFIGS)
def test_whole_detectors(name, gain, factory, predict, naive_pixel_score,
                         monkeypatch):
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


MS_RCNN = 'ms-rcnn_r50_fpn_1x_coco_qam.py'


@pytest.fixture
def spied(factory, predict, monkeypatch):
    """Weights, results and, per image, what the plain heads saw."""
    masks, scores, ious = [], [], []
    mask_predict = FCNMaskHead.predict_by_feat
    iou_predict = MaskIoUHead.predict_by_feat

    def spy_masks(self, mask_preds, results_list, *args, **kwargs):
        masks.extend(mask_preds)
        scores.extend(results.scores.clone() for results in results_list)
        return mask_predict(self, mask_preds, results_list, *args, **kwargs)

    def spy_ious(self, mask_iou_preds, results_list):
        ious.extend(mask_iou_preds)
        return iou_predict(self, mask_iou_preds, results_list)

    plain = factory.build(factory.config(MS_RCNN, plain=True))
    with monkeypatch.context() as patch:
        patch.setattr(FCNMaskHead, 'predict_by_feat', spy_masks)
        patch.setattr(MaskIoUHead, 'predict_by_feat', spy_ious)
        results = predict(plain)
    return plain.state_dict(), results, masks, scores, ious


@pytest.fixture
def rescored(spied, factory, predict):
    """Results of the same weights with a setting of QAM."""

    def run(quality):
        config = factory.config(MS_RCNN)
        config.roi_head.mask_iou_head.quality = quality
        model = factory.build(config)
        model.load_state_dict(spied[0], strict=True)
        return predict(model)

    return run


@pytest.mark.parametrize('weights', [(1., 1., 1.), (1., .5, 2.)])
def test_iou_enters_once(weights, spied, rescored, naive_pixel_score):
    after = rescored(dict(weights=weights))
    for old, new, preds, box, iou in zip(spied[1], after, *spied[2:]):
        preds, iou = (
            value[range(len(old)), old.labels] for value in (preds, iou))
        torch.testing.assert_close(old.scores, box * iou)  # twice is wrong
        pixel = np.array([naive_pixel_score(prob.sigmoid()) for prob in preds])
        box, iou = box.numpy(), iou.clamp(0, 1).numpy()
        assert iou.std() > .01 and pixel.std() > .01
        fused = (box**weights[0] * iou**weights[1] *
                 pixel**weights[2])**(1 / sum(weights))
        order = np.argsort(-fused.astype(np.float32), kind='stable')
        for key, expected in dict(
                scores=fused, bbox_scores=box, iou_scores=iou,
                pixel_scores=pixel).items():
            np.testing.assert_allclose(new[key], expected[order], rtol=1e-4)
        positive = fused[order] > 0  # ties at zero may swap
        assert new.masks[positive].equal(old.masks[order][positive])


def test_iou_head_switched_off_multiplies_as_before(spied, rescored):
    for old, new in zip(spied[1], rescored(None)):
        for key in ('scores', 'bboxes', 'labels', 'masks'):
            assert old[key].equal(new[key])


@pytest.mark.parametrize('quality', [dict(), None])
def test_a_mask_head_that_sorts_is_refused(factory, predict, quality):
    config = factory.config(MS_RCNN)
    config.roi_head.mask_head.quality = quality
    with pytest.raises(InputError, match=r'quality=dict\(weights=None\)'):
        predict(factory.build(config))


@pytest.mark.parametrize('quality,message', [
    (dict(mode='mean'), 'mode belongs to the mask head'),
    (dict(weights=None), 'no head fuses after it'),
    (dict(weights=(1, 1)), 'three numbers'),
])
def test_bad_settings_of_the_iou_head(quality, message):
    with pytest.raises(InputError, match=message):
        QualityMaskIoUHead(quality=quality)
