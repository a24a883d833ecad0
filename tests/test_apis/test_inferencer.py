# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
from functools import partial
from unittest import mock

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from mmengine.logging import MMLogger
from mmseg.registry import INFERENCERS, MODELS

from projects.qanet.apis import HumanParsingInferencer, InputError
from projects.qanet.apis import human_parsing_inferencer as module
from projects.qanet.apis.sources import Source
from projects.qanet.models import QualityAwareModule
from projects.qanet.structures import read_results

BOX = [[10, 20, 40, 50]]

make = partial(HumanParsingInferencer, device='cpu')


@pytest.fixture
def infer(toy_config, toy_weights):
    return make(toy_config, toy_weights)


class ToyFinder:
    """A detector that finds one person where the first pixel is bright."""

    def __call__(self, images, bbox_thr):
        self.bbox_thr = bbox_thr
        rows = np.float32([[*BOX[0], .75]])
        return [rows[:int(image[0, 0, 0] > 100)] for image in images]


def read(folder):
    return json.loads((folder / 'results.json').read_text())


@pytest.fixture
def clip(tmp_path, write_clip):
    return write_clip(tmp_path / 'clip.avi', 7, (91, 61), 'MJPG')


def test_boxes_of_the_user_are_used_as_they_are(infer, photo, tmp_path):
    out = infer(
        photo,
        bboxes=[BOX[0] + [.5], [50, 2, 88, 59, .25]],
        out_dir=str(tmp_path),
        return_vis=True)
    persons, = out['predictions']
    assert persons.bboxes.tolist() == [BOX[0], [50, 2, 88, 59]]
    assert persons.scores.tolist() == [.5, .25]
    assert persons.image_id == 0 and persons.image_size == (90, 60)
    assert (persons.part_map(0)[20:35, 10:40] == 1).all()
    assert (persons.part_map(0)[35:50, 10:40] == 2).all()
    info, records = read_results(str(tmp_path / 'results.json'))
    assert info['classes'] == ['Background', 'Upper', 'Lower', 'Shoe']
    assert records == persons.to_records() and out['skipped'] == []
    assert read(tmp_path)['images'] == [
        dict(id=0, file_name='photo.png', width=90, height=60)
    ]
    drawn, image = map(cv2.imread, (str(tmp_path / 'vis/photo.png'), photo))
    assert np.array_equal(drawn[51:, :25], image[51:, :25])
    assert (drawn[25:30, 20:30] != image[25:30, 20:30]).any()
    assert np.array_equal(out['visualization'][0], drawn[..., ::-1])


def test_a_wrong_box_costs_no_other_image(infer, photo, tmp_path):
    """What needs no image to be seen is said before all work."""
    boxes = [BOX, [[10, 70, 20, 80]], BOX]
    with pytest.raises(InputError, match=r'bboxes\[1\] .*outside the image'):
        infer([photo] * 3, bboxes=boxes, batch_size=3, out_dir=str(tmp_path))
    assert len(read(tmp_path)['results']) == 1
    boxes[1] = [[220, 5, 200, 50]]
    with pytest.raises(InputError, match=r'bboxes\[1\] .*reversed'):
        infer([photo] * 3, bboxes=boxes)
    assert infer.model.batch_sizes == [1]


def test_a_segmentor_of_mmseg_is_no_parser():
    config = dict(
        type='EncoderDecoder',
        backbone=dict(type='ResNet', depth=18, base_channels=8),
        decode_head=dict(
            type='FCNHead', in_channels=64, channels=4, num_classes=3))
    for model in (Config(dict(model=config)), MODELS.build(config)):
        with pytest.raises(InputError, match='is a EncoderDecoder, which lab'):
            make(model)


def test_batches_keep_the_order_and_a_stream_reads_what_is_asked_for(infer):
    images = [np.full((30 + k, 50, 3), k, np.uint8) for k in range(5)]
    boxes = [[[k, 2, 20, 20]] for k in range(5)]
    stream = infer.stream(images, bboxes=boxes, batch_size=2)
    assert infer.model.batch_sizes == []
    found = [next(stream)]
    assert infer.model.batch_sizes == [2]
    found += stream
    assert infer.model.batch_sizes == [2, 2, 1]
    for k, (frame, persons) in enumerate(found):
        assert frame.index == persons.image_id == persons.bboxes[0, 0] == k
        assert persons.image_size == (50, 30 + k)
        assert frame.name == f'{k:08d}'


def test_pictures_and_label_maps_show_the_same_persons(infer, photo, tmp_path):
    boxes = [[10, 20, 40, 50, .5], [30, 20, 60, 40, .9], [30, 20, 60, 41, .2],
             [70, 45, 80, 58, .3]]
    picture, = infer(
        photo,
        bboxes=boxes,
        out_dir=str(tmp_path),
        score_thr=.35,
        save_label_maps=True,
        return_vis=True)['visualization']
    category, human = (
        cv2.imread(str(tmp_path / name / 'photo.png'), cv2.IMREAD_UNCHANGED)
        for name in ('Category_ids', 'Human_ids'))
    expected = np.zeros((60, 90), np.uint8)
    expected[20:50, 10:40], expected[20:40, 30:60] = 1, 2
    assert human.dtype == np.uint8 and np.array_equal(human, expected)
    assert category[36, 20] == 2 and category[25, 35] == 1
    assert ((category > 0) == (expected > 0)).all()
    drawn = picture[:60, :90] != cv2.imread(photo)[..., ::-1]
    assert drawn[25:35, 15:55].any() and not drawn[45:, 65:].any()
    assert len(read(tmp_path)['results']) == 4


