# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from pycocotools import mask as mask_utils

from projects.drawn_people import (draw_scene, write_dataset,
                                   write_densepose_dataset)
from projects.drawn_people.densepose_dataset import part_masks, sample_points
from projects.qanet.densepose.labels import PATCH_TO_PART

SIZE, PEOPLE, SEED = (150, 110), (2, 3), 2
PARTS = np.array(PATCH_TO_PART)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('densepose')
    write_densepose_dataset(root, 3, 1, SEED, SIZE, PEOPLE)
    return root


def annotated(root, split):
    document = json.loads(
        (root / f'annotations/densepose_{split}.json').read_text())
    images = {image['id']: image for image in document['images']}
    for annotation in document['annotations']:
        yield images[annotation['image_id']], annotation


def scene_of(image, split):
    """The scene of an image, drawn once more."""
    index = image['id'] - 1 - 1000000 * split
    rng = np.random.default_rng([SEED, split, index, False])
    rng.uniform(size=2)  # of width and height
    return draw_scene(
        rng, (image['width'], image['height']), PEOPLE, surface=True)


@pytest.fixture(scope='module')
def people(root):
    """Scene, annotation and the person's mask, for all persons."""
    found = []
    for number, split in enumerate(('train', 'val')):
        scenes = {}
        for image, annotation in annotated(root, split):
            if image['id'] not in scenes:
                scenes[image['id']] = scene_of(image, number)
            mask = mask_utils.decode(annotation['segmentation']) > 0
            found.append((scenes[image['id']], annotation, mask))
    return found


def test_annotations_have_the_documented_fields(people):
    plain = [a for _, a, _ in people if 'dp_masks' not in a]
    assert 0 < len(plain) < .4 * len(people)
    common = {
        'id', 'image_id', 'category_id', 'iscrowd', 'bbox', 'area',
        'segmentation'
    }
    fields = {f'dp_{name}' for name in ('masks', *'xyIUV')}
    for scene, annotation, mask in people:
        assert set(annotation) == common | (
            set() if annotation in plain else fields)
        assert annotation['area'] == mask.sum()
        assert annotation['iscrowd'] == 0 and annotation['category_id'] == 1
        assert all(isinstance(value, float) for value in annotation['bbox'])
        assert len(np.unique(scene.number_map[mask])) == 1
        assert np.array_equal(scene.surface[..., 0] > 0, scene.number_map > 0)


def test_points_are_what_the_picture_shows_there(people):
    numbers = []
    for scene, annotation, mask in people:
        if 'dp_x' not in annotation:
            continue
        x, y, width, height = annotation['bbox']
        dp = [np.array(annotation[f'dp_{name}']) for name in 'xyIUV']
        assert 0 < min(dp[0].min(), dp[1].min())
        assert max(dp[0].max(), dp[1].max()) < 255
        # As the evaluation looks them up.
        columns = (dp[0] * width / 255 + x).astype(int)
        rows = (dp[1] * height / 255 + y).astype(int)
        assert mask[rows, columns].all()
        assert np.allclose(
            scene.surface[rows, columns], np.stack(dp[2:], 1), atol=1e-5)
        assert len(set(zip(rows, columns))) == len(rows) <= 196
        # As many on each part that has the pixels.
        counts = np.bincount(PARTS[dp[2].astype(int)], minlength=15)
        pixels = np.bincount(
            PARTS[scene.surface[mask][:, 0].astype(int)], minlength=15)
        share = counts.max()
        assert np.array_equal(counts, np.minimum(pixels, share))
        numbers.append(len(rows))
    assert 60 < np.mean(numbers) <= 105


def test_masks_are_the_parts_of_the_patches(people):
    for scene, annotation, mask in people:
        if 'dp_masks' not in annotation:
            continue
        x, y, width, height = map(int, annotation['bbox'])
        patches = (scene.surface[..., 0] * mask).astype(int)
        parts = PARTS[patches[y:y + height, x:x + width]]
        masks = annotation['dp_masks']
        assert len(masks) == 14
        for part, code in enumerate(masks, 1):
            assert (code == []) == (part not in parts)
            if code:
                assert code['size'] == [256, 256]
                found = mask_utils.decode(code)
                # Middles of pixels, looked up in the stretched mask.
                rows = ((np.arange(height) + .5) * 256 / height).astype(int)
                columns = ((np.arange(width) + .5) * 256 / width).astype(int)
                assert np.array_equal(found[np.ix_(rows, columns)] > 0,
                                      parts == part)


def test_pictures_are_those_of_the_parsing_data(root, tmp_path):
    write_dataset(tmp_path, 3, 1, SEED, SIZE, PEOPLE)
    for ours, theirs in (('train', 'Training'), ('val', 'Validation')):
        names = sorted(path.name for path in (root / ours).glob('*'))
        assert len(names) == (3 if ours == 'train' else 1)
        for name in names:
            other = tmp_path / theirs / 'Images' / name
            assert (root / ours / name).read_bytes() == other.read_bytes()


def test_annotations_do_not_depend_on_workers(root, tmp_path):
    write_densepose_dataset(tmp_path, 3, 1, SEED, SIZE, PEOPLE, workers=2)
    for path in root.rglob('*'):
        if path.suffix in ('.json', '.jpg', '.npy'):
            other = tmp_path / path.relative_to(root)
            assert path.read_bytes() == other.read_bytes()


def test_a_small_known_person():
    """Two patches of one part, and another one, in a box of 4 x 2 px."""
    surface = np.zeros((2, 4, 3))
    surface[0, :3] = [(1, .1, .2), (2, .3, .4), (2, .5, .6)]
    surface[1, 3] = 24, .7, .8
    found = sample_points(np.random.default_rng(0), surface)
    assert found == dict(
        dp_x=[31.875, 95.625, 159.375, 223.125],
        dp_y=[63.75, 63.75, 63.75, 191.25],
        dp_I=[1, 2, 2, 24],
        dp_U=[.1, .3, .5, .7],
        dp_V=[.2, .4, .6, .8])
    masks = part_masks(PARTS[surface[..., 0].astype(int)])
    torso, head = (mask_utils.decode(masks[k]) for k in (0, 13))
    assert masks[1:13] == [[]] * 12
    assert torso[:128, :192].all() and torso.sum() == 128 * 192
    assert head[128:, 192:].all() and head.sum() == 128 * 64
