# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch

from projects.qanet.quality import (mask_pixel_score, paste, paste_parsing,
                                    paste_person, paste_window, pixel_score)


def to_xyxy(cxcywh):
    center, half = cxcywh[..., :2], cxcywh[..., 2:] / 2
    return np.concatenate([center - half, center + half], -1)


def naive_paste(probs, box, size):
    """Bilinear sampling with zero padding, pixel by pixel, whole image."""
    (width, height), (x1, y1, x2, y2) = size, box
    num_classes, crop_h, crop_w = probs.shape
    result = np.zeros((num_classes, height, width))
    padded = np.pad(probs, ((0, 0), (1, 1), (1, 1)))
    for y, x in np.ndindex(height, width):
        u = (x + .5 - x1) / (x2 - x1) * crop_w + .5
        v = (y + .5 - y1) / (y2 - y1) * crop_h + .5
        if 0 <= u < crop_w + 1 and 0 <= v < crop_h + 1:
            i, j = int(u), int(v)
            corners = padded[:, j:j + 2, i:i + 2]
            result[:, y, x] = corners @ [1 - u + i, u - i] @ [1 - v + j, v - j]
    return torch.from_numpy(result)


@pytest.fixture(scope='module')
def golden(data_dir):
    return dict(np.load(data_dir / 'paste/parsing_128x96_flip.npz'))


@pytest.mark.parametrize('person', [0, 1, 2])
def test_golden_parsing(golden, person):
    logits = torch.from_numpy(golden['logits_q16'][person]).float() / 16
    box = to_xyxy(golden['padded_cxcywh'][person])
    labels, instance, category = paste_parsing(
        logits.softmax(1), [box, box], (640, 480))
    assert labels.dtype == torch.uint8 and labels.shape == (480, 640)
    differing = (labels.numpy() != golden['labels'][person]).sum()
    assert differing <= golden['ambiguous_px'][0]
    for found, name in ((instance, 'instance'), (category, 'category')):
        np.testing.assert_allclose(
            found, golden[f'{name}_scores'][person], atol=1e-5)


# One box larger, one reaching over the border, another crop size.
SIZE = (30, 19)
BOXES = [[3.2, -4.5, 20.9, 15.3], [1.1, -6.8, 23., 17.6], [6., -2., 18.5, 12.],
         [4., 3., 26., 18.]]
CROPS = [
    torch.from_numpy(
        np.random.default_rng(k).dirichlet(np.ones(4) * .6,
                                           size)).permute(2, 0, 1).float()
    for k, size in enumerate([(9, 6), (9, 6), (12, 8), (9, 6)])
]


@pytest.mark.parametrize('max_elements', [1 << 24, 4 * 30 * 2])
@pytest.mark.parametrize('groups', [(3, 1), None])
def test_models_count_the_same(monkeypatch, max_elements, groups):
    """However many augmentations each has; bands of rows change nothing."""
    monkeypatch.setattr(paste, 'MAX_ELEMENTS', max_elements)
    thrs = (.2, .35, .5)
    person = paste_person(
        CROPS, BOXES, SIZE, thrs, group_sizes=groups, keep_confidence=True)
    maps = [naive_paste(*pair, SIZE) for pair in zip(CROPS, BOXES)]
    mean = sum(maps) / 4 if groups is None else (sum(maps[:3]) / 3 +
                                                 maps[3]) / 2
    best, expected = mean.max(0)
    expected[best < 1 / 4] = 0
    (x, y), (height, width) = person.offset, person.part_map.shape
    window = slice(y, y + height), slice(x, x + width)
    assert (person.part_map == expected[window]).all()
    assert person.part_map.sum() == expected.sum() > 0
    np.testing.assert_allclose(
        person.max_probs, best[window], rtol=1e-5, atol=1e-6)
    assert best.sum() == pytest.approx(float(person.max_probs.sum()))
    for k, thr in enumerate(thrs):
        instance, category = pixel_score(mean[None], thr)
        np.testing.assert_allclose(
            person.instance_scores[k], instance[0], rtol=1e-5)
        np.testing.assert_allclose(
            person.category_scores[k], category[0], rtol=1e-5)


