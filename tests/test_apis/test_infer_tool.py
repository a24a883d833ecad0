# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""tools/infer.py with a real, small and untrained parser and detector."""
import os
import os.path as osp
import runpy
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

import projects.qanet.plugin  # noqa: F401
from projects.qanet.apis.sources import Source
from projects.qanet.structures import read_results
from projects.qanet.visualization import ParsingVisualizer

ROOT = osp.abspath(osp.join(osp.dirname(__file__), '..', '..'))
TOOL = osp.join(ROOT, 'tools', 'infer.py')
BOXES = ['--bbox', '5', '6', '40', '70', '--bbox', '30', '2', '99', '79']


def save_weights(config, path, scope, registry):
    with DefaultScope.overwrite_default_scope(scope):
        torch.manual_seed(0)
        model = registry.build(config.model)
    torch.save(dict(state_dict=model.state_dict()), path)


@pytest.fixture(scope='module')
def parser_files(tmp_path_factory):
    """Config and checkpoint of a parser with 20 classes."""
    folder = tmp_path_factory.mktemp('parser')
    config = Config.fromfile(
        osp.join(ROOT, 'configs', '_base_', 'models', 'qanet_r50_fpn.py'))
    config.merge_from_dict({
        'model.backbone.depth': 18,
        'model.backbone.base_channels': 8,
        'model.backbone.init_cfg': None,
        'model.neck.in_channels': [8, 16, 32, 64],
        'model.neck.out_channels': 16,
        'model.decode_head.in_channels': [16] * 4,
        'model.decode_head.channels': 16,
        'model.test_cfg.crop_size': (24, 32)
    })
    config.test_dataloader = dict(dataset=dict(type='CIHPParsingDataset'))
    config_path = str(folder / 'parser.py')
    config.dump(config_path)
    weights = str(folder / 'parser.pth')
    save_weights(config, weights, 'mmseg', MODELS)
    return config_path, weights


@pytest.fixture
def photo(tmp_path):
    path = str(tmp_path / 'photo.jpg')
    image = np.random.default_rng(0).integers(
        0, 256, (80, 110, 3), dtype=np.uint8)
    cv2.imwrite(path, image)
    return path


def run_tool(monkeypatch, *args):
    """Run the tool in this process; return its exit code."""
    monkeypatch.setattr(sys, 'argv', [TOOL, *map(str, args)])
    try:
        runpy.run_path(TOOL, run_name='__main__')
    except SystemExit as error:
        return error.code
    return 0


