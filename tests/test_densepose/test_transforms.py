# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config

import projects.qanet.plugin  # noqa: F401
from projects.qanet.datasets import (GetParsingBox, RandomParsingAffine,
                                     RandomParsingFlip, TopDownAffine)
from projects.qanet.densepose.annotations import place
from projects.qanet.densepose.dataset import DensePoseCocoDataset
from projects.qanet.densepose.labels import PART_FLIP_PAIRS, PATCH_FLIP_PAIRS
from projects.qanet.densepose.symmetry import UVSymmetry
from projects.qanet.densepose.transforms import (DensePoseAffine,
                                                 LoadDensePose,
                                                 PackDensePoseInputs,
                                                 RandomDensePoseFlip)
from projects.qanet.utils.errors import InputError
from .people import DATA, PERSON, TinyDensePose, symmetry_tables, write_mat

CONFIG = Path(__file__).parents[2] / (
    'configs/_base_/datasets/coco_densepose_512x384.py')
OPENCV5 = cv2.__version__.startswith('5')
CROP = (48, 64)


@pytest.fixture(scope='module')
def symmetry_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp('symmetry')
    return write_mat(folder / 'UV_symmetry_transforms.mat', symmetry_tables())


def golden_sample():
    """The golden person in noise."""
    width, height = PERSON['image_wh']
    x, y, w, h = PERSON['bbox']
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3))
    return dict(
        img=pixels.astype(np.uint8),
        img_path='noise.png',
        ann_id=5,
        width=width,
        height=height,
        bbox=np.float32([x, y, x + w, y + h]),
        dense_pose=PERSON,
        flip_pairs=list(PATCH_FLIP_PAIRS),
        part_flip_pairs=PART_FLIP_PAIRS)


@pytest.mark.parametrize('case',
                         ['plain', 'scaled_rot', 'flip', 'flip_scaled_rot'])
def test_crops_as_released(case, symmetry_file):
    with np.load(DATA / 'crops_48x64.npz') as golden:
        *box, rotation = golden[f'{case}_box']
        matrix, points, parts = (
            golden[f'{case}_{name}'] for name in ('matrix', 'points', 'parts'))
        turned = golden['roi_scaled_rot_xy']
    affine = RandomParsingAffine()
    affine._draw = lambda: (box[2] / 132, rotation)
    flip = RandomDensePoseFlip(
        float('flip' in case), symmetry_file, legacy_flip=True)
    transforms = Compose([
        LoadDensePose(),
        GetParsingBox(CROP), affine, flip,
        DensePoseAffine(CROP)
    ])
    results = transforms(golden_sample())
    np.testing.assert_allclose(results['bbox_center'], box[:2], atol=1e-4)
    np.testing.assert_allclose(results['bbox_scale'], box[2:], atol=1e-4)
    np.testing.assert_allclose(results['warp_mat'], matrix, atol=1e-5)
    found = results['surface_points']
    np.testing.assert_allclose(found.xy.T, points[:2], atol=1e-5)
    np.testing.assert_array_equal(found.patches, points[2])
    np.testing.assert_allclose(found.uv.T, points[3:], atol=1e-7)
    if case == 'scaled_rot':
        # The released system's other way of cropping has the same points.
        np.testing.assert_allclose(found.xy, turned, atol=1e-5)
    # OpenCV 4 rounds positions to a coarser grid: a pixel, 0.0005 from a tie.
    wrong = (results['gt_seg_map'] != parts).sum()
    assert wrong <= (case == 'scaled_rot' if OPENCV5 else 1)


def mirrored(sample, symmetry_file, **kwargs):
    return RandomDensePoseFlip(1., symmetry_file, **kwargs)(sample)


