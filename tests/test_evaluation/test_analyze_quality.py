# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The tool as a user calls it, without torch or OpenMMLab."""
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.structures import write_results

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/analysis_tools/analyze_quality.py'
WRAPPER = """
import runpy, sys
sys.argv = sys.argv[1:]


class Refuse:

    def find_spec(self, name, path, target=None):
        if name in ('torch', 'mmengine', 'mmcv', 'mmseg', 'matplotlib.pyplot'):
            raise ImportError(f'{name} is not wanted here')


# Not None in sys.modules, which scipy takes for a torch that is there.
sys.meta_path.insert(0, Refuse())
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def call(*args):
    return subprocess.run(
        [sys.executable, '-c', WRAPPER,
         str(TOOL), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True)


@pytest.fixture
def arguments(golden, tmp_path):
    path = tmp_path / 'results.json'
    write_results(
        str(path), golden.records, golden.classes, (1, 0, 0), .2, images=[])
    return [
        path, '--ann-file', golden.ann_file, '--data-root', golden.data_root,
        '--out-dir', tmp_path / 'new' / 'out'
    ]


def test_report_and_figures_without_photos(golden, arguments, tmp_path):
    done = call(*arguments, '--quality-weights', 1, .5, 3, '--num-bins', 8,
                '--num-worst', 5, '--figure1', 1173, 1003)
    assert (done.returncode, done.stderr) == (0, '')
    out = tmp_path / 'new' / 'out'
    figures = json.loads((out / 'quality.json').read_text())
    values = ParsingEvaluator(
        golden.ann_file,
        golden.data_root,
        golden.classes,
        quality_weights=(1, .5, 3)).evaluate(golden.records)
    for key in ('APp', 'APr', 'APh_75'):
        assert figures['average_precision']['fused'][key] == values[key]
    assert figures['persons']['box']['count'] == len(golden.records)
    assert len(figures['parts']['pixel']['reliability']['counts']) == 8
    assert len(figures['overrated_persons']) == 5

    html = (out / 'quality.html').read_text()
    assert 'The photos of 12 of 12 images are not there' in html
    # 7 plots, 2 persons with part scores, 2 galleries of 5; all embedded.
    sources = re.findall('src="([^"]{30})', html)
    assert len(sources) >= 7 + 2 + 5
    assert all(source.startswith('data:image/') for source in sources)
    assert not re.search('https?://|<link|<script|url\\(', html)
    for text in ('For parts the', 'class13', 'weights 1, 0.5, 3', '1173',
                 'nobody found'):
        assert text in html


@pytest.mark.parametrize('change, message', [
    (('--num-bins', 0), 'num_bins must be >= 1'),
    (('--box-score-thr', 2), ' persons has a box score of at least 2.0, '),
    (('--box-score-thr', 'nan'), ' has a box score of at least nan, there'),
    (('--quality-weights', 0, 0, 0), 'must be three numbers'),
    (('--ann-file', 'none.json'), 'none.json'),
    (('--out-dir', __file__), 'quality.json cannot be written: '),
    (('--figure1', 4), 'the image id 4 is not in'),
    (('--figure2', 1173, '--model', 'm.py', '--weights', 'w.pth'),
     '--figure2 1173: there is no'),
    (('--figure2', 1173), '--figure2 needs --model and --weights'),
])
def test_bad_arguments_are_named(arguments, change, message):
    done = call(*arguments, *change)
    assert done.returncode == 2
    assert 'error: ' in done.stderr
    assert message in done.stderr and 'Traceback' not in done.stderr


def test_high_confidence_masks(arguments, tmp_path, monkeypatch):
    """With a network: the debug parser, untrained, on one grey photo."""
    torch = pytest.importorskip('torch')
    from mmengine.config import Config

    from projects.qanet.apis.parser_builder import build_parser
    config = ROOT / 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py'
    model = build_parser(Config.fromfile(config), None, 'cpu')
    weights = tmp_path / 'parser.pth'
    torch.save(dict(state_dict=model.state_dict()), str(weights))
    document = json.loads(Path(arguments[2]).read_text())
    image, = [item for item in document['images'] if item['id'] == 1173]
    photos = tmp_path / 'photos'
    photos.mkdir()
    Image.new('RGB', (image['width'], image['height']),
              'grey').save(str(photos / image['file_name']))
    monkeypatch.setattr(sys, 'argv', [
        str(value) for value in [
            TOOL, *arguments, '--figure2', 1173, '--model', config,
            '--weights', weights, '--device', 'cpu', '--img-subdir', photos
        ]
    ])
    runpy.run_path(str(TOOL), run_name='__main__')
    html = (tmp_path / 'new/out/quality.html').read_text()
    assert 'High-confidence masks' in html
    assert 'The photos of 11 of 12 images are not there' in html
