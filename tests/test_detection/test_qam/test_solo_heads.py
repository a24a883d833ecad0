# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch

from projects.qanet.detection.qam.solo_heads import (FirstInterpolation,
                                                     maskness)

NAME = 'solov2_r50_fpn_1x_coco_qam.py'


def build(factory, kind, max_per_img=20, **kwargs):
    """A whole detector with some head of SOLO."""
    config = factory.config(NAME, max_per_img=max_per_img)
    config.mask_head.pop('quality')
    config.mask_head.update(kwargs, type=kind)
    config.type = 'SOLOv2' if 'SOLOv2' in kind or 'SOLOV2' in kind else 'SOLO'
    if config.type == 'SOLO':
        config.mask_head.pop('mask_feature_head')
        config.mask_head.norm_cfg = dict(type='GN', num_groups=8)
    return factory.build(config, gain=20.)


@pytest.mark.parametrize('kind', [
    'QualitySOLOv2Head', 'QualitySOLOHead', 'QualityDecoupledSOLOHead',
    'QualityDecoupledSOLOLightHead'
])
def test_maskness_counts_once(kind, factory, predict, naive_pixel_score):
    """As pixel score it makes the quality the root of SOLO's own score."""
    plain_kind = kind.replace('Quality', '').replace('v2', 'V2')
    before = predict(build(factory, plain_kind))
    for quality in (None, dict(mode='mean', thr=.5)):
        after = predict(build(factory, kind, quality=quality))
        for old, new in zip(before, after):
            assert len(old) == len(new) == 20
            assert old.masks.equal(new.masks) and old.labels.equal(new.labels)
            scores = old.scores if quality is None else old.scores.sqrt()
            torch.testing.assert_close(new.scores, scores)
            if quality:
                torch.testing.assert_close(new.bbox_scores * new.pixel_scores,
                                           old.scores)
                assert new.pixel_scores.std() > .01


@pytest.mark.parametrize('num', [0, 1])
def test_few_instances(num, factory, predict):
    model = build(factory, 'QualitySOLOv2Head', max_per_img=1)
    model.mask_head.test_cfg.score_thr = 0. if num else 2.
    for results, size in zip(predict(model), [(96, 128), (80, 64)]):
        assert len(results.pixel_scores) == len(results.bbox_scores) == num
        assert results.masks.shape == (num, *size)


def test_another_prediction_is_noticed(factory, predict, monkeypatch):
    """If mmdet stopped enlarging the masks, say so and do not guess."""
    monkeypatch.setattr(
        FirstInterpolation,
        '__torch_function__',
        lambda self, func, types, args=(), kwargs=None: func(
            *args, **kwargs or {}))
    with pytest.raises(RuntimeError, match='QualitySOLOv2Head did not see'):
        predict(build(factory, 'QualitySOLOv2Head'))


def test_maskness_of_an_empty_mask():
    probs = torch.tensor([[[.2, .5, .1]], [[.6, .9, .5]]])
    torch.testing.assert_close(maskness(probs, .5), torch.tensor([1., .75]))
