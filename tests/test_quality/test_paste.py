# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from projects.qanet.quality import (mask_pixel_score, paste, paste_parsing,
                                    paste_person, paste_window, pixel_score)


def to_xyxy(cxcywh):
    center, half = cxcywh[..., :2], cxcywh[..., 2:] / 2
    return np.concatenate([center - half, center + half], -1)


def naive_paste(probs_per_aug, boxes, size):
    """Bilinear sampling with zero padding, pixel by pixel, whole image."""
    width, height = size
    total = np.zeros((probs_per_aug[0].shape[0], height, width))
    for probs, (x1, y1, x2, y2) in zip(probs_per_aug, boxes):
        _, crop_h, crop_w = probs.shape
        padded = np.pad(probs, ((0, 0), (1, 1), (1, 1)))
        for y in range(height):
            for x in range(width):
                u = (x + .5 - x1) / (x2 - x1) * crop_w - .5 + 1
                v = (y + .5 - y1) / (y2 - y1) * crop_h - .5 + 1
                if not (0 <= u < crop_w + 1 and 0 <= v < crop_h + 1):
                    continue
                i, j = int(u), int(v)
                du, dv = u - i, v - j
                total[:, y, x] += (
                    padded[:, j, i] * (1 - du) * (1 - dv) +
                    padded[:, j, i + 1] * du * (1 - dv) + padded[:, j + 1, i] *
                    (1 - du) * dv + padded[:, j + 1, i + 1] * du * dv)
    return total / len(boxes)


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
    np.testing.assert_allclose(
        instance, golden['instance_scores'][person], atol=1e-5)
    np.testing.assert_allclose(
        category, golden['category_scores'][person], atol=1e-5)


def whole_image(probs, box, size):
    """One augmentation on the whole image, (C, H, W), in float64."""
    x = (torch.arange(size[0], dtype=torch.float64) + .5 - box[0]) / (
        box[2] - box[0])
    y = (torch.arange(size[1], dtype=torch.float64) + .5 - box[1]) / (
        box[3] - box[1])
    grid = torch.stack(torch.meshgrid(2 * x - 1, 2 * y - 1, indexing='xy'), -1)
    return F.grid_sample(
        probs.double()[None], grid[None], align_corners=False)[0]


def scaled_case(golden, person, scales, dtype):
    """A plain and a mirrored crop for each scale of the person's box.

    The other scales see another person, so that a crop under another box is
    noticed.
    """
    center, size = np.split(golden['padded_cxcywh'][person], 2)
    probs, boxes = [], []
    for k, scale in enumerate(scales):
        logits = golden['logits_q16'][(person + k) % 3]
        logits = torch.from_numpy(logits).to(dtype) / 16
        probs.append(logits.softmax(1))
        boxes.append(to_xyxy(np.concatenate([center, size * scale])))
    return probs, boxes


@pytest.mark.parametrize('person', [0, 1, 2])
@pytest.mark.parametrize('dtype,rounded', [(torch.float64, 0),
                                           (torch.float32, 2)])
def test_golden_with_extra_scales(golden, person, dtype, rounded):
    """Windows and bands against whole images."""
    size = (640, 480)
    probs, boxes = scaled_case(golden, person, (1., .9, 1.3), dtype)
    every = [(crop, box) for pair, box in zip(probs, boxes) for crop in pair]
    mean = torch.stack([whole_image(crop, box, size)
                        for crop, box in every]).mean(0)
    best, expected = mean.max(0)
    expected[best < 1 / mean.size(0)] = 0
    instance, category = pixel_score(mean[None])
    assert len(np.unique(expected)) > 3

    # The flip may be averaged before pasting, its box is the same.
    flipped = [(pair.mean(0), box) for pair, box in zip(probs, boxes)]
    for augmentations in (every, flipped):
        labels, *scores = paste_parsing(*zip(*augmentations), size)
        # In float32 the winner of two nearly equal classes may change.
        assert (labels != expected).sum() <= rounded
        np.testing.assert_allclose(scores[0], instance[0], atol=1e-6)
        np.testing.assert_allclose(scores[1], category[0], atol=1e-6)


# One box larger, one reaching over the border, another crop size.
SIZE = (30, 19)
BOXES = [[3.2, -4.5, 20.9, 15.3], [1.1, -6.8, 23., 17.6], [6., -2., 18.5, 12.],
         [4., 3., 26., 18.]]


def toy_probs(num, seed=0):
    """Crops (4, 9, 6) of up to four boxes; the third is (4, 12, 8)."""
    rng = np.random.default_rng(seed)
    sizes = [(9, 6), (9, 6), (12, 8), (9, 6)][:num]
    return [
        torch.from_numpy(rng.dirichlet(np.ones(4) * .6,
                                       size)).permute(2, 0,
                                                      1).float().contiguous()
        for size in sizes
    ]


def cut(image, person):
    """What of an image lies in the person's window."""
    (x, y), (height, width) = person.offset, person.part_map.shape
    return image[..., y:y + height, x:x + width]


