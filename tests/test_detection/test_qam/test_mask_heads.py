# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
import torch
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from projects.qanet.detection.qam import QualityFCNMaskHead
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


def test_equal_scores_keep_their_order():
    head = QualityFCNMaskHead(quality=dict(mode='mean'), **SMALL)
    results, logits = make_results(40), make_logits(1).expand(40, -1, -1, -1)
    results.labels[:] = 1
    results.scores[:] = .5
    assert run(head, logits, results, False).bboxes.equal(results.bboxes)


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


def test_merged_probabilities_are_taken_as_they_are():
    """After merging stages the head gets probabilities (activate_map)."""
    results, logits = make_results(12), make_logits(12)
    head = QualityFCNMaskHead(**SMALL)
    expected = run(head, logits, results)
    merged = run(head, logits.sigmoid(), results, activate_map=True)
    for key in expected.keys():
        assert merged[key].equal(expected[key]), key


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


def test_iou_weight_needs_an_iou_score():
    with pytest.raises(InputError, match='second of the weights must be 0'):
        QualityFCNMaskHead(quality=dict(weights=(1, 1, 1)), **SMALL)
