# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmdet.models.dense_heads import SOLOV2Head
from mmdet.registry import MODELS
from mmengine.config import ConfigDict

import projects.qanet.detection.qam  # noqa: F401
from projects.qanet.detection.qam.solo_heads import maskness

MAP_SIZE = (12, 20)  # height and width of the mask features
META = dict(img_shape=(44, 78), ori_shape=(66, 117))
NUM_POINTS = 3**2 + 2**2
GAUSS = 2.


def make_head(kind, **kwargs):
    """Two levels of 3x3 and 2x2 grids, with two classes."""
    test_cfg = ConfigDict(
        nms_pre=500,
        score_thr=.1,
        mask_thr=.5,
        filter_thr=.01,
        kernel='gaussian',
        sigma=GAUSS,
        max_per_img=100)
    features = dict(
        feat_channels=8,
        start_level=0,
        end_level=1,
        out_channels=NUM_POINTS,
        mask_stride=4,
        norm_cfg=dict(type='GN', num_groups=1))
    return MODELS.build(
        dict(
            type=kind,
            num_classes=2,
            in_channels=8,
            feat_channels=8,
            stacked_convs=1,
            strides=[8, 16],
            scale_ranges=((1, 32), (16, 64)),
            num_grids=[3, 2],
            norm_cfg=dict(type='GN', num_groups=8),
            mask_feature_head=features,
            test_cfg=test_cfg,
            **kwargs)).eval()


def make_scene(boxes, classes, scores):
    """Points that each paint one box of the mask features, exactly.

    The kernel of point k picks channel k, so its probabilities are known:
    (K, 12, 20), given with what the head gets.
    """
    rng = np.random.default_rng(0)
    logits = np.full((NUM_POINTS, *MAP_SIZE), -6.)
    for k, (x0, y0, x1, y1) in enumerate(boxes):
        logits[k, y0:y1, x0:x1] = rng.uniform(-1.5, 4, (y1 - y0, x1 - x0))
    cls_scores = torch.zeros(NUM_POINTS, 2)
    cls_scores[range(len(boxes)), classes] = torch.tensor(scores)
    logits = torch.tensor(logits, dtype=torch.float32)
    inputs = (torch.eye(NUM_POINTS), cls_scores, logits[None])
    return logits[:len(boxes)].sigmoid(), inputs


def predict(head, inputs):
    return head._predict_by_feat_single(
        *(value.clone() for value in inputs), img_meta=META)


APART = dict(
    boxes=[(0, 0, 6, 5), (7, 0, 13, 6), (14, 1, 20, 7), (1, 7, 9, 12)],
    classes=[0, 1, 1, 0],
    scores=[.6, .9, .5, .8])


@pytest.mark.parametrize('mode,thr', [('stability', .25), ('mean', .3)])
def test_maskness_counts_once(mode, thr, naive_pixel_score):
    """Masks apart do not decay: the box score is the class score."""
    probs, inputs = make_scene(**APART)
    probs = probs.numpy()
    plain = predict(make_head('SOLOV2Head'), inputs)
    scored = predict(
        make_head('QualitySOLOv2Head', quality=dict(mode=mode, thr=thr)),
        inputs)

    scores = np.array(APART['scores'])
    own = scores * [prob[prob > .5].mean() for prob in probs]
    np.testing.assert_allclose(plain.scores, np.sort(own)[::-1], rtol=1e-5)
    pixel = np.array([naive_pixel_score(prob, mode, thr) for prob in probs])
    fused = np.sqrt(scores * pixel)
    order = np.argsort(-fused)
    np.testing.assert_allclose(scored.scores, fused[order], rtol=1e-5)
    np.testing.assert_allclose(scored.bbox_scores, scores[order], rtol=1e-5)
    np.testing.assert_allclose(scored.pixel_scores, pixel[order], rtol=1e-5)
    assert scored.labels.tolist() == np.array(APART['classes'])[order].tolist()
    # From the order of SOLO's own scores to ours.
    moved = [np.argsort(-own).tolist().index(k) for k in order]
    assert scored.masks.equal(plain.masks[moved])
    assert scored.masks.shape == (4, 66, 117)


