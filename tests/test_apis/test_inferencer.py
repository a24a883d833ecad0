# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmseg.registry import INFERENCERS, MODELS

from projects.qanet.apis import (HumanParsingInferencer,
                                 human_parsing_inferencer)
from projects.qanet.apis.sources import Source
from projects.qanet.models import QualityAwareModule
from projects.qanet.structures import read_results
from projects.qanet.utils.errors import InputError

BOX = [[10, 20, 40, 50]]


@pytest.fixture
def infer(toy_config, toy_weights):
    return HumanParsingInferencer(toy_config, toy_weights, device='cpu')


class ToyFinder:
    """A detector that finds one person where the first pixel is bright."""

    def __call__(self, images, bbox_thr):
        self.bbox_thr = bbox_thr
        return [
            np.array([BOX[0] +
                      [.75]], np.float32) if image[0, 0,
                                                   0] > 100 else np.zeros(
                                                       (0, 5), np.float32)
            for image in images
        ]


def read(path):
    with open(path) as file:
        return json.load(file)


def write_frames(path, num):
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (91, 61))
    for k in range(num):
        writer.write(np.full((61, 91, 3), (30 * k, 30 * k, 0), np.uint8))
    writer.release()
    return str(path)


def test_boxes_of_the_user_are_used_as_they_are(infer, photo, tmp_path):
    out = infer(
        photo,
        bboxes=[BOX[0] + [.5], [50, 2, 88, 59, .25]],
        out_dir=str(tmp_path / 'out'),
        show_progress=False)
    (persons, ) = out['predictions']
    assert persons.bboxes.tolist() == [BOX[0], [50, 2, 88, 59]]
    assert persons.scores.tolist() == [.5, .25]
    assert persons.image_id == 0 and persons.image_size == (90, 60)
    assert np.unique(persons.part_map(0)[20:35, 10:40]).tolist() == [1]
    assert np.unique(persons.part_map(0)[35:50, 10:40]).tolist() == [2]
    info, records = read_results(str(tmp_path / 'out' / 'results.json'))
    assert info['classes'] == ['Background', 'Upper', 'Lower', 'Shoe']
    assert records == persons.to_records()
    document = read(tmp_path / 'out' / 'results.json')
    assert document['images'] == [
        dict(id=0, file_name='photo.png', width=90, height=60)
    ]
    drawn = cv2.imread(str(tmp_path / 'out' / 'vis' / 'photo.png'))
    assert np.array_equal(drawn[51:, :25], cv2.imread(photo)[51:, :25])
    assert (drawn[25:30, 20:30] != cv2.imread(photo)[25:30, 20:30]).any()
    assert out['visualization'] == [] and out['skipped'] == []


def test_picture_is_in_the_channel_order_of_the_file(infer, photo):
    image = cv2.imread(photo)
    (picture, ) = infer(
        photo, bboxes=[[]], return_vis=True,
        show_progress=False)['visualization']
    assert np.array_equal(picture, image[..., ::-1])


def test_nobody_is_an_empty_result(infer, photo, tmp_path):
    infer.detector = ToyFinder()
    image = np.zeros((30, 50, 3), np.uint8)
    out = infer([image, photo], out_dir=str(tmp_path), show_progress=False)
    assert len(out['predictions'][0]) == 0
    assert out['predictions'][0].image_size == (50, 30)
    document = read(tmp_path / 'results.json')
    assert [entry['id'] for entry in document['images']] == [0, 1]
    blank = cv2.imread(str(tmp_path / 'vis' / '00000000.png'))
    assert np.array_equal(blank, image)


def test_nobody_says_where_the_persons_are(infer, photo):
    with pytest.raises(InputError, match='det_model=.*bboxes='):
        infer(photo)


def test_wrong_boxes_are_never_dropped(infer, photo):
    with pytest.raises(InputError, match='1 entries for 2 images'):
        infer([photo, photo], bboxes=[BOX])
    with pytest.raises(InputError, match=r'bboxes\[0\] \(photo.png\).*finite'):
        infer(photo, bboxes=[[1, 2, np.nan, 4]], show_progress=False)
    # The image is 90 wide and 60 high.
    infer(photo, bboxes=[[70, 10, 80, 20]], show_progress=False)
    with pytest.raises(InputError, match='outside the image of 90x60'):
        infer(photo, bboxes=[[10, 70, 20, 80]], show_progress=False)


