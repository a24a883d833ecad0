# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of dense pose, and tools/infer.py that draws and writes it."""
import os

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS, VISUALIZERS
from mmseg.structures import SegDataSample
from torch import nn

import projects.qanet.plugin  # noqa: F401
from projects.qanet.densepose.dataset import DensePoseCocoDataset
from projects.qanet.densepose.labels import PART_NAMES
from projects.qanet.densepose.parser import DensePoseParser
from projects.qanet.densepose.submission import decode_uv, read_submission
from projects.qanet.densepose.visualizer import (U_COLOUR, V_COLOUR,
                                                 change_lines, read_atlas)
from projects.qanet.structures import ParsingInstances, read_results
from projects.qanet.testing.layout import make_persons
from projects.qanet.utils.errors import InputError
from projects.qanet.visualization import ParsingVisualizer
from projects.qanet.visualization.browsing import draw_sample
from .people import TinyDensePose

META = DensePoseCocoDataset.METAINFO
PLAIN = dict(show_boxes=False, show_scores=False)
SIDE = 5  # of a square of the atlas
WHITE = (255, 255, 255)


def make_visualizer(**kwargs):
    """The visualizer, of the class of that name in the registry."""
    visualizer = VISUALIZERS.get('DensePoseVisualizer')(**PLAIN, **kwargs)
    visualizer.dataset_meta = META
    return visualizer


@pytest.fixture
def image():
    return np.random.default_rng(3).integers(
        0, 250, (60, 90, 3), dtype=np.uint8)