def test_exact_mirror(symmetry_file):
    """The placed person, mirrored, to the last pixel."""
    sample = LoadDensePose()(golden_sample())
    plain = GetParsingBox(CROP)(dict(sample))
    results = mirrored(dict(plain), symmetry_file)
    np.testing.assert_array_equal(results['img'], plain['img'][:, ::-1])
    table = np.arange(15)
    for one, other in PART_FLIP_PAIRS:
        table[[one, other]] = other, one
    np.testing.assert_array_equal(results['gt_seg_map'],
                                  table[plain['gt_seg_map'][:, ::-1]])
    before, after = plain['surface_points'], results['surface_points']
    np.testing.assert_allclose(after.xy[:, 0], 159 - before.xy[:, 0])
    np.testing.assert_array_equal(after.xy[:, 1], before.xy[:, 1])
    expected = UVSymmetry(symmetry_file).points(before.patches, before.uv)
    np.testing.assert_array_equal(after.patches, expected[0])
    np.testing.assert_array_equal(after.uv, expected[1])
    assert results['bbox_center'][0] == 159 - plain['bbox_center'][0]
    # Labels of the network's channels, for the model.
    assert results['flip_pairs'] == list(PATCH_FLIP_PAIRS)
    assert results['flip'] and results['flip_direction'] == 'horizontal'
    # The released mirror image is off by less than 1.4 pixels.
    legacy = mirrored(dict(plain), symmetry_file, legacy_flip=True)
    shift = legacy['surface_points'].xy - after.xy
    np.testing.assert_allclose(
        shift[:, 0], np.array(PERSON['dp_x']) / 255 + 89.5 / 255, atol=1e-9)
    np.testing.assert_allclose(
        shift[:, 1], -np.array(PERSON['dp_y']) / 255, atol=1e-9)


def test_mirrored_twice_is_nothing(tmp_path):
    steps = np.arange(256) / 255 * (1 + 1e-6)
    np.save(
        tmp_path / 'own.npy',
        np.stack([
            np.broadcast_to(steps[::-1], (24, 256, 256)),
            np.broadcast_to(steps[:, None], (24, 256, 256))
        ]))
    before = GetParsingBox(CROP)(LoadDensePose()(golden_sample()))
    after = dict(before)
    for _ in range(2):
        after = mirrored(after, str(tmp_path / 'own.npy'))
    for key in ('img', 'gt_seg_map', 'bbox_center'):
        np.testing.assert_array_equal(after[key], before[key])
    points, expected = after['surface_points'], before['surface_points']
    np.testing.assert_allclose(points.xy, expected.xy)
    np.testing.assert_array_equal(points.patches, expected.patches)
    # Tables know 256 steps.
    assert 0 <= (expected.uv - points.uv).max() < 2 / 255


def test_no_flip_needs_no_file():
    sample = GetParsingBox(CROP)(LoadDensePose()(golden_sample()))
    results = RandomDensePoseFlip(0.)(dict(sample))
    assert results['surface_points'] is sample['surface_points']
    assert results['flip'] is False
    assert results['flip_pairs'] == list(PATCH_FLIP_PAIRS)
    with pytest.raises(
            FileNotFoundError,
            match='symmetry file nowhere.mat '
            'does not exist; UV_symmetry_transforms.mat is'):
        RandomDensePoseFlip(.5, 'nowhere.mat')
    assert repr(RandomDensePoseFlip(0)) == (
        "RandomDensePoseFlip(prob=0, symmetry_file='', legacy_flip=False)")
    assert repr(LoadDensePose()) == 'LoadDensePose()'


def test_points_cannot_be_left_behind(symmetry_file):
    load, box = LoadDensePose(), GetParsingBox(CROP)

    def run(*transforms):
        Compose([load, box, *transforms,
                 PackDensePoseInputs()])(
                     golden_sample())

    run(RandomDensePoseFlip(1, symmetry_file), DensePoseAffine(CROP))
    with pytest.raises(
            InputError,
            match='RandomParsingFlip leaves the points '
            'of dense pose behind: use RandomDensePoseFlip'):
        run(RandomParsingFlip(1), DensePoseAffine(CROP))
    with pytest.raises(
            InputError,
            match='TopDownAffine leaves .* behind: use '
            'DensePoseAffine'):
        run(TopDownAffine(CROP))
    with pytest.raises(InputError, match='must come before the warp'):
        run(DensePoseAffine(CROP), RandomDensePoseFlip(1, symmetry_file))


def test_wrong_samples():
    with pytest.raises(
            InputError,
            match=r'noise.png is 160x200 pixels \(w x h\), but the '
            'annotated image is 161x200'):
        LoadDensePose()(dict(golden_sample(), width=161))
    broken = dict(PERSON, dp_I=[25] * 60)
    with pytest.raises(
            InputError, match='annotation 5 of noise.png has 25 in '
            'dp_I'):
        LoadDensePose()(dict(golden_sample(), dense_pose=broken))


