# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData

from projects.qanet.testing.region_parsers import (region_sample,
                                                   small_region_parser)
from projects.qanet.utils.errors import InputError

# Of images of 70 x 50 and 44 x 60 pixels (w, h), xyxy.
BOXES = [[(5, 4, 30, 44), (40, 10, 66, 48)], [(8, 2, 33, 57)]]
ITEMS = [
    region_sample(1, (70, 50), BOXES[0]),
    region_sample(2, (44, 60), BOXES[1])
]


@pytest.fixture
def roi_head():
    torch.manual_seed(0)
    return small_region_parser('RPRCNN').roi_head


def sampled(boxes, persons):
    """What the branch reads of mmdet's sampling result."""
    priors = torch.from_numpy(np.float32(boxes)).view(-1, 4)
    return SimpleNamespace(
        pos_priors=priors, pos_assigned_gt_inds=torch.tensor(persons).long())


def ground_truth(item):
    persons = item[1].gt_instances.clone()
    persons.set_field(
        item[1].gt_sem_seg.sem_seg, 'label_maps', field_type='metainfo')
    return persons


def naive_target(item, box, person, size=32):
    labels, owners = item[1].gt_sem_seg.sem_seg.numpy()
    x1, y1, x2, y2 = np.round(box).astype(int)
    own = np.where(owners == person + 1, labels, 0)[max(y1, 0):y2,
                                                    max(x1, 0):x2]
    rows, columns = (np.arange(size) * n // size for n in own.shape)
    return torch.from_numpy(own[rows][:, columns]).long()


@pytest.mark.parametrize('limit', [16, 2])
def test_losses_of_random_positives(roi_head, limit):
    """At most so many of each image, with the map of their own person."""
    roi_head.max_parsing_rois = limit
    rng = np.random.default_rng(3)
    persons = [[0, 1, 1, 0, 0], [0]]
    boxes = [[np.add(BOXES[k][p], rng.uniform(-4, 4, 4)) for p in own]
             for k, own in enumerate(persons)]
    feats = torch.randn(2, 16, 16, 18)
    seen = []
    forward = roi_head.mask_head.forward
    roi_head.mask_head.forward = lambda x: seen.append(x) or forward(x)
    torch.manual_seed(5)
    found = roi_head.mask_loss((feats, ), [*map(sampled, boxes, persons)],
                               feats, [*map(ground_truth, ITEMS)])['loss_mask']
    assert len(seen[0]) == min(5, limit) + 1

    torch.manual_seed(5)
    rois, targets = [], []
    for k, own in enumerate(persons):
        for row in torch.randperm(len(own))[:limit].tolist():
            rois.append([k, *boxes[k][row]])
            targets.append(naive_target(ITEMS[k], boxes[k][row], own[row]))
    features = roi_head.mask_roi_extractor((feats, ),
                                           torch.tensor(rois).float())
    logits, iou = forward(features)
    targets = torch.stack(targets)
    assert targets.unique().tolist() == [0, 1, 2, 3, 4]
    expected = 2 * F.cross_entropy(logits, targets)
    torch.testing.assert_close(found['loss_parsing'], expected)
    torch.testing.assert_close(
        found['loss_parsing_iou'],
        roi_head.mask_head.loss(logits, iou, targets)['loss_parsing_iou'])


def test_nothing_positive_gives_zero_gradients(roi_head):
    """To every weight, or processes would wait for each other."""
    feats = torch.randn(2, 16, 16, 18)
    losses = roi_head.mask_loss((feats, ), [sampled([], [])] * 2, feats,
                                [*map(ground_truth, ITEMS)])['loss_mask']
    assert {
        name: loss.item()
        for name, loss in losses.items()
    } == dict(
        loss_parsing=0, loss_parsing_iou=0)
    sum(losses.values()).backward()
    for parameter in roi_head.mask_head.parameters():
        assert not parameter.grad.any()


@torch.no_grad()
def test_persons_are_parsed_some_at_a_time(roi_head):
    """Of the right image; a chunk is freed before the next."""
    roi_head.eval().max_instances_per_batch = 2
    feats, chunks = torch.randn(3, 16, 16, 18), []
    boxes = torch.rand(5, 4) * 20
    boxes[:, 2:] += boxes[:, :2] + 10
    found = [InstanceData(bboxes=part) for part in boxes.split([3, 0, 2])]
    rois = torch.cat([torch.tensor([0., 0, 0, 2, 2])[:, None], boxes], 1)
    logits, iou = roi_head._mask_forward((feats, ), rois)['mask_preds']
    forward = roi_head.mask_head.forward

    def watched(x):
        assert all(chunk() is None for chunk in chunks)
        logits, iou = forward(x)
        memory = logits.numpy()
        chunks.append(weakref.ref(memory))
        return torch.from_numpy(memory), iou

    roi_head.mask_head.forward = watched
    parsed = roi_head.predict_parsing((feats, ), found)
    for k in range(5):
        probs, score = next(parsed)
        torch.testing.assert_close(probs, logits[k].softmax(0))
        torch.testing.assert_close(score, iou[k])
        del probs
    assert next(parsed, None) is None and len(chunks) == 4


def test_wrong_numbers_and_missing_maps():
    for name, value in (('max_parsing_rois', 0), ('max_instances_per_batch',
                                                  2.5)):
        with pytest.raises(
                InputError,
                match=f'{name} must be a whole number '
                f'from 1, but got {value}'):
            small_region_parser(
                roi_head=dict(type='ParsingRoIHead', **{name: value}))
    sample = region_sample(1, (70, 50))[1]
    del sample.gt_sem_seg
    with pytest.raises(InputError, match='1.jpg has no label maps'):
        small_region_parser().roi_head.loss((), [], [sample])