def test_a_wrong_box_costs_no_other_image(infer, photo, tmp_path):
    boxes = [BOX, [[200, 5, 220, 50]], BOX]
    with pytest.raises(InputError, match=r'bboxes\[1\] .*outside the image'):
        infer(
            [photo] * 3,
            bboxes=boxes,
            batch_size=3,
            out_dir=str(tmp_path),
            show_progress=False)
    assert len(read(tmp_path / 'results.json')['results']) == 1
    boxes[1] = [[220, 5, 200, 50]]
    with pytest.raises(InputError, match=r'bboxes\[1\] .*reversed'):
        infer([photo] * 3, bboxes=boxes, show_progress=False)
    assert infer.model.batch_sizes == [1]


def test_a_segmentor_of_mmseg_is_no_parser():
    text = ('^the model is a EncoderDecoder, which labels pixels and knows no '
            'persons; a parser is a TopDownParser, see docs/mixing.md$')
    model = dict(
        type='EncoderDecoder',
        backbone=dict(type='ResNet', depth=18),
        decode_head=dict(
            type='FCNHead', in_channels=512, channels=4, num_classes=3))
    with pytest.raises(InputError, match=text):
        HumanParsingInferencer(Config(dict(model=model)), device='cpu')
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(model)
    with pytest.raises(InputError, match=text):
        HumanParsingInferencer(model)


def test_batches_keep_the_order(infer, tmp_path):
    images = [np.full((30 + k, 50, 3), k, np.uint8) for k in range(5)]
    boxes = [[[k, 2, 20, 20]] for k in range(5)]
    out = infer(images, bboxes=boxes, batch_size=2, show_progress=False)
    assert infer.model.batch_sizes == [2, 2, 1]
    assert [p.image_id for p in out['predictions']] == [0, 1, 2, 3, 4]
    assert [p.bboxes[0, 0] for p in out['predictions']] == [0, 1, 2, 3, 4]
    assert [p.image_size[1] for p in out['predictions']] == list(range(30, 35))


def test_label_maps(infer, photo, tmp_path):
    infer(
        photo,
        bboxes=[[10, 20, 40, 50, .5], [30, 20, 60, 40, .9],
                [30, 20, 60, 41, .2]],
        out_dir=str(tmp_path),
        save_label_maps=True,
        show_progress=False)
    category, human = (
        cv2.imread(str(tmp_path / name / 'photo.png'), cv2.IMREAD_UNCHANGED)
        for name in ('Category_ids', 'Human_ids'))
    expected = np.zeros((60, 90), np.uint8)
    expected[20:50, 10:40] = 1
    expected[20:40, 30:60] = 2
    # The third is a duplicate of the second, which is better.
    assert human.dtype == np.uint8 and np.array_equal(human, expected)
    assert category[36, 20] == 2 and category[25, 35] == 1
    assert (category[expected == 0] == 0).all() and category.shape == (60, 90)
    _, records = read_results(str(tmp_path / 'results.json'))
    assert len(records) == 3


def test_video(infer, tmp_path):
    video = write_frames(tmp_path / 'clip.avi', 7)
    infer.detector = ToyFinder()
    out = infer(
        video,
        out_dir=str(tmp_path / 'out'),
        batch_size=3,
        show_progress=False)
    assert [len(p) for p in out['predictions']] == [0, 0, 0, 0, 1, 1, 1]
    names = [
        entry['file_name']
        for entry in read(tmp_path / 'out' / 'results.json')['images']
    ]
    assert names == [f'clip.avi#{k}' for k in range(7)]
    (written, ) = (tmp_path / 'out' / 'vis').iterdir()
    capture = cv2.VideoCapture(str(written))
    assert written.stem == 'clip' and capture.get(cv2.CAP_PROP_FPS) == 10
    frames = []
    while True:
        found, frame = capture.read()
        if not found:
            break
        frames.append(frame)
    assert len(frames) == 7 and frames[0].shape[1] > 91
    # The background of the last frame stays, the legend is white.
    assert abs(frames[6][55, 60] - np.array([180, 180, 0])).max() < 12
    assert frames[6][-3, -3].min() > 240