@pytest.fixture
def instances():
    """Two persons of any patches, U and V; the first lies on top."""
    maps = np.zeros((2, 60, 90), np.uint8)
    y, x = np.mgrid[:60, :90]
    patches = (y // 7 + 5 * (x // 6)) % 25
    maps[0, 18:48, 12:37] = patches[18:48, 12:37]
    maps[1, 5:40, 30:62] = patches[4:39, 30:62]
    persons = make_persons(0, maps, [.8, .4], 25)
    rng = np.random.default_rng(4)
    # Smooth enough for lines to be rarer than pixels.
    persons.uv_maps = [
        cv2.resize(
            rng.integers(0, 256, (7, 5, 2), np.uint8),
            part_map.shape[::-1]).transpose(2, 0, 1)
        for part_map in persons.part_maps
    ]
    return persons


@pytest.fixture
def atlas(tmp_path):
    """Path and pixels (30, 20, 3), RGB, of an atlas of any colours."""
    pixels = np.random.default_rng(5).integers(0, 256, (6 * SIDE, 4 * SIDE, 3),
                                               np.uint8)
    path = str(tmp_path / 'atlas.png')
    cv2.imwrite(path, pixels[..., ::-1])
    return path, pixels


def naive_maps(instances):
    """Person from 1, patch, U and V of each pixel, (4, 60, 90)."""
    maps = np.zeros((4, 60, 90), int)
    for i in (1, 0):  # the better person last
        left, top = instances.offsets[i]
        for y, row in enumerate(instances.part_maps[i], top):
            for x, patch in enumerate(row, left):
                if patch:
                    uv = instances.uv_maps[i][:, y - top, x - left]
                    maps[:, y, x] = i + 1, patch, *uv
    return maps


def outlines(image, instances):
    """Where a ParsingVisualizer has its white lines."""
    plain = ParsingVisualizer(**PLAIN, show_legend=False, alpha=0)
    plain.dataset_meta = META
    return (plain.draw(image, instances) != image).any(-1)


def test_patches_are_drawn_as_ever(image, instances):
    plain = ParsingVisualizer(**PLAIN)
    plain.dataset_meta = META
    np.testing.assert_array_equal(make_visualizer().draw(image, instances),
                                  plain.draw(image, instances))


@pytest.mark.parametrize('options, alpha', [({}, .9), (dict(alpha=.25), .25)])
def test_texture(options, alpha, image, instances, atlas):
    path, pixels = atlas
    owner, patch, u, v = naive_maps(instances)
    expected = image.copy()
    for y, x in zip(*patch.nonzero()):
        column, row = divmod(patch[y, x] - 1, 6)
        across = column * SIDE + round(u[y, x] * (SIDE - 1) / 255)
        down = row * SIDE + SIDE - 1 - round(v[y, x] * (SIDE - 1) / 255)
        mixed = (1 - alpha) * image[y, x] + alpha * pixels[down, across]
        expected[y, x] = np.rint(mixed)
    expected[outlines(image, instances)] = WHITE
    drawn = make_visualizer(
        surface='texture', atlas=path, **options).draw(image, instances)
    assert drawn.shape == image.shape  # no legend
    difference = np.abs(drawn.astype(int) - expected)
    assert difference.max() <= 1 and (difference > 0).mean() < .01


def test_atlas_is_filled_by_columns(atlas):
    path, pixels = atlas
    squares = read_atlas(path)
    assert squares.shape == (24, SIDE, SIDE, 3)
    for patch, (top, left) in {1: (0, 0), 2: (5, 0), 7: (0, 5)}.items():
        np.testing.assert_array_equal(squares[patch - 1],
                                      pixels[top:top + SIDE, left:left + SIDE])


def test_contours(image, instances):
    owner, patch, u, v = naive_maps(instances)
    expected, height, width = image.copy(), *owner.shape
    for y, x in zip(*patch.nonzero()):
        for there in ((y, x + 1), (y + 1, x)):
            if there[0] == height or there[1] == width or (owner[there]
                                                           != owner[y, x]):
                continue
            for values, colour in ((u, U_COLOUR), (v, V_COLOUR)):
                if (patch[there] == patch[y, x]
                        and values[there] // 32 != values[y, x] // 32
                        and tuple(expected[y, x]) not in (V_COLOUR, WHITE)):
                    expected[y, x] = colour
            if patch[there] != patch[y, x]:
                expected[y, x] = WHITE
    expected[outlines(image, instances)] = WHITE
    drawn = make_visualizer(surface='contours').draw(image, instances)
    np.testing.assert_array_equal(drawn, expected)
    colours = set(map(tuple, drawn[patch > 0].tolist()))
    assert {U_COLOUR, V_COLOUR} <= colours


def test_contours_stand_where_u_is_an_eighth():
    u = np.arange(64) * 4 + np.zeros((9, 1), int)  # 0 ... 252
    regions = np.ones_like(u)
    regions[0] = 0
    lines = change_lines(u // 32, regions)
    assert not lines[0].any()
    assert (lines[1:] == lines[1]).all()
    # U is 28 in column 7 and 32, an eighth of 256, in column 8.
    assert np.flatnonzero(lines[1]).tolist() == [7, 15, 23, 31, 39, 47, 55]
    thick = change_lines(u // 32, regions, 3)
    assert not thick[0].any()
    assert np.flatnonzero(thick[1])[:6].tolist() == [6, 7, 8, 14, 15, 16]


def test_part_scores_keep_their_legend(image, instances):
    drawn = make_visualizer(
        surface='contours', show_part_scores=True).draw(image, instances)
    assert drawn.shape[1] > 150


def test_nobody_needs_no_surface(image, instances):
    for persons in (instances[:0], ParsingInstances.empty((90, 60), 25)):
        drawn = make_visualizer(surface='contours').draw(image, persons)
        np.testing.assert_array_equal(drawn, image)


@pytest.mark.parametrize('text, options', [
    ("surface must be one of patches, contours, texture, but got 'mesh'",
     dict(surface='mesh')),
    ("surface 'texture' needs an atlas", dict(surface='texture')),
    ("surface 'contours' has no atlas", dict(surface='contours', atlas='a')),
    ('alpha must be in 0..1', dict(surface='contours', alpha=2)),
])
def test_wrong_arguments(text, options):
    with pytest.raises(InputError, match=text):
        make_visualizer(**options)


def test_wrong_atlases(tmp_path):
    path = tmp_path / 'atlas.png'
    with pytest.raises(FileNotFoundError, match='atlas.png'):
        read_atlas(str(path))
    jpeg = cv2.imencode('.jpg', np.zeros((60, 40, 3), np.uint8))[1].tobytes()
    for content in (b'', b'no picture', jpeg[:-20]):
        path.write_bytes(content)
        with pytest.raises(InputError, match='atlas.png is no image that can'):
            read_atlas(str(path))
    for height, width in ((20, 30), (30, 21), (31, 20), (2, 2)):
        cv2.imwrite(str(path), np.zeros((height, width), np.uint8))
        with pytest.raises(InputError, match=f'is {width} x {height} pixels'):
            read_atlas(str(path))


def test_persons_without_surface(image, instances, atlas):
    instances.uv_maps = None
    for options in (dict(surface='contours'),
                    dict(surface='texture', atlas=atlas[0])):
        with pytest.raises(InputError, match='25 classes and no uv_maps'):
            make_visualizer(**options).draw(image, instances)
    make_visualizer().draw(image, instances)


def part_colours(labels):
    """Colours of label maps of parts: those of a part's first patch."""
    firsts = [0, 1, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 19, 20, 23]
    return np.array(META['palette'])[np.array(firsts)[labels]]


def test_training_samples_show_parts(tmp_path):
    tiny = TinyDensePose(tmp_path)
    steps = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadDensePose'),
        dict(type='GetParsingBox', crop_size=(48, 64)),
        dict(type='DensePoseAffine', crop_size=(48, 64)),
        dict(type='PackDensePoseInputs')
    ]
    dataset = DensePoseCocoDataset(**tiny.arguments(pipeline=steps))
    visualizer = ParsingVisualizer()
    visualizer.dataset_meta = dataset.metainfo
    picture = draw_sample(visualizer, dataset, 0)
    sample = dataset[0]['data_samples']
    labels = sample.gt_sem_seg.data[0].numpy()
    assert set(np.unique(labels)) == {0, 1, 3}  # torso and left hand
    crop = dataset[0]['inputs'].numpy().transpose(1, 2, 0)[..., ::-1]
    expected = np.where((labels > 0)[..., None],
                        np.rint((crop + part_colours(labels)) / 2), crop)
    np.testing.assert_array_equal(picture[:64, 51:99], expected)
    # A left hand's colour is not that of the patch 3, a right hand.
    legend = picture[:, 99:]
    for label, is_there in ((1, True), (3, True), (2, False)):
        colour = part_colours(np.array(label))
        assert (legend == colour).all(-1).any() == is_there


def test_truth_and_prediction_have_their_own_colours(image, instances,
                                                     tmp_path):
    labels = (np.arange(90) // 6 + np.zeros((60, 1), int)).astype(np.uint8)
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=torch.from_numpy(labels)[None]))
    visualizer = make_visualizer(alpha=1, surface='contours')
    path = str(tmp_path / 'picture.png')
    visualizer.add_datasample('x', image, sample, out_file=path)
    truth = np.where((labels > 0)[..., None], part_colours(labels), image)
    np.testing.assert_array_equal(cv2.imread(path)[..., ::-1], truth)
    sample.pred_instances = instances
    visualizer.add_datasample('x', image, sample, out_file=path)
    both = np.hstack([truth, visualizer.draw(image, instances)])
    np.testing.assert_array_equal(cv2.imread(path)[..., ::-1], both)
    assert visualizer.dataset_meta is META
    assert META['truth']['classes'] == PART_NAMES


@MODELS.register_module(force=True)
class ToySurface(DensePoseParser):
    """Says patch 8 in all boxes, with U to the right and V downwards."""
    num_classes = 25

    def __init__(self):
        nn.Module.__init__(self)
        self.weight = nn.Parameter(torch.zeros(3))

    def test_step(self, batch):
        for picture, sample in zip(batch['inputs'], batch['data_samples']):
            size = picture.shape[2], picture.shape[1]
            boxes = sample.proposals.bboxes.numpy()
            corners = boxes.astype(int)
            shapes = [(y2 - y1, x2 - x1) for x1, y1, x2, y2 in corners]
            scores = sample.proposals.scores.numpy()
            parts = np.repeat(scores[:, None], 24, 1)
            uv_maps = [np.mgrid[:h, :w][::-1] * 4 for h, w in shapes]
            sample.pred_instances = ParsingInstances(
                boxes,
                scores,
                scores,
                scores,
                scores,
                parts,
                parts,
                np.zeros(len(boxes)),
                [np.full(shape, 8, np.uint8) for shape in shapes],
                corners[:, :2],
                size,
                sample.img_id,
                uv_maps=[uv.astype(np.uint8) for uv in uv_maps])
        return batch['data_samples']


BOX = ['--bbox', 5, 6, 65, 56]


@pytest.fixture
def infer(run_tool, image, tmp_path):
    """The tool with ToySurface on photo.png, into the folder out."""
    cv2.imwrite(str(tmp_path / 'photo.png'), image[..., ::-1])
    dataset = dict(type='DensePoseCocoDataset')
    steps = [dict(type='LoadImageFromFile'), dict(type='PackDensePoseInputs')]
    config = Config(
        dict(
            model=dict(type='ToySurface'),
            test_dataloader=dict(dataset=dict(dataset, pipeline=steps))))
    config.dump(tmp_path / 'toy.py')
    weights = dict(state_dict=dict(weight=torch.ones(3)))
    torch.save(weights, tmp_path / 'toy.pth')
    options = ('--model toy.py --weights toy.pth --out-dir out --device cpu '
               '--nms-thr 2').split()

    def run(*args, **kwargs):
        return run_tool(
            'tools/infer.py', *options, *args, cwd=tmp_path, **kwargs)

    return run


def test_infer_contours_and_results(infer, image, tmp_path):
    done = infer('photo.png', *BOX, '--surface', 'contours',
                 '--save-densepose')
    assert done.stdout.endswith('results are in out/results.json\n'
                                'dense poses are in out/densepose.json\n')
    drawn = cv2.imread(str(tmp_path / 'out/vis/photo.png'))[..., ::-1]
    # Inside the frame: U is an eighth 8 pixels right of the left side.
    assert (drawn[20:50, 5 + 7][::8] == U_COLOUR).all()
    assert (drawn[6 + 15, 40:60] == V_COLOUR).all()
    np.testing.assert_array_equal(drawn[26:29, 15:19], image[26:29, 15:19])
    record, = read_submission(str(tmp_path / 'out/densepose.json'))
    result, = read_results(str(tmp_path / 'out/results.json'))[1]
    assert record['image_id'] == result['image_id'] == 0
    assert record['bbox'] == [5, 6, 60, 50] and record['category_id'] == 1
    assert record['score'] == result['score']
    patch, u, v = decode_uv(record)
    assert (patch == 8).all() and u[3, 59] == 236 and v[49, 3] == 196


def test_infer_texture(infer, tmp_path, atlas):
    path, pixels = atlas
    infer('photo.png', *BOX, '--surface', 'texture', '--atlas', path)
    drawn = cv2.imread(str(tmp_path / 'out/vis/photo.png'))[..., ::-1]
    photo = cv2.imread(str(tmp_path / 'photo.png'))[..., ::-1]
    # Patch 8 is the second of the second column; U is 120 and V 80 here.
    across, down = SIDE + round(120 * 4 / 255), 2 * SIDE - 1 - round(
        80 * 4 / 255)
    mixed = .1 * photo[26, 35] + .9 * pixels[down, across]
    np.testing.assert_allclose(drawn[26, 35], mixed, atol=1)
    assert not (tmp_path / 'out/densepose.json').exists()


def test_ids_are_positions_in_the_stream(infer, tmp_path, monkeypatch):
    monkeypatch.setattr(
        'projects.qanet.apis.human_parsing_inferencer.split_boxes',
        lambda boxes, sources: [np.insert(boxes, 4, 1, 1)] * len(sources))
    infer('photo.png', 'photo.png', *BOX, '--save-densepose', '--no-save-vis')
    records = read_submission(str(tmp_path / 'out/densepose.json'))
    assert [record['image_id'] for record in records] == [0, 1]
    assert sorted(os.listdir(tmp_path /
                             'out')) == ['densepose.json', 'results.json']


@pytest.mark.parametrize('text, args', [
    ("surface 'texture' needs an atlas", ['--surface', 'texture']),
    ("surface 'patches' has no atlas", ['--atlas', 'photo.png']),
    ('atlas photo.png is 90 x 60 pixels',
     ['--surface', 'texture', '--atlas', 'photo.png']),
    ('gone.png', ['--surface', 'texture', '--atlas', 'gone.png']),
])
def test_infer_refuses_in_one_sentence(text, args, infer):
    lines = infer('photo.png', *BOX, *args, code=2).stderr.splitlines()
    error, = (line for line in lines if line.startswith('error:'))
    assert text in error and not any('Traceback' in line for line in lines)
