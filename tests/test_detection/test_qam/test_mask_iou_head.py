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
    """Plain Mask Scoring R-CNN: its weights, results and what it saw."""
    masks, ious = [], []
    mask_predict = FCNMaskHead.predict_by_feat
    iou_predict = MaskIoUHead.predict_by_feat

    def spy_masks(self, mask_preds, results_list, *args, **kwargs):
        scores = [results.scores.clone() for results in results_list]
        masks.extend(zip(mask_preds, scores))
        return mask_predict(self, mask_preds, results_list, *args, **kwargs)

    def spy_ious(self, mask_iou_preds, results_list):
        ious.extend(mask_iou_preds)
        return iou_predict(self, mask_iou_preds, results_list)

    plain = factory.build(factory.config(NAME, plain=True))
    with monkeypatch.context() as patch:
        patch.setattr(FCNMaskHead, 'predict_by_feat', spy_masks)
        patch.setattr(MaskIoUHead, 'predict_by_feat', spy_ious)
        results = predict(plain)
    return plain.state_dict(), results, masks, ious


@pytest.mark.parametrize('weights', [(1., 1., 1.), (1., .5, 2.)])
def test_iou_enters_once(weights, spied, factory, predict, naive_pixel_score):
    state, before, masks, ious = spied
    config = factory.config(NAME)
    config.roi_head.mask_iou_head.quality = dict(weights=weights)
    model = factory.build(config)
    model.load_state_dict(state, strict=True)
    for old, new, (preds, box), iou in zip(before, predict(model), masks,
                                           ious):
        rows = range(len(old))
        iou = iou[rows, old.labels]
        torch.testing.assert_close(old.scores, box * iou)  # twice is wrong
        pixel = np.array([
            naive_pixel_score(prob.sigmoid())
            for prob in preds[rows, old.labels]
        ])
        box, iou = box.numpy(), iou.clamp(0, 1).numpy()
        assert iou.std() > .01, iou
        assert pixel.std() > .01
        fused = (box**weights[0] * iou**weights[1] *
                 pixel**weights[2])**(1 / sum(weights))
        order = np.argsort(-fused.astype(np.float32), kind='stable')
        np.testing.assert_allclose(new.scores, fused[order], rtol=1e-4)
        np.testing.assert_allclose(new.bbox_scores, box[order])
        np.testing.assert_allclose(new.iou_scores, iou[order], rtol=1e-6)
        np.testing.assert_allclose(new.pixel_scores, pixel[order], rtol=1e-6)
        positive = fused[order] > 0  # ties at zero may swap
        assert new.masks[positive].equal(old.masks[order][positive])


def test_switched_off_multiplies_as_before(spied, factory, predict):
    state, before, _, _ = spied
    config = factory.config(NAME)
    config.roi_head.mask_iou_head.quality = None
    model = factory.build(config)
    model.load_state_dict(state, strict=True)
    for old, new in zip(before, predict(model)):
        for key in ('scores', 'bboxes', 'labels', 'masks'):
            assert old[key].equal(new[key])


def test_a_mask_head_that_sorts_is_refused(factory, predict):
    for quality in (dict(), None):
        config = factory.config(NAME)
        config.roi_head.mask_head.quality = quality
        with pytest.raises(InputError, match=r'quality=dict\(weights=None\)'):
            predict(factory.build(config))


def test_nothing_in_one_of_the_images():
    head = QualityMaskIoUHead(
        num_convs=1, in_channels=2, conv_out_channels=2, fc_out_channels=2)
    from mmengine.structures import InstanceData
    results = InstanceData(
        scores=torch.zeros(0),
        labels=torch.zeros(0, dtype=torch.long),
        pixel_scores=torch.zeros(0))
    found, = head.predict_by_feat([torch.zeros(0, 80)], [results])
    assert len(found.scores) == len(found.iou_scores) == 0


@pytest.mark.parametrize('quality,message', [
    (dict(mode='mean'), 'mode belongs to the mask head'),
    (dict(weights=None), 'no head fuses after it'),
    (dict(weights=(1, 1)), 'three numbers'),
])
def test_bad_settings(quality, message):
    with pytest.raises(InputError, match=message):
        QualityMaskIoUHead(
            num_convs=1,
            in_channels=2,
            conv_out_channels=2,
            fc_out_channels=2,
            quality=quality)
