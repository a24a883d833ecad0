# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""python -m projects.qanet.runtime, from photos to the results file."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from projects.qanet.runtime import HumanParsingRuntime
from projects.qanet.runtime.__main__ import main
from projects.qanet.structures import read_results_document

ROOT = Path(__file__).resolve().parents[2]
#: Runs the command line and says what it has loaded that it may not need.
WRAPPER = """
import sys
import projects.qanet.runtime
from projects.qanet.runtime.__main__ import main
code = main(sys.argv[1:])
heavy = ('torch', 'torchvision', 'pycocotools', 'scipy', 'matplotlib', 'rich',
         'PIL', 'onnx', 'yapf')
names = {name.split('.')[0] for name in sys.modules}
print('heavy:', [n for n in names if n in heavy or n.startswith('mm')])
sys.exit(code)
"""


@pytest.fixture
def photos(tmp_path, image, large_image):
    paths = [tmp_path / 'a.png', tmp_path / 'b.png']
    for path, picture in zip(paths, (image, large_image)):
        cv2.imwrite(str(path), picture)
    return [str(path) for path in paths]


@pytest.fixture
def words(onnx_file, detector_file, tmp_path):
    return [
        '--parser', onnx_file[0], '--detector', detector_file[0], '--out-dir',
        str(tmp_path / 'out'), '--bbox-thr', '.6', '--threads', '1'
    ]


@pytest.fixture
def results(tmp_path):
    return lambda name='out': read_results_document(
        str(tmp_path / name / 'results.json'))


@pytest.fixture(autouse=True)
def keep_the_signal():
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def check_records(found, expected):
    assert len(found) == len(expected) > 3
    for mine, other in zip(found, expected):
        for key in ('image_id', 'category_id'):
            assert mine[key] == other[key]
        np.testing.assert_allclose(mine['bbox'], other['bbox'], atol=1e-2)
        for key in ('score', 'bbox_score', 'iou_score', 'pixel_score'):
            assert mine[key] == pytest.approx(other[key], abs=1e-4)
        assert [part['label'] for part in mine['parts']
                ] == [part['label'] for part in other['parts']]
        for part, wanted in zip(mine['parts'], other['parts']):
            assert part['segmentation'] == wanted['segmentation']
            for key in ('score', 'pixel_score'):
                assert part[key] == pytest.approx(wanted[key], abs=1e-4)


def test_a_process_without_torch(photos, words, results, run_tool, tmp_path,
                                 parser_files, detector_files):
    """One photo cannot be read; the rest is what tools/infer.py gives."""
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes(b'no photo')
    inputs = [photos[0], str(broken), photos[1]]
    done = subprocess.run([sys.executable, '-c', WRAPPER, *inputs, *words],
                          cwd=ROOT,
                          capture_output=True,
                          text=True)
    assert done.returncode == 1, done.stderr
    assert done.stderr == (f'skipped: {broken} is no image that can be read; '
                           'it may be cut off\n')
    assert done.stdout.endswith(
        f'results are in {tmp_path / "out/results.json"}\nheavy: []\n')
    run_tool(
        'tools/infer.py',
        *inputs,
        '--model',
        parser_files[0],
        '--weights',
        parser_files[1],
        '--det-model',
        detector_files[0],
        '--det-weights',
        detector_files[1],
        '--bbox-thr',
        .6,
        '--no-save-vis',
        '--device',
        'cpu',
        '--out-dir',
        tmp_path / 'torch',
        code=1)
    mine, other = results(), results('torch')
    assert mine.info == other.info and mine.images == other.images
    check_records(mine.records, other.records)
    assert {record['image_id'] for record in mine.records} == {0, 2}


def test_arguments_have_their_effect(photos, words, results, capsys):
    assert main([photos[1], *words]) == 0
    assert len(results().records) > 2
    assert main([
        photos[1], *words, '--bbox-thr', '.8', '--quality-weights', '1', '0',
        '0'
    ]) == 0
    info, records, _ = results()
    assert info['quality_weights'] == [1, 0, 0]
    for record in records:
        assert record['score'] == pytest.approx(record['bbox_score'])
        assert record['score'] >= .8
    assert f'{photos[1]}: {len(records)} persons' in capsys.readouterr().out


@pytest.mark.parametrize('options, text', [
    (['--parser', 'gone.onnx'], 'ONNX file gone.onnx not found'),
    (['--quality-weights', '0', '0', '0'], 'that are not all 0'),
    (['--out-dir', __file__], 'results.json cannot be written'),
])
def test_nothing_can_be_done(photos, words, options, text, capsys):
    assert main([*photos, *words, *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and text in error
    assert error.count('\n') == 1


def test_networks_that_were_mixed_up(photos, words, capsys):
    for key, other, text in ((1, 3, 'human-parsing-network, only [person-de'),
                             (3, 1, 'person-detector, only [human-parsing')):
        swapped = list(words)
        swapped[key] = words[other]
        assert main([*photos, *swapped]) == 2
        assert f'no entry {text}' in capsys.readouterr().err


def test_no_photo_at_all(photos, words, results, capsys):
    """An older results file stays."""
    main([photos[0], *words])
    older = results()
    capsys.readouterr()
    assert main(['gone.jpg', *words]) == 2
    assert 'error: none of the photos can be read: gone.jpg cannot' in (
        capsys.readouterr().err)
    assert results() == older


@pytest.mark.parametrize('end, code, text', [
    (KeyboardInterrupt, 130, 'interrupted\n'),
    (lambda *_: os.kill(os.getpid(), signal.SIGTERM), 143, ''),
])
def test_stopped_it_leaves_results(photos, words, results, monkeypatch, end,
                                   code, text, capsys):
    call = HumanParsingRuntime.__call__

    def stop_at_the_second(self, image, image_id):
        if image_id == 1:
            if isinstance(end, type):
                raise end
            end()
        return call(self, image, image_id=image_id)

    monkeypatch.setattr(HumanParsingRuntime, '__call__', stop_at_the_second)
    try:
        found = main([*photos, *words])
    except SystemExit as exit:
        found = exit.code
    assert found == code and capsys.readouterr().err == text
    info, records, images = results()
    assert [image['file_name'] for image in images] == ['a.png'] and records