def test_video_with_boxes_per_frame(infer, tmp_path):
    video = write_frames(tmp_path / 'clip.avi', 3)
    out = infer(video, bboxes=[BOX, [], BOX], show_progress=False)
    assert [len(p) for p in out['predictions']] == [1, 0, 1]
    with pytest.raises(InputError, match='2 entries.*clip.avi#2'):
        infer(video, bboxes=[BOX, []], show_progress=False)
    with pytest.raises(InputError, match='4 entries.*only 3 images'):
        infer(video, bboxes=[BOX] * 4, show_progress=False)


def test_a_broken_file_of_several_is_skipped(infer, photo, tmp_path):
    broken = tmp_path / 'a_broken.jpg'
    broken.write_bytes(b'no image')
    out = infer([str(broken), photo],
                bboxes=[BOX, BOX],
                out_dir=str(tmp_path / 'out'),
                show_progress=False)
    assert [p.image_id for p in out['predictions']] == [1]
    last = infer([photo, photo, str(broken)],
                 bboxes=[BOX] * 3,
                 show_progress=False)
    assert len(last['predictions']) == 2 and len(last['skipped']) == 1
    ((path, reason), ) = out['skipped']
    assert path == str(broken) and 'a_broken.jpg' in reason
    with pytest.raises(InputError, match='a_broken.jpg is no image'):
        infer(str(broken), bboxes=BOX, show_progress=False)
    with pytest.raises(InputError, match='none of the 2 inputs'):
        infer([str(broken)] * 2, bboxes=[BOX, BOX], show_progress=False)


def test_results_so_far_survive_a_failure(infer, photo, tmp_path):
    bad = np.full((60, 90, 3), 255, np.uint8)
    with pytest.raises(AssertionError, match='toy failure'):
        infer([photo, photo, bad],
              bboxes=[BOX] * 3,
              out_dir=str(tmp_path / 'out'),
              show_progress=False)
    document = read(tmp_path / 'out' / 'results.json')
    assert [entry['id'] for entry in document['images']] == [0, 1]
    assert len(document['results']) == 2


def test_meta_of_the_checkpoint_goes_before_the_config(toy_config, toy_weights,
                                                       tmp_path):
    infer = HumanParsingInferencer(toy_config, toy_weights, device='cpu')
    assert infer.dataset_meta['palette'][1] == [9, 200, 9]
    assert infer.model.weight.tolist() == [1, 1, 1]
    bare = str(tmp_path / 'bare.pth')
    torch.save(dict(weight=torch.zeros(3)), bare)
    infer = HumanParsingInferencer(toy_config, bare, device='cpu')
    assert infer.dataset_meta['palette'][1] != [9, 200, 9]
    assert infer.dataset_meta['classes'][3] == 'Shoe'
    infer = HumanParsingInferencer(
        toy_config, bare, device='cpu', palette=[[0, 0, 0]] + [[1, 2, 3]] * 3)
    assert infer.visualizer.dataset_meta['palette'][3] == [1, 2, 3]


def test_classes_that_do_not_fit_are_an_error(toy_config, tmp_path):
    toy_config.test_dataloader.dataset.metainfo = dict(classes=('bg', 'all'))
    with pytest.raises(InputError, match='4 classes .* names 2'):
        HumanParsingInferencer(toy_config, device='cpu')
    toy_config.pop('test_dataloader')
    with pytest.raises(InputError, match='names of the classes are unknown'):
        HumanParsingInferencer(toy_config, device='cpu')


def test_weights_and_configs_that_do_not_exist(toy_config):
    with pytest.raises(InputError, match='gone.pth not found'):
        HumanParsingInferencer(toy_config, 'gone.pth', device='cpu')
    with pytest.raises(FileNotFoundError, match='config gone.py not found'):
        HumanParsingInferencer('gone.py', device='cpu')
    with pytest.raises(InputError, match='det_weights is given without'):
        HumanParsingInferencer(toy_config, det_weights='x.pth', device='cpu')


def test_a_built_model_works_and_scopes_stay(toy_config, toy_weights, photo):
    before = DefaultScope.get_current_instance()
    model = HumanParsingInferencer(toy_config, toy_weights, device='cpu').model
    torch.nn.init.zeros_(model.weight)
    infer = HumanParsingInferencer(model, device='cpu')
    out = infer(photo, bboxes=BOX, show_progress=False)
    assert model.weight.tolist() == [0, 0, 0]
    HumanParsingInferencer(model, toy_weights, device='cpu')
    assert model.weight.tolist() == [1, 1, 1]
    assert len(out['predictions'][0]) == 1
    after = DefaultScope.get_current_instance()
    assert (before and before.scope_name) == (after and after.scope_name)