def config_of(tiny, symmetry_file):
    """The primitive for the tiny data set."""
    cfg = Config.fromfile(CONFIG)
    pipeline = cfg.train_dataloader.dataset.pipeline
    flip, = (step for step in pipeline if step.type == 'RandomDensePoseFlip')
    assert flip.symmetry_file == (
        'data/coco/annotations/DensePoseData/UV_data/'
        'UV_symmetry_transforms.mat')
    flip.symmetry_file = symmetry_file
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.dataset.pop('type')
        loader.dataset.update(tiny.arguments())
    return cfg


def test_from_json_to_crop(tmp_path, symmetry_file):
    """Where a dot is painted, there is its point; where paint, the parts."""
    tiny = TinyDensePose(tmp_path)
    person = tiny.annotations[0]
    labels, points = place(person, (70, 50))
    # The second point is on the torso.
    inside = points.xy[1]
    pixels = np.full((50, 70, 3), 60, np.uint8)
    pixels[labels == 1] = 120
    pixels[labels == 3] = 180
    u, v = np.meshgrid(np.arange(70), np.arange(50))
    dot = np.exp(-((u - inside[0])**2 + (v - inside[1])**2) / 2)
    pixels[..., 2] += np.round(70 * dot).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'val/COCO_3.png'), pixels)
    cfg = config_of(tiny, symmetry_file)
    dataset = DensePoseCocoDataset(**cfg.train_dataloader.dataset)
    np.random.seed(3)
    flips, uncut = set(), 0
    for _ in range(8):
        packed = dataset[0]
        image, sample = packed['inputs'], packed['data_samples']
        assert image.shape == (3, 512, 384) and image.dtype == torch.uint8
        parts = sample.gt_sem_seg.data[0]
        assert parts.shape == (512, 384)
        found = sample.gt_points
        assert [found[key].dtype for key in ('xy', 'patches', 'uv')
                ] == [torch.float32, torch.int64, torch.float32]
        # Blue has no dot; borders are blurred.
        blue = image[0].numpy().astype(int)
        hand = 2 if sample.flip else 3
        for label, value in ((1, 120), (hand, 180)):
            own = (parts == label).numpy().astype(np.uint8)
            core = cv2.erode(
                own,
                np.ones((25, 25)),
                borderType=cv2.BORDER_CONSTANT,
                borderValue=0) > 0
            assert core.sum() > 500
            assert np.abs(blue[core] - value).max() <= 3
        assert set(parts.unique().tolist()) == {0, 1, hand}
        # The dot's centre of mass; no other thing is redder than blue.
        red = image[2].numpy() - blue
        x, y = (
            np.average(one, weights=red) for one in np.mgrid[:512, :384][::-1])
        if not (red[[0, -1]].any() or red[:, [0, -1]].any()):
            np.testing.assert_allclose((x, y), found.xy[1], atol=.5)
            uncut += 1
        assert found.patches.tolist() == ([4, 2, 23]
                                          if sample.flip else [3, 2, 24])
        if not sample.flip:
            np.testing.assert_allclose(found.uv,
                                       [[.25, .75], [.5, .125], [1, 0]])
        assert sample.img_id == 3 and sample.ann_id == 31
        assert sample.ori_shape == (50, 70)
        flips.add(sample.flip)
    assert flips == {True, False} and uncut > 4
    nobody = dataset[1]['data_samples'].gt_points
    assert [tuple(nobody[key].shape)
            for key in ('xy', 'patches', 'uv')] == [(0, 2), (0, ), (0, 2)]


def test_images_to_test(tmp_path, symmetry_file):
    cfg = config_of(TinyDensePose(tmp_path), symmetry_file)
    packed = DensePoseCocoDataset(**cfg.test_dataloader.dataset)[0]
    assert packed['inputs'].shape == (3, 50, 70)
    sample = packed['data_samples']
    np.testing.assert_array_equal(
        sample.proposals.bboxes,
        [[10, 5.5, 35.5, 45.5], [40, 10, 60, 40], [60, 0, 70, 20]])
    assert 'gt_points' not in sample and 'gt_sem_seg' not in sample
    assert sample.flip_pairs == list(PATCH_FLIP_PAIRS)