def test_own_boxes_from_another_folder(parser_files, photo, tmp_path):
    config, weights = parser_files
    done = subprocess.run([
        sys.executable, TOOL, photo, '--model', config, '--weights', weights,
        '--out-dir', 'out', '--device', 'cpu', '--show-part-score'
        's', '--save-label-maps', '--quality-weights', '1', '0', '0', *BOXES
    ],
                          cwd=str(tmp_path),
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert 'Found 2 persons in 1 of 1 images' in done.stdout
    info, records = read_results(str(tmp_path / 'out' / 'results.json'))
    assert info['quality_weights'] == [1, 0, 0] and info['num_classes'] == 20
    assert [record['bbox'] for record in records] == [[5, 6, 35, 64],
                                                      [30, 2, 69, 77]]
    assert [record['score'] for record in records] == [1, 1]
    picture = cv2.imread(str(tmp_path / 'out' / 'vis' / 'photo.png'))
    assert picture.shape[0] >= 80 and picture.shape[1] > 110
    for name in ('Category_ids', 'Human_ids'):
        label_map = cv2.imread(
            str(tmp_path / 'out' / name / 'photo.png'), cv2.IMREAD_UNCHANGED)
        assert label_map.shape == (80, 110)


def test_detector_that_finds_nobody(parser_files, photo, tmp_path,
                                    monkeypatch):
    pytest.importorskip('mmdet')
    from mmdet.registry import MODELS as DETECTORS
    config = get_config('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py')
    config.merge_from_dict({
        'model.backbone.depth': 18,
        'model.backbone.base_channels': 8,
        'model.backbone.init_cfg': None,
        'model.backbone.style': 'pytorch',
        'model.neck.in_channels': [8, 16, 32, 64],
        'model.bbox_head.num_classes': 1,
        'model.bbox_head.stacked_convs': 1
    })
    det_config, det_weights = (
        str(tmp_path / f'det.{suffix}') for suffix in ('py', 'pth'))
    config.dump(det_config)
    save_weights(config, det_weights, 'mmdet', DETECTORS)
    out = tmp_path / 'out'
    code = run_tool(monkeypatch, photo, '--model', parser_files[0],
                    '--weights', parser_files[1], '--det-model', det_config,
                    '--det-weights', det_weights, '--out-dir', out, '--device',
                    'cpu', '--bbox-thr', 0.999)
    assert code == 0
    assert read_results(str(out / 'results.json'))[1] == []
    assert np.array_equal(
        cv2.imread(str(out / 'vis' / 'photo.png')), cv2.imread(photo))


def check_error(monkeypatch, capfd, text, *args):
    """Exit code 2 and one sentence that names the culprit."""
    assert run_tool(monkeypatch, *args) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    errors = [line for line in lines if line.startswith('error:')]
    assert len(errors) == 1 and text in errors[0], lines
    assert not any('Traceback' in line for line in lines)


def test_bad_input_is_one_sentence(parser_files, photo, tmp_path, monkeypatch,
                                   capfd):
    config, weights = parser_files
    base = ('--model', config, '--weights', weights, '--out-dir',
            tmp_path / 'out', '--device', 'cpu')
    check_error(monkeypatch, capfd, 'gone.jpg', 'gone.jpg', *base, *BOXES)
    empty = tmp_path / 'empty'
    empty.mkdir()
    check_error(monkeypatch, capfd, f'folder {empty} holds no image', empty,
                *base, *BOXES)
    check_error(monkeypatch, capfd, 'give a detector', photo, *base)
    check_error(monkeypatch, capfd, 'wholly outside', photo, *base, '--bbox',
                '200', '200', '300', '300')
    check_error(monkeypatch, capfd, 'quality weights', photo, *base, *BOXES,
                '--quality-weights', '0', '0', '0')
    check_error(monkeypatch, capfd, '--det-model needs --det-weights', photo,
                *base, '--det-model', 'x.py')
    check_error(monkeypatch, capfd, 'config x.py not found', photo, *base,
                '--det-model', 'x.py', '--det-weights', 'x.pth')
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes(b'no image')
    check_error(monkeypatch, capfd, 'broken.jpg', broken, *base, *BOXES)
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'agg')
    check_error(monkeypatch, capfd, 'no window can be opened here', photo,
                *base, *BOXES, '--show')
    check_error(monkeypatch, capfd, 'nms_thr must be a finite number, not nan',
                photo, *base, *BOXES, '--nms-thr', 'nan')
    check_error(monkeypatch, capfd, f'output folder {broken} cannot be made',
                photo, *base, *BOXES, '--out-dir', broken)
    pytest.importorskip('mmdet')
    check_error(
        monkeypatch, capfd, 'parser.py must be the config of a detector of '
        'mmdet: TopDownParser is not in the mmdet::model registry', photo,
        *base, '--det-model', config, '--det-weights', weights)


def test_wrong_weights_are_one_sentence(parser_files, photo, tmp_path,
                                        monkeypatch, capfd):
    config, weights = parser_files
    state = torch.load(weights)['state_dict']
    for name in [n for n in state if 'conv_seg' in n]:
        state[name] = state[name][:7]
    path = str(tmp_path / 'seven_classes.pth')
    torch.save(dict(state_dict=state), path)
    base = (photo, '--model', config, '--out-dir', tmp_path / 'out',
            '--device', 'cpu', *BOXES)
    check_error(monkeypatch, capfd, 'seven_classes.pth', *base, '--weights',
                path)
    check_error(monkeypatch, capfd, 'gone.pth', *base, '--weights', 'gone.pth')
    check_error(monkeypatch, capfd, 'config gone.py', photo, '--model',
                'gone.py', '--weights', weights, '--out-dir', tmp_path)


def test_weights_belong_to_configs(parser_files, photo, tmp_path, monkeypatch,
                                   capfd):
    """An ONNX file has its own, and is then all that --model needs."""
    out = ('--out-dir', tmp_path / 'out', '--device', 'cpu', *BOXES)
    check_error(monkeypatch, capfd, '--weights is missing', photo, '--model',
                parser_files[0], *out)
    check_error(monkeypatch, capfd, 'gone.onnx not found', photo, '--model',
                'gone.onnx', *out)
    pytest.importorskip('onnxruntime')
    damaged = tmp_path / 'damaged.onnx'
    damaged.write_bytes(b'no network')
    check_error(monkeypatch, capfd, 'damaged.onnx cannot be read', photo,
                '--model', damaged, *out)


def test_onnx_file(parser_files, photo, tmp_path, monkeypatch):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    file = str(tmp_path / 'parser.onnx')
    export = osp.join(ROOT, 'tools', 'model_converters', 'export_onnx.py')
    monkeypatch.setattr(sys, 'argv', [export, *parser_files, file])
    runpy.run_path(export, run_name='__main__')
    records = []
    for number, model in enumerate(
        ([parser_files[0], '--weights', parser_files[1]], [file])):
        out = tmp_path / f'out{number}'
        assert run_tool(monkeypatch, photo, '--model', *model, '--out-dir',
                        out, '--device', 'cpu', *BOXES) == 0
        assert (out / 'vis' / 'photo.png').is_file()
        info, found = read_results(str(out / 'results.json'))
        assert info['quality_weights'] == [1, .5, 3]
        records.append(found)
    assert len(records[0]) == len(records[1]) == 2
    for expected, found in zip(*records):
        assert found['score'] == pytest.approx(expected['score'], abs=1e-4)
        assert [part['label'] for part in found['parts']
                ] == [part['label'] for part in expected['parts']]