def test_bad_settings(infer, photo, toy_config, tmp_path):
    with pytest.raises(InputError, match="device 'warp:9' is not available"):
        HumanParsingInferencer(toy_config, device='warp:9')
    with pytest.raises(InputError, match='not all 0'):
        HumanParsingInferencer(
            toy_config, device='cpu', quality_weights=(0, 0, 0))
    with pytest.raises(InputError, match='visualizer has nms_thr: give nms_'):
        HumanParsingInferencer(
            toy_config, device='cpu', visualizer=dict(nms_thr=None))
    with pytest.raises(InputError, match="no argument 'nms', a call may"):
        infer(photo, bboxes=BOX, nms=.5)
    with pytest.raises(InputError, match='output folder .*photo.png cannot'):
        infer(photo, bboxes=BOX, out_dir=photo)
    with pytest.raises(InputError, match='needs an out_dir'):
        infer(photo, bboxes=BOX, save_label_maps=True)


@pytest.mark.parametrize('name, value',
                         [('bbox_thr', 'x'), ('score_thr', None),
                          ('nms_thr', '.5'), ('bbox_thr', np.nan),
                          ('score_thr', -np.inf), ('nms_thr', np.nan),
                          ('bbox_thr', True)])
def test_thresholds_are_finite_numbers(infer, toy_config, photo, name, value):
    text = f'^{name} must be a finite number, not {value!r}$'
    with pytest.raises(InputError, match=text):
        infer(photo, bboxes=BOX, **{name: value})
    with pytest.raises(InputError, match=text):
        HumanParsingInferencer(toy_config, device='cpu', **{name: value})


@pytest.mark.parametrize('kind', [np.float32, np.array, torch.tensor])
def test_settings_of_numpy_and_torch(infer, photo, tmp_path, kind):
    weights = kind([2., 0, 0])
    box = [BOX[0] + [.25], [50, 2, 88, 59, .5]]
    out = infer(
        photo,
        bboxes=box,
        bbox_thr=kind(.5),
        score_thr=kind(.25),
        nms_thr=kind(.5),
        quality_weights=weights,
        batch_size=np.array(2),
        out_dir=str(tmp_path),
        show_progress=False)
    np.testing.assert_allclose(
        out['predictions'][0].scores, [.25, .5], rtol=1e-6)
    info, _ = read_results(str(tmp_path / 'results.json'))
    assert info['quality_weights'] == [2, 0, 0]


@pytest.mark.parametrize('value', [0, -1, 1.5, '2', True, None, np.nan])
def test_batch_sizes_are_whole(infer, photo, value):
    with pytest.raises(
            InputError,
            match=f'^batch_size must be a whole number >= 1, but got '
            f'{value!r}$'):
        infer(photo, bboxes=BOX, batch_size=value)
    infer(photo, bboxes=BOX, batch_size=np.int64(2), show_progress=False)


@pytest.mark.parametrize('value, text', [
    (dict(foo=1), "visualizer has 'foo', allowed are name, .* font$"),
    ('x', "visualizer must be a dict of arguments of .*, not 'x'$"),
    (dict(alpha='x'), "alpha must be in 0..1, but got 'x'$"),
    (dict(alpha=np.nan), 'alpha must be in 0..1, but got nan$'),
])
def test_arguments_of_the_visualizer(toy_config, value, text):
    with pytest.raises(InputError, match=f'^{text}'):
        HumanParsingInferencer(toy_config, device='cpu', visualizer=value)


def test_registered_on_mmengines_base(toy_config, toy_weights):
    infer = INFERENCERS.build(
        dict(
            type='HumanParsingInferencer',
            model=toy_config,
            weights=toy_weights,
            device='cpu'))
    assert isinstance(infer, BaseInferencer)
    assert isinstance(infer, HumanParsingInferencer)


