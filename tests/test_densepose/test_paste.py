# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmseg.registry import MODELS

from projects.qanet.densepose.paste import PersonSurface, paste_surface
from projects.qanet.quality import paste
from projects.qanet.utils.errors import InputError

# One box larger, one reaching over the border, another crop size.
SIZE = (30, 19)
BOXES = [[3.2, -4.5, 20.9, 15.3], [1.1, -6.8, 23., 17.6], [6., -2., 18.5, 12.]]
CROP_SIZES = [(6, 9), (6, 9), (8, 12)]  # (w, h)


def drawn_maps(seed, size):
    """Parts and patches of which some win clearly; U and V beyond [0, 1]."""
    rng = np.random.default_rng(seed)
    shape = size[::-1]
    parts = rng.dirichlet(np.ones(15) * .2, shape).transpose(2, 0, 1)
    patches = 1 / (1 + np.exp(-rng.normal(0, 2, (25, *shape))))
    patches[0] **= .3  # the background wins often
    uv = rng.normal(.5, .5, (50, *shape))
    return np.concatenate([parts, patches, uv]).astype(np.float32)


MAPS = [drawn_maps(k, size) for k, size in enumerate(CROP_SIZES)]


def naive_sample(maps, box, size):
    """Bilinear with zeros around, each pixel of the image."""
    count, crop_h, crop_w = maps.shape
    result = np.zeros((count, size[1], size[0]))
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1))).astype(float)
    for y, x in np.ndindex(size[1], size[0]):
        u = (x + .5 - box[0]) / (box[2] - box[0]) * crop_w + .5
        v = (y + .5 - box[1]) / (box[3] - box[1]) * crop_h + .5
        if 0 <= u < crop_w + 1 and 0 <= v < crop_h + 1:
            i, j = int(u), int(v)
            corners = padded[:, j:j + 2, i:i + 2]
            result[:, y, x] = corners @ [1 - u + i, u - i] @ [1 - v + j, v - j]
    return result


def naive_surface(mean, thr):
    """Patch, U and V (3, H, W), and scores, one pixel at a time."""
    surface = np.zeros((3, *mean.shape[1:]), np.uint8)
    reached = [[] for _ in range(25)]
    for y, x in np.ndindex(mean.shape[1:]):
        parts, patches, u, v = np.split(mean[:, y, x], [15, 40, 65])
        patch = int(patches.argmax())
        if parts.argmax() == 0:
            continue
        if patches[patch] >= thr:
            reached[patch].append(patches[patch])
        if patch:
            surface[:, y, x] = [patch] + [
                int(255 * min(max(each[patch], 0), 1)) for each in (u, v)
            ]
    categories = [np.mean(values) if values else 0 for values in reached[1:]]
    values = sum(reached, [])
    return surface, np.mean(values) if values else 0, categories


@pytest.mark.parametrize('max_elements', [1 << 24, 90 * 30 * 2])
@pytest.mark.parametrize('groups', [(2, 1), None])
def test_against_a_dense_naive_paste(monkeypatch, max_elements, groups):
    """Several augmentations; bands of rows change nothing."""
    monkeypatch.setattr(paste, 'MAX_ELEMENTS', max_elements)
    thrs = (0., .5, .8)
    person = paste_surface([torch.from_numpy(maps) for maps in MAPS], BOXES,
                           SIZE, thrs, groups)
    one, two, three = (naive_sample(*pair, SIZE) for pair in zip(MAPS, BOXES))
    mean = (one + two + three) / 3 if groups is None else (
        (one + two) / 2 + three) / 2
    (x, y), (height, width) = person.offset, person.part_map.shape
    assert person.part_map.dtype == person.uv_map.dtype == torch.uint8
    found = np.zeros((3, 19, 30), np.uint8)
    found[0, y:y + height, x:x + width] = person.part_map
    found[1:, y:y + height, x:x + width] = person.uv_map
    for k, thr in enumerate(thrs):
        expected, score, categories = naive_surface(mean, thr)
        np.testing.assert_array_equal(found[0], expected[0])
        # 255 U may be whole but for rounding.
        assert np.abs(found.astype(int) - expected).max() <= 1
        assert (found != expected).mean() < .002
        np.testing.assert_allclose(person.instance_scores[k], score, rtol=1e-5)
        np.testing.assert_allclose(
            person.category_scores[k], categories, rtol=1e-5)
    assert len(np.unique(found[0])) > 10
    assert {0, 255} < set(np.unique(found[1:]))
    assert (person.instance_scores.diff() > 0).all()


def test_golden_packing(data_dir):
    """U and V inside the person's box, and scores."""
    golden = np.load(data_dir / 'densepose/packed_50x40.npz')
    boxes = np.array([[3.7, 5.2, 24.3, 36.1], [0, 0, 50, 40]])
    persons = []
    for index, u, v in zip(golden['index'], golden['u_at_index'],
                           golden['v_at_index']):
        maps = np.zeros((90, 40, 50), np.float32)
        maps[0], maps[1] = index == 0, index > 0
        for channel, value in ((15, 1), (40, u), (65, v)):
            np.put_along_axis(maps, channel + index[None].astype(int), value,
                              0)
        maps[40:65, index == 0] = .7  # means nothing
        persons.append(
            PersonSurface([torch.from_numpy(maps)],
                          [torch.tensor([0., 0., 50., 40.])], (50, 40), None))
    module = MODELS.build(
        dict(type='QualityAwareModule', weights=(1, 1, 0), pixel_score_thr=.9))
    result = module(
        iter(persons),
        InstanceData(
            bboxes=torch.tensor(boxes), scores=torch.tensor([.81, .25])),
        (50, 40), 25, 4711)
    np.testing.assert_allclose(result.scores, [.9, .5], rtol=1e-6)
    assert result.num_classes == 25 and result.iou_scores.tolist() == [1, 1]
    for k, box in enumerate(boxes.astype(int)):
        x1, y1, x2, y2 = box
        found = np.stack([result.part_maps[k], *result.uv_maps[k]])
        np.testing.assert_array_equal(found[:, y1:y2, x1:x2],
                                      golden[f'uv_{k}'])


def test_box_outside_the_image():
    person = paste_surface([torch.from_numpy(MAPS[0])],
                           [[700., 10., 800., 90.]], (64, 48))
    assert person.part_map.numel() == person.uv_map.numel() == 0
    assert person.uv_map.shape == (2, *person.part_map.shape)
    assert person.instance_scores.tolist() == [0]
    assert person.category_scores.tolist() == [[0] * 24]


@pytest.mark.parametrize('channel', [0, 20, 50, 75])
def test_what_is_not_finite_does_not_hide(channel):
    maps = torch.zeros(90, 6, 5)
    maps[1] = maps[25] = 1  # patch 10 everywhere
    maps[channel:channel + 1] = float('nan')
    person = PersonSurface([maps], [torch.tensor([0., 0., 10., 12.])],
                           (10, 12), None)
    module = MODELS.build(dict(type='QualityAwareModule'))
    proposals = InstanceData(bboxes=torch.zeros(1, 4), scores=torch.ones(1))
    with pytest.raises(InputError, match='image 3: .* not finite'):
        module(iter([person]), proposals, (10, 12), 25, 3)