def test_several_inputs_and_patterns(parser_files, tmp_path, monkeypatch,
                                     capfd):
    image = np.zeros((20, 30, 3), np.uint8)
    for name in ('a/1.png', 'b/1.png', 'b/2.jpe'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(cv2.imencode('.png', image)[1])
    (tmp_path / 'b' / '1.jpg').write_bytes(b'')
    out = tmp_path / 'out'
    check_error(monkeypatch, capfd, 'bboxes has 1 entries for 4 images',
                tmp_path / 'a' / '1.png', tmp_path / 'b' / '*', '--model',
                parser_files[0], '--weights', parser_files[1], '--out-dir',
                out, '--device', 'cpu', *BOXES[:5])
    assert run_tool(monkeypatch, tmp_path / 'a' / '1.png', '--model',
                    parser_files[0], '--weights', parser_files[1], '--out-dir',
                    out, '--device', 'cpu', *BOXES[:5]) == 0
    assert (out / 'vis' / '1.png').is_file()


@pytest.mark.parametrize('content, words', [
    (b'', 'is empty'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'LFS'),
    (b'<!DOCTYPE html><html></html>', 'web page'),
])
def test_files_that_are_no_checkpoint(parser_files, photo, tmp_path,
                                      monkeypatch, capfd, content, words):
    path = tmp_path / 'weights.pth'
    path.write_bytes(content)
    assert run_tool(monkeypatch, photo, '--model', parser_files[0],
                    '--weights', path, '--out-dir', tmp_path / 'out',
                    '--device', 'cpu', *BOXES) == 2
    errors = capfd.readouterr().err
    assert 'weights.pth' in errors and words.lower() in errors.lower()
    assert 'Traceback' not in errors and 'weights_only' not in errors


def test_sigterm_ends_with_a_results_file(parser_files, photo, tmp_path,
                                          monkeypatch):
    monkeypatch.setattr(ParsingVisualizer, 'draw',
                        lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        code = run_tool(monkeypatch, photo, '--model', parser_files[0],
                        '--weights', parser_files[1], '--out-dir',
                        tmp_path / 'out', '--device', 'cpu', *BOXES)
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert code == 143
    info, records = read_results(str(tmp_path / 'out' / 'results.json'))
    assert info['num_classes'] == 20 and records == []


def test_ctrl_c_is_one_line(parser_files, photo, tmp_path, monkeypatch, capfd):

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ParsingVisualizer, 'draw', stop)
    out = tmp_path / 'out'
    assert run_tool(monkeypatch, photo, '--model', parser_files[0],
                    '--weights', parser_files[1], '--out-dir', out, '--device',
                    'cpu', *BOXES) == 130
    errors = capfd.readouterr().err
    assert errors.endswith('\ninterrupted, 0 of 1 images done\n')
    assert 'Traceback' not in errors
    assert read_results(str(out / 'results.json'))[1] == []


def test_ctrl_c_while_it_starts(monkeypatch, capfd):

    class Slow:

        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, 'projects.qanet.apis', Slow())
    args = ('a.jpg', '--model', 'a.onnx', '--out-dir', 'out')
    assert run_tool(monkeypatch, *args) == 130
    assert capfd.readouterr().err == 'interrupted\n'


def test_a_video_cut_off_is_parsed_but_no_success(parser_files, tmp_path,
                                                  monkeypatch, capfd):
    """The exit code tells a script what a person reads."""
    path = str(tmp_path / 'clip.avi')
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'MJPG'), 10,
                             (64, 48))
    for k in range(3):
        writer.write(np.full((48, 64, 3), 80 * k, np.uint8))
    writer.release()
    out = tmp_path / 'out'
    monkeypatch.setattr(
        'projects.qanet.apis.human_parsing_inferencer.split_boxes',
        lambda boxes, _: [boxes] * 3)
    args = (path, '--model', parser_files[0], '--weights', parser_files[1],
            '--out-dir', out, '--device', 'cpu', *BOXES[:5])
    assert run_tool(monkeypatch, *args) == 0
    monkeypatch.setattr(Source, 'num_images', property(lambda self: 5))
    assert run_tool(monkeypatch, *args) == 1
    assert capfd.readouterr().err.endswith(
        'error: 1 inputs are missing there, or not whole; the first: 3 of 5 '
        f'frames of {path} could be decoded\n')
    assert len(read_results(str(out / 'results.json'))[1]) == 3