@pytest.mark.parametrize('max_elements', [1 << 24, 2 * 4 * 30 * 2])
def test_the_scene_changes_labels_alone(monkeypatch, max_elements):
    """Against cv2, whose border repeats; where nobody is, nobody comes."""
    monkeypatch.setattr(paste, 'MAX_ELEMENTS', max_elements)
    scene = np.random.default_rng(9).dirichlet(np.ones(4) * .3, (5, 7))
    moved = cv2.resize(scene, (40, 24), interpolation=cv2.INTER_LINEAR)
    semantic = paste.SemanticMap(
        torch.from_numpy(scene).permute(2, 0, 1).float(), (0, 0, 40, 24), .6)
    plain, fused = (
        paste_person(CROPS[:1], BOXES[:1], SIZE, label_thr=.3, **kwargs)
        for kwargs in ({}, dict(semantic=semantic)))
    maps = naive_paste(CROPS[0], BOXES[0], SIZE).numpy()
    expected = maps.argmax(0) * (maps.max(0) >= .3)
    sums = maps + .6 * moved[:19, :30].transpose(2, 0, 1)
    expected = np.where(expected > 0, sums.argmax(0), 0)
    (x, y), (height, width) = fused.offset, fused.part_map.shape
    np.testing.assert_array_equal(fused.part_map, expected[y:y + height,
                                                           x:x + width])
    changed = fused.part_map != plain.part_map
    assert changed.any() and not fused.part_map[plain.part_map == 0].any()
    assert (fused.part_map[changed] == 0).any()
    for one, other in zip(fused[2:4], plain[2:4]):
        assert torch.equal(one, other)


def test_golden_masks(data_dir):
    golden = np.load(data_dir / 'paste/mask_128x96_flip.npz')
    masks = np.unpackbits(golden['masks'], axis=-1)
    boxes = to_xyxy(golden['padded_cxcywh'])
    for k, box in enumerate(boxes):
        logits = torch.from_numpy(golden['logits_q16'][k]).float() / 16
        # Both augmentations have one box: sample them as two channels.
        prob = paste._sample(logits.sigmoid(), box.tolist(),
                             (0, 0, 640, 480)).mean(0)
        # The two augmentations may cancel out to one half within rounding.
        differing = (prob >= .5).numpy() != masks[k]
        assert np.abs(prob.numpy()[differing] - .5).max(initial=0) < 1e-6
        assert differing.sum() < 10
        np.testing.assert_allclose(
            mask_pixel_score(prob[None])[0], golden['scores'][k], atol=1e-5)


def test_window_covers_half_a_crop_pixel():
    # 10 image pixels per crop pixel: 5 more on each side.
    box = torch.tensor([[100., 50., 140., 130.]])
    assert paste_window(box, [(4, 8)], (640, 480)) == (95, 45, 145, 135)
    assert paste_window(box, [(4, 8)], (120, 100)) == (95, 45, 120, 100)


def test_box_outside_the_image():
    labels, instance, category = paste_parsing([torch.full(
        (3, 4, 5), 1 / 3)], [[700., 10., 800., 90.]], (64, 48))
    assert labels.shape == (48, 64) and not labels.any()
    assert float(instance) == 0 and category.tolist() == [0, 0]


BOX = [0, 0, 1, 1]


@pytest.mark.parametrize('channels,boxes,groups,message', [
    ([3], [BOX] * 2, None, '1 probability maps and 2 boxes'),
    ([3], [[0, 0, 0, 1]], None, 'positive size'),
    ([3, 2], [BOX] * 2, None, 'same number of classes'),
    ([3, 3], [BOX] * 2, (3, ), 'group_sizes must be positive'),
    ([3, 3], [BOX] * 2, (2, 0), 'group_sizes must be positive'),
])
def test_errors_name_the_argument(channels, boxes, groups, message):
    probs = [torch.zeros(number, 4, 5) for number in channels]
    with pytest.raises(ValueError, match=message):
        paste_person(probs, boxes, (9, 8), group_sizes=groups)