def test_a_stream_reads_what_is_asked_for(infer, tmp_path):
    video = write_frames(tmp_path / 'clip.avi', 5)
    stream = infer.stream(video, bboxes=[BOX] * 5, batch_size=2)
    assert infer.model.batch_sizes == []
    frame, persons = next(stream)
    assert frame.name == 'clip.avi#0' and len(persons) == 1
    assert infer.model.batch_sizes == [2]
    assert [parsed.frame.index for parsed in stream] == [1, 2, 3, 4]
    assert infer.model.batch_sizes == [2, 2, 1]


def test_a_call_may_have_thresholds_of_its_own(infer, photo, monkeypatch):
    boxes = [[10, 20, 40, 50, .5], [50, 20, 80, 50, .9]]
    infer.detector = finder = ToyFinder()
    infer(photo, show_progress=False)
    assert finder.bbox_thr == .3
    infer(photo, show_progress=False, bbox_thr=.6)
    assert finder.bbox_thr == .6

    def drawn(**options):
        picture, = infer(
            photo,
            bboxes=boxes,
            return_vis=True,
            show_progress=False,
            **options)['visualization']
        plain = cv2.imread(photo)[..., ::-1]
        changed = (picture[:60, :90] != plain).any(-1)
        return changed[35:45, 15:35].any(), changed[35:45, 55:75].any()

    assert drawn() == (True, True)
    assert drawn(score_thr=.7) == (False, True)
    twins, = infer(
        photo, bboxes=boxes[:1] * 2, show_progress=False)['predictions']
    shown = []
    for options in (dict(), dict(nms_thr=None)):
        monkeypatch.setattr(infer.visualizer, 'draw',
                            lambda image, persons, order: shown.append(order))
        infer(
            photo,
            bboxes=boxes[:1] * 2,
            return_vis=True,
            show_progress=False,
            **options)
    monkeypatch.undo()
    assert shown == [[0], [0, 1]] and len(twins) == 2
    assert drawn() == (True, True)
    fused, = infer(
        photo, bboxes=boxes, show_progress=False,
        quality_weights=(2, 0, 0))['predictions']
    np.testing.assert_allclose(fused.scores, [.5, .9], rtol=1e-6)


def test_pictures_and_label_maps_show_the_same_persons(infer, photo, tmp_path,
                                                       monkeypatch):
    chosen = []
    select = human_parsing_inferencer.select_persons

    def spy(*args):
        chosen.append(select(*args))
        return chosen[-1]

    monkeypatch.setattr(human_parsing_inferencer, 'select_persons', spy)
    boxes = [[10, 20, 40, 50, .5], [10, 20, 40, 51, .4], [50, 20, 80, 50, .9]]
    infer(photo, bboxes=boxes, show_progress=False)
    assert chosen == []
    out = infer(
        photo,
        bboxes=boxes,
        out_dir=str(tmp_path),
        save_label_maps=True,
        return_vis=True,
        show_progress=False)
    assert chosen == [[0, 2]]
    human = cv2.imread(
        str(tmp_path / 'Human_ids/photo.png'), cv2.IMREAD_UNCHANGED)
    assert np.unique(human).tolist() == [0, 1, 3]
    drawn = out['visualization'][0][:60, :90] != cv2.imread(photo)[..., ::-1]
    assert not drawn[51:].any()


def test_results_without_pictures(infer, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(infer.visualizer, 'draw', None)
    infer(
        photo,
        bboxes=BOX,
        out_dir=str(tmp_path),
        no_save_vis=True,
        show_progress=False)
    assert [path.name for path in tmp_path.glob('*.json')] == ['results.json']
    assert not (tmp_path / 'vis').exists()
    assert len(read(tmp_path / 'results.json')['results']) == 1


def test_pictures_are_shown(infer, photo, monkeypatch):
    """But where no window can be opened that is said before all work."""
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'agg')
    with pytest.raises(InputError, match='no window can be opened here, so'):
        infer(photo, bboxes=BOX, show=True)
    assert infer.model.batch_sizes == []
    monkeypatch.setattr(human_parsing_inferencer, 'check_window', float)
    shown = []
    monkeypatch.setattr(infer.visualizer, 'show',
                        lambda *args: shown.append(args[1:]))
    infer(photo, bboxes=BOX, show=True, wait_time=2, show_progress=False)
    assert shown == [('photo.png', 2)]