def test_video(infer, clip, tmp_path):
    infer.detector = ToyFinder()
    out = infer(clip, out_dir=str(tmp_path), batch_size=3)
    assert [len(p) for p in out['predictions']] == [0, 0, 0, 0, 1, 1, 1]
    names = [entry['file_name'] for entry in read(tmp_path)['images']]
    assert names == [f'clip.avi#{k}' for k in range(7)]
    written, = (tmp_path / 'vis').iterdir()
    capture = cv2.VideoCapture(str(written))
    assert written.stem == 'clip' and capture.get(cv2.CAP_PROP_FPS) == 10
    frames = [capture.read()[1] for _ in range(7)]
    assert not capture.read()[0] and frames[0].shape[1] > 91
    # The background of the last frame stays, the legend is white.
    assert abs(frames[6][55, 60] - 180.).max() < 12
    assert frames[6][-3, -3].min() > 240


def test_videos_with_boxes_per_frame(infer, clip, monkeypatch):
    """If its end is damaged, as many boxes as the header says are right."""
    boxes = [BOX, []] + [BOX] * 5
    out = infer(clip, bboxes=boxes)
    assert [len(p) for p in out['predictions']] == [1, 0, 1, 1, 1, 1, 1]
    with pytest.raises(InputError, match='6 entries.*image 7: clip.avi#6'):
        infer(clip, bboxes=boxes[:6])
    with pytest.raises(InputError, match='8 entries.*only 7 images'):
        infer(clip, bboxes=boxes + [BOX])
    monkeypatch.setattr(Source, 'num_images', property(lambda self: 9))
    assert len(infer(clip, bboxes=[BOX] * 9)['predictions']) == 7
    with pytest.raises(InputError, match='10 entries.*only 9 images'):
        infer(clip, bboxes=[BOX] * 10)


def test_results_so_far_survive(infer, photo, tmp_path, monkeypatch):
    pictures = iter([np.zeros((60, 90, 3), np.uint8), KeyboardInterrupt])
    draw = mock.Mock(side_effect=pictures)
    monkeypatch.setattr(infer.visualizer, 'draw', draw)
    with pytest.raises(KeyboardInterrupt) as caught:
        infer([photo] * 3, bboxes=[BOX] * 3, out_dir=str(tmp_path))
    assert len(read(tmp_path)['results']) == 1
    assert str(caught.value) == ('interrupted, 1 of 3 images done, '
                                 f'results in {tmp_path}/results.json')


def test_meta_of_the_checkpoint_goes_before_the_config(infer, toy_config):
    assert infer.dataset_meta['palette'][1] == [9, 200, 9]
    assert infer.model.weight.tolist() == [1, 1, 1]
    infer = make(toy_config, palette=[[0, 0, 0]] + [[1, 2, 3]] * 3)
    assert infer.dataset_meta['classes'][3] == 'Shoe'
    assert infer.visualizer.dataset_meta['palette'][3] == [1, 2, 3]


def test_a_built_model_is_shared(infer, toy_weights, photo):
    """What one of two fuses with does not reach the other, nor the model."""
    model = infer.model
    torch.nn.init.zeros_(model.weight)
    model.post_processor = QualityAwareModule(weights=(1, .5, 3))
    first, second = make(model), make(model, quality_weights=(0, 0, 2))
    assert model.post_processor.weights == (1, .5, 3)
    for each in (second, first):
        persons, = each(photo, bboxes=[BOX[0] + [.5]])['predictions']
        assert persons.scores.tolist() == [.5]
    assert model.weight.tolist() == [0, 0, 0]
    make(model, toy_weights)
    assert model.weight.tolist() == [1, 1, 1]
    assert INFERENCERS.get('HumanParsingInferencer') is HumanParsingInferencer
    assert isinstance(first, BaseInferencer)


def test_wrong_arguments_of_the_constructor(toy_config):
    for options, text in (
        (dict(weights='gone.pth'), '.*gone.pth not found'),
        (dict(det_weights='x.pth'), 'det_weights is given without'),
        (dict(quality_weights=(0, 0, 0)), '.*not all 0'),
        (dict(bbox_thr='x'), "bbox_thr must be a finite number, not 'x'$"),
        (dict(visualizer=dict(nms_thr=1)), 'visualizer has nms_thr: give nms'),
        (dict(visualizer=dict(foo=1)),
         "visualizer has 'foo', allowed are name, .* font$"),
        (dict(visualizer='x'), "visualizer must be a dict of .*, not 'x'$"),
    ):
        with pytest.raises(InputError, match=f'^{text}'):
            make(toy_config, **options)
    with pytest.raises(FileNotFoundError, match='config gone.py not found'):
        make('gone.py')
    with pytest.raises(InputError, match="device 'warp:9' is not available"):
        HumanParsingInferencer(toy_config, device='warp:9')
    toy_config.test_dataloader.dataset.metainfo = dict(classes=('bg', 'all'))
    with pytest.raises(InputError, match='4 classes .* names 2'):
        make(toy_config)
    toy_config.pop('test_dataloader')
    with pytest.raises(InputError, match='names of the classes are unknown'):
        make(toy_config)


