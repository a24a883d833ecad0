# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmdet.models.roi_heads.mask_heads import FCNMaskHead, MaskIoUHead

from projects.qanet.detection.qam import QualityMaskIoUHead
from projects.qanet.utils.errors import InputError

NAME = 'ms-rcnn_r50_fpn_1x_coco_qam.py'


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

    plain = factory.build(factory.config(NAME, plain=True))
    with monkeypatch.context() as patch:
        patch.setattr(FCNMaskHead, 'predict_by_feat', spy_masks)
        patch.setattr(MaskIoUHead, 'predict_by_feat', spy_ious)
        results = predict(plain)
    return plain.state_dict(), results, masks, scores, ious


@pytest.fixture
def rescored(spied, factory, predict):
    """Results of the same weights with a setting of QAM."""

    def run(quality):
        config = factory.config(NAME)
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


def test_switched_off_multiplies_as_before(spied, rescored):
    for old, new in zip(spied[1], rescored(None)):
        for key in ('scores', 'bboxes', 'labels', 'masks'):
            assert old[key].equal(new[key])


def test_a_mask_head_that_sorts_is_refused(factory, predict):
    for quality in (dict(), None):
        config = factory.config(NAME)
        config.roi_head.mask_head.quality = quality
        with pytest.raises(InputError, match=r'quality=dict\(weights=None\)'):
            predict(factory.build(config))


@pytest.mark.parametrize('quality,message', [
    (dict(mode='mean'), 'mode belongs to the mask head'),
    (dict(weights=None), 'no head fuses after it'),
    (dict(weights=(1, 1)), 'three numbers'),
])
def test_bad_settings(quality, message):
    with pytest.raises(InputError, match=message):
        QualityMaskIoUHead(quality=quality)