def test_two_inferencers_on_one_model(toy_config, toy_weights, photo):
    """What one of them fuses with does not reach the other, nor the model."""
    model = HumanParsingInferencer(toy_config, toy_weights, device='cpu').model
    model.post_processor = QualityAwareModule(weights=(1, .5, 3))
    first = HumanParsingInferencer(model)
    second = HumanParsingInferencer(model, quality_weights=(0, 0, 2))
    assert model.post_processor.weights == (1, .5, 3)
    box = [BOX[0] + [.5]]
    for infer in (second, first):
        persons, = infer(photo, bboxes=box, show_progress=False)['predictions']
        assert persons.scores.tolist() == [.5]


def test_it_says_how_many_persons_were_found(infer, photo, warnings,
                                             monkeypatch):
    said = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'info', said.append)
    twice = [BOX[0] + [.9]] * 2 + [[50, 2, 88, 59, .1]]
    infer([photo, photo, photo],
          bboxes=[twice, [], []],
          score_thr=.2,
          return_vis=True,
          show_progress=False)
    assert said == [
        'Found 3 persons in 1 of 3 images, nobody in photo.png, photo.png; '
        '2 of the persons are not drawn (score_thr, nms_thr)'
    ]
    infer([photo, photo], bboxes=[[], []], show_progress=False)
    assert warnings[-1] == 'Found nobody in 2 images' and len(said) == 1


def test_doubtful_boxes_warn_once_and_before_the_work(infer, photo, warnings):
    """The image is 90 wide and 60 high; a little outside is usual."""
    infer(photo, bboxes=[[-9, 5, 40, 50]], show_progress=False)
    assert warnings == []
    bright = np.full((60, 90, 3), 255, np.uint8)
    infer([photo, bright * 0],
          bboxes=[BOX + [[60, 30, 120, 110]], [[80, 5, 180, 50]]],
          show_progress=False)
    assert warnings == [
        'photo.png: box 1 [60.0, 30.0, 120.0, 110.0] lies mostly outside the '
        'image of 90x60 pixels; boxes are x1, y1, x2, y2 in pixels of the '
        'image (further images are not named)'
    ]
    with pytest.raises(AssertionError, match='toy failure'):
        infer([bright, photo],
              bboxes=[[[.25, .5, .75, 1]]] * 2,
              show_progress=False)
    assert warnings[1:] == [
        'no number in the boxes of 00000000 is above 1; they must be in '
        'pixels: are they shares of the image? (further images are not named)'
    ]


def test_equal_boxes_are_two_persons_in_the_file_too(infer, photo, tmp_path):
    infer(photo, bboxes=BOX * 2, out_dir=str(tmp_path), show_progress=False)
    _, records = read_results(str(tmp_path / 'results.json'))
    assert len(records) == 2 and records[0] == records[1]


def test_results_so_far_survive_ctrl_c_and_a_full_disk(infer, photo, tmp_path,
                                                       monkeypatch):
    draw = infer.visualizer.draw
    for error in (KeyboardInterrupt(), OSError(28, 'No space left')):
        out, calls = tmp_path / type(error).__name__, []

        def stop(*args, error=error, calls=calls):
            calls.append(args)
            if len(calls) == 2:
                raise error
            return draw(*args)

        monkeypatch.setattr(infer.visualizer, 'draw', stop)
        with pytest.raises(type(error)) as caught:
            infer(
                [photo] * 3,
                bboxes=[BOX] * 3,
                out_dir=str(out),
                show_progress=False)
        assert len(read(out / 'results.json')['results']) == 1
        if isinstance(error, KeyboardInterrupt):
            assert str(caught.value) == (
                'interrupted, 1 of 3 images done, results in '
                f'{out / "results.json"}')


def test_boxes_for_a_video_whose_end_is_damaged(infer, tmp_path, monkeypatch):
    """As many boxes as the header has frames are right, not one more."""
    video = write_frames(tmp_path / 'clip.avi', 3)
    monkeypatch.setattr(Source, 'num_images', property(lambda self: 5))
    out = infer(video, bboxes=[BOX] * 5, show_progress=False)
    assert len(out['predictions']) == 3
    (path, reason), = out['skipped']
    assert path == video and reason.startswith('3 of 5 frames of ')
    with pytest.raises(InputError, match='6 entries.*only 5 images'):
        infer(video, bboxes=[BOX] * 6, show_progress=False)