@pytest.mark.parametrize('name, value, text', [
    ('bboxes', None, '.*det_model=.*bboxes='),
    ('nms', .5, "there is no argument 'nms', a call may change bbox_thr"),
    ('save_label_maps', True, '.*needs an out_dir'),
    *(('batch_size', value, f'.* a whole number >= 1, but got {value!r}$')
      for value in (0, 1.5, '2', True, None)),
    *((name, value, f'{name} must be a finite number, not {value!r}$')
      for name, value in (('bbox_thr', float('nan')), ('score_thr', None),
                          ('nms_thr', '.5'), ('bbox_thr', True))),
])
def test_wrong_arguments_of_a_call(infer, photo, name, value, text):
    with pytest.raises(InputError, match=f'^{text}'):
        infer(photo, **{'bboxes': BOX, name: value})
    assert infer.model.batch_sizes == []


@pytest.mark.parametrize('kind', [np.float32, np.array, torch.tensor])
def test_settings_of_numpy_and_torch(infer, photo, tmp_path, kind):
    names = ('bbox_thr', 'score_thr', 'nms_thr')
    infer(
        photo,
        bboxes=BOX,
        quality_weights=kind([2., 0, 0]),
        batch_size=np.array(2),
        out_dir=str(tmp_path),
        **dict.fromkeys(names, kind(.5)))
    info, _ = read_results(str(tmp_path / 'results.json'))
    assert info['quality_weights'] == [2, 0, 0]


def test_a_call_may_have_settings_of_its_own(infer, photo, monkeypatch):
    infer.detector = finder = ToyFinder()
    for options in (dict(bbox_thr=.6), dict()):
        infer(photo, **options)
        assert finder.bbox_thr == options.get('bbox_thr', .3)
    boxes = [[10, 20, 40, 50, .5]] * 2 + [[50, 20, 80, 50, .9]]
    shown = []
    monkeypatch.setattr(infer.visualizer, 'draw',
                        lambda image, persons, order: shown.append(order))
    for options in (dict(nms_thr=None), dict(score_thr=.7), dict()):
        out = infer(photo, bboxes=boxes, return_vis=True, **options)
        assert len(out['predictions'][0]) == 3
    assert shown == [[0, 1, 2], [2], [0, 2]]
    persons, = out['predictions']
    persons.iou_scores = np.full(3, .25, np.float32)
    monkeypatch.setattr(infer.model, '_parse', lambda *_: persons)
    out = infer(photo, bboxes=boxes, quality_weights=(1, 1, 0))
    np.testing.assert_allclose(
        out['predictions'][0].scores**2, [.125, .125, .225], rtol=1e-6)


def test_pictures_are_shown(infer, photo, monkeypatch):
    """But where no window can be opened that is said before all work."""
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'agg')
    with pytest.raises(InputError, match='no window can be opened here, so'):
        infer(photo, bboxes=BOX, show=True)
    assert infer.model.batch_sizes == []
    monkeypatch.setattr(module, 'check_window', float)
    shown = []
    monkeypatch.setattr(infer.visualizer, 'show',
                        lambda *args: shown.append(args[1:]))
    infer(photo, bboxes=BOX, show=True, wait_time=2)
    assert shown == [('photo.png', 2)]


def test_it_says_how_many_persons_were_found(infer, photo, warnings,
                                             monkeypatch):
    said = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'info', said.append)
    twice = [BOX[0] + [.9]] * 2 + [[50, 2, 88, 59, .1]]
    boxes = [twice, *[[]] * 6]
    infer([photo] * 7, bboxes=boxes, score_thr=.2, return_vis=True)
    infer([photo] * 3, bboxes=boxes[:3])
    assert said == [
        'Found 3 persons in 1 of 7 images, nobody in ' + 'photo.png, ' * 5 +
        '...; 2 of the persons are not drawn (score_thr, nms_thr)',
        'Found 3 persons in 1 of 3 images, nobody in photo.png, photo.png'
    ]
    infer([photo, photo], bboxes=[[], []])
    assert warnings[-1] == 'Found nobody in 2 images' and len(said) == 2


def test_doubtful_boxes_warn_once_and_before_the_work(infer, photo, warnings):
    infer([photo, photo], bboxes=[[[60, 30, 120, 110]]] * 2)
    assert len([text for text in warnings if 'mostly outside' in text]) == 1
    bright = np.full((60, 90, 3), 255, np.uint8)
    with pytest.raises(AssertionError, match='toy failure'):
        infer(bright, bboxes=[[.25, .5, .75, 1]])
    assert warnings[-1].startswith('no number in the boxes of 00000000 is ab')
