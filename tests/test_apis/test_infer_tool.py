# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""tools/infer.py: its arguments, its exit codes, and what it says."""
import os
import signal
import sys
from functools import partial
from unittest import mock

import cv2
import numpy as np
import pytest

from projects.qanet.structures import read_results
from projects.qanet.visualization import ParsingVisualizer

BOXES = ['--bbox', 5, 6, 40, 50, '--bbox', 30, 2, 80, 59]


@pytest.fixture
def infer(toy_config, toy_weights, run_tool, tmp_path):
    """The tool with the toy parser, on the CPU, into the folder out."""
    toy_config.dump(tmp_path / 'toy.py')
    options = f'--weights {toy_weights} --out-dir out --device cpu'.split()
    return partial(
        run_tool,
        'tools/infer.py',
        *options,
        '--model',
        tmp_path / 'toy.py',
        cwd=tmp_path)


def test_own_boxes_from_another_folder(infer, photo, tmp_path):
    done = infer(photo, *BOXES, '--show-part-scores', '--save-label-maps',
                 '--quality-weights', 1, 0, 0)
    assert 'Found 2 persons in 1 of 1 images' in done.stdout + done.stderr
    assert done.stdout.endswith('pictures are in out/vis\n'
                                'results are in out/results.json\n')
    info, records = read_results(str(tmp_path / 'out/results.json'))
    assert info['quality_weights'] == [1, 0, 0] and info['num_classes'] == 4
    assert [record['bbox'] for record in records] == [[5, 6, 35, 44],
                                                      [30, 2, 50, 57]]
    plain = infer(photo, *BOXES, '--out-dir', 'plain')
    assert 'label' not in plain.stdout
    pictures = [
        cv2.imread(str(tmp_path / name / 'vis/photo.png'))
        for name in ('out', 'plain')
    ]
    assert pictures[0].shape[1] > pictures[1].shape[1] > 90
    for name in ('Category_ids', 'Human_ids'):
        assert (tmp_path / 'out' / name / 'photo.png').is_file()
        assert not (tmp_path / 'plain' / name).exists()


def test_settings_reach_the_inferencer(infer, photo, tmp_path, monkeypatch):
    """Twins of which one is drawn, or none; and no pictures at all."""
    for options, hidden in ((['--nms-thr', 2], None), ([], '1 of the persons'),
                            (['--score-thr', 2], '2 of the persons')):
        done = infer(photo, *BOXES[:5] * 2, '--batch-size', 2, *options)
        text = done.stdout + done.stderr
        assert ('not drawn' in text) == (hidden is not None)
        assert (hidden or '') in text
    monkeypatch.setattr(ParsingVisualizer, 'draw', None)
    done = infer(photo, *BOXES, '--no-save-vis', '--out-dir', 'bare')
    assert done.stdout.endswith('results are in bare/results.json\n')
    assert 'pictures' not in done.stdout
    assert os.listdir(tmp_path / 'bare') == ['results.json']


def test_the_detector_gets_its_arguments(infer, photo, monkeypatch, tmp_path):
    """One that finds nobody is no failure."""
    made = []

    def find(config, weights, cat_ids, bbox_thr, device):
        made.append((config, weights, cat_ids, bbox_thr, device))
        return lambda images, thr: [np.zeros((0, 5), np.float32)] * len(images)

    pytest.importorskip('mmdet')
    monkeypatch.setattr(
        'projects.qanet.detection.person_detector.PersonDetector', find)
    infer(photo, '--det-model', 'det.py', '--det-weights', 'det.pth',
          '--det-cat-ids', 0, 3, '--bbox-thr', .75)
    assert made == [('det.py', 'det.pth', [0, 3], .75, 'cpu')]
    assert read_results(str(tmp_path / 'out/results.json'))[1] == []
    assert np.array_equal(
        cv2.imread(str(tmp_path / 'out/vis/photo.png')), cv2.imread(photo))


@pytest.mark.parametrize('text, args', [
    ('no such image or video: gone.jpg', ['gone.jpg', *BOXES]),
    ('bboxes has 1 entries for 3 images',
     ['*o.png', 'photo.png', 'photo.png', *BOXES[:5]]),
    ('--det-model needs --det-weights', ['photo.png', '--det-model', 'x.py']),
    ('no window can be opened here', ['photo.png', *BOXES, '--show']),
    ('wait_time must be', ['photo.png', '--show', '--wait-time', 'nan']),
    ('output folder toy.py cannot be made',
     ['photo.png', *BOXES, '--out-dir', 'toy.py']),
    ('gone.pth not found', ['photo.png', *BOXES, '--weights', 'gone.pth']),
    ('gone.onnx holds its own weights', ['photo.png', '--model', 'gone.onnx']),
    ('surface is given, but a ToyParser gives no dense pose',
     ['photo.png', *BOXES, '--surface', 'patches']),
    ('atlas is given, but a ToyParser', ['photo.png', '--atlas', 'a.png']),
    ('save_densepose is given, but a ToyParser',
     ['photo.png', *BOXES, '--save-densepose']),
])
def test_bad_input_is_one_sentence(text, args, infer, photo, monkeypatch):
    pytest.importorskip('mmdet')
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'agg')
    lines = infer(*args, code=2).stderr.strip().splitlines()
    error, = (line for line in lines if line.startswith('error:'))
    assert text in error and not any('Traceback' in line for line in lines)


def test_only_an_onnx_file_needs_no_weights(run_tool):
    for model, text in (('toy.py', '--weights is missing: only an ONNX file '
                         'holds its own, and --model is toy.py'),
                        ('gone.onnx', 'gone.onnx not found')):
        command = f'tools/infer.py a.png --model {model} --out-dir out'.split()
        assert text in run_tool(*command, code=2).stderr


@pytest.mark.parametrize('end, code, text', [
    (lambda *_: os.kill(os.getpid(), signal.SIGTERM), 143, ''),
    (KeyboardInterrupt, 130, '\ninterrupted, 0 of 1 images done\n'),
])
def test_stopped_it_leaves_results(infer, photo, tmp_path, monkeypatch, end,
                                   code, text):
    draw = mock.Mock(side_effect=end)
    monkeypatch.setattr(ParsingVisualizer, 'draw', draw)
    errors = infer(photo, *BOXES, code=code).stderr
    assert errors.endswith(text) and 'Traceback' not in errors
    info, records = read_results(str(tmp_path / 'out/results.json'))
    assert info['num_classes'] == 4 and records == []


def test_ctrl_c_while_it_starts(infer, monkeypatch):

    class Slow:

        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, 'projects.qanet.apis', Slow())
    assert infer('a.jpg', code=130).stderr == 'interrupted\n'


def test_a_missing_input_is_no_success(infer, photo, tmp_path, monkeypatch):
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes(b'no image')
    monkeypatch.setattr(
        'projects.qanet.apis.human_parsing_inferencer.split_boxes',
        lambda boxes, sources: [np.insert(boxes, 4, 1, 1)] * len(sources))
    done = infer(photo, broken, *BOXES, code=1)
    assert done.stderr.endswith(
        'error: 1 inputs are missing there, or not whole; the first: '
        f'{broken} is no image that can be read; it may be cut off\n')
    assert len(read_results(str(tmp_path / 'out/results.json'))[1]) == 2