def test_decay_of_matrix_nms_stays():
    """Two masks of a class overlap, the second one fades."""
    boxes = [(2, 2, 14, 10), (2, 2, 14, 10), (2, 2, 14, 10)]
    probs, inputs = make_scene(boxes, [0, 0, 1], [.9, .8, .7])
    first, second = (probs[0] > .5), (probs[1] > .5)
    iou = float((first & second).sum() / (first | second).sum())
    scored = predict(
        make_head('QualitySOLOv2Head', quality=dict(score_key='mask_scores')),
        inputs)
    box_scores = dict(zip(scored.bbox_scores.tolist(), scored.labels.tolist()))
    expected = [.9, .8 * np.exp(-GAUSS * iou**2), .7]
    np.testing.assert_allclose(sorted(box_scores), sorted(expected), rtol=1e-5)
    assert min(expected) == expected[1] and box_scores[min(box_scores)] == 0


def test_switched_off():
    _, inputs = make_scene(**APART)
    plain = predict(make_head('SOLOV2Head'), inputs)
    scored = predict(make_head('QualitySOLOv2Head', quality=None), inputs)
    assert set(scored.keys()) == set(plain.keys())
    for key in plain.keys():
        assert scored[key].equal(plain[key])


@pytest.mark.parametrize('num', [0, 1])
def test_few_instances(num):
    _, inputs = make_scene(*(values[:num] for values in APART.values()))
    scored = predict(make_head('QualitySOLOv2Head'), inputs)
    for key in ('scores', 'bbox_scores', 'pixel_scores', 'masks', 'labels'):
        assert len(scored[key]) == num
    assert scored.masks.shape == (num, 66, 117)


def test_another_prediction_is_noticed(monkeypatch):
    """If mmdet stopped enlarging the masks, say so and do not guess."""
    _, inputs = make_scene(**APART)
    results = predict(make_head('SOLOV2Head'), inputs)
    monkeypatch.setattr(SOLOV2Head, '_predict_by_feat_single',
                        lambda self, *args, **kwargs: results)
    with pytest.raises(RuntimeError, match='QualitySOLOv2Head did not see'):
        predict(make_head('QualitySOLOv2Head'), inputs)


def test_maskness_of_an_empty_mask():
    probs = torch.tensor([[[.2, .5, .1]], [[.6, .9, .5]]])
    torch.testing.assert_close(maskness(probs, .5), torch.tensor([1., .75]))


@pytest.mark.parametrize('kind', [
    'QualitySOLOv2Head', 'QualitySOLOHead', 'QualityDecoupledSOLOHead',
    'QualityDecoupledSOLOLightHead'
])
def test_all_solo_heads(kind, factory, predict, naive_pixel_score):
    """Whole detectors: same masks, scores from their own."""
    config = factory.config('solov2_r50_fpn_1x_coco_qam.py')
    config.mask_head.type = kind
    config.mask_head.quality = dict(mode='mean', thr=.5)
    config.type = 'SOLOv2' if kind == 'QualitySOLOv2Head' else 'SOLO'
    if kind != 'QualitySOLOv2Head':
        config.mask_head.pop('mask_feature_head')
        config.mask_head.norm_cfg = dict(type='GN', num_groups=8)
    scored = factory.build(config, gain=20.)
    config.mask_head.pop('quality')
    config.mask_head.type = kind.replace('Quality', '').replace('v2', 'V2')
    plain = factory.build(config, gain=20.)
    scored.load_state_dict(plain.state_dict(), strict=True)
    for old, new in zip(predict(plain), predict(scored)):
        assert len(old) == len(new) == 20
        assert old.masks.equal(new.masks) and old.labels.equal(new.labels)
        torch.testing.assert_close(new.scores, old.scores.sqrt())