def test_models_count_the_same(monkeypatch):
    """However many augmentations each of an ensemble has."""
    monkeypatch.setattr(paste, 'MAX_ELEMENTS', 4 * 30 * 2)
    probs = toy_probs(4)
    person = paste_person(
        probs, BOXES, SIZE, group_sizes=(3, 1), keep_confidence=True)
    maps = [whole_image(*pair, SIZE) for pair in zip(probs, BOXES)]
    mean = (sum(maps[:3]) / 3 + maps[3]) / 2
    best, expected = mean.max(0)
    expected[best < 1 / 4] = 0
    assert (person.part_map == cut(expected, person)).all()
    assert person.part_map.sum() == expected.sum()
    instance, category = pixel_score(mean[None])
    np.testing.assert_allclose(person.instance_scores, instance, rtol=1e-6)
    np.testing.assert_allclose(person.category_scores, category, rtol=1e-5)
    np.testing.assert_allclose(
        person.max_probs, cut(best, person), rtol=1e-5, atol=1e-7)
    for wrong in ((3, ), (3, 2), (4, 0), ()):
        with pytest.raises(ValueError, match='group_sizes must be positive'):
            paste_person(probs, BOXES, SIZE, group_sizes=wrong)


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


@pytest.mark.parametrize('max_elements', [1 << 24, 4 * 30 * 2])
def test_scales_against_naive(monkeypatch, max_elements):
    """Each augmentation has its own box; bands of rows change nothing."""
    monkeypatch.setattr(paste, 'MAX_ELEMENTS', max_elements)
    probs, boxes = toy_probs(3), BOXES[:3]
    expected = naive_paste([crop.numpy() for crop in probs], boxes, SIZE)
    labels, instance, category = paste_parsing(probs, boxes, SIZE)
    best, winner = expected.max(0), expected.argmax(0)
    second = np.sort(expected, 0)[-2]
    certain = (best - second > 1e-5) & (np.abs(best - .25) > 1e-5)
    assert certain.mean() > .3 and (labels > 0).any()
    expected_labels = np.where(best >= 1 / 4, winner, 0)
    assert (labels.numpy() == expected_labels)[certain].all()
    counted = best >= .2
    np.testing.assert_allclose(instance, best[counted].mean(), rtol=1e-5)
    for c in range(1, 4):
        np.testing.assert_allclose(
            category[c - 1], best[counted & (winner == c)].mean(), rtol=1e-5)
    person = paste_person(probs, boxes, SIZE, keep_confidence=True)
    np.testing.assert_allclose(person.max_probs, cut(best, person), atol=1e-5)
    assert best.sum() == pytest.approx(float(person.max_probs.sum()))
    assert paste_person(probs, boxes, SIZE).max_probs is None


def test_extra_thresholds_are_passes_of_their_own(monkeypatch):
    """Also when a person is pasted in bands of rows."""
    monkeypatch.setattr(paste, 'MAX_ELEMENTS', 4 * 30 * 3)
    thrs = (0., .35, .5)
    case = toy_probs(1, seed=2), BOXES[:1], SIZE
    several = paste_person(*case, thrs)
    for k, thr in enumerate(thrs):
        alone = paste_person(*case, (thr, ))
        assert several.instance_scores[k] == alone.instance_scores[0]
        assert (several.category_scores[k] == alone.category_scores[0]).all()
    assert alone.category_scores.shape == (1, 3)
    # Less is left, and it is surer.
    assert (several.instance_scores.diff() > 0).all()


def test_window_covers_half_a_crop_pixel():
    # 10 image pixels per crop pixel: 5 more on each side.
    box = torch.tensor([[100., 50., 140., 130.]])
    assert paste_window(box, [(4, 8)], (640, 480)) == (95, 45, 145, 135)
    assert paste_window(box, [(4, 8)], (120, 100)) == (95, 45, 120, 100)


def test_box_outside_the_image():
    case = [torch.full((3, 4, 5), 1 / 3)], [[700., 10., 800., 90.]], (64, 48)
    person = paste_person(*case)
    assert person.part_map.numel() == 0
    assert float(person.instance_scores) == 0
    labels, instance, category = paste_parsing(*case)
    assert labels.shape == (48, 64) and not labels.any()
    assert float(instance) == 0 and category.tolist() == [0, 0]


@pytest.mark.parametrize('channels,boxes,message', [
    ([3], [[0, 0, 1, 1]] * 2, '1 probability maps and 2 boxes'),
    ([3], [[0, 0, 0, 1]], 'positive size'),
    ([3, 2], [[0, 0, 1, 1]] * 2, 'same number of classes'),
])
def test_errors_name_the_argument(channels, boxes, message):
    probs = [torch.zeros(number, 4, 5) for number in channels]
    with pytest.raises(ValueError, match=message):
        paste_parsing(probs, boxes, (9, 8))
