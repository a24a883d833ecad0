# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from projects.qanet.structures import write_results

ROOT = Path(__file__).parents[2]


@pytest.fixture
def call(golden, run_tool, tmp_path):
    """Run the tool on the golden predictions."""
    path = tmp_path / 'results.json'
    write_results(
        str(path), golden.records, golden.classes, (1, 0, 0), .2, images=[])

    def run(*options, **kwargs):
        return run_tool('tools/analysis_tools/analyze_quality.py', path,
                        '--ann-file', golden.ann_file, '--data-root',
                        golden.data_root, '--out-dir', tmp_path / 'new/out',
                        *options, **kwargs)

    return run


def test_report_figures_and_masks(golden, call, tmp_path):
    """With a network: the debug parser, untrained, on one grey photo."""
    torch = pytest.importorskip('torch')
    from mmengine.config import Config

    from projects.qanet.apis.parser_builder import build_parser
    config = ROOT / 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py'
    model = build_parser(Config.fromfile(config), None, 'cpu')
    weights, photos = tmp_path / 'parser.pth', tmp_path / 'photos'
    torch.save(dict(state_dict=model.state_dict()), str(weights))
    document = json.loads(Path(golden.ann_file).read_text())
    image, = [item for item in document['images'] if item['id'] == 1173]
    photos.mkdir()
    Image.new('RGB', (image['width'], image['height']),
              'grey').save(str(photos / image['file_name']))
    done = call('--quality-weights', 1, .5, 3, '--num-bins', 8, '--num-worst',
                2, '--figure1', 1173, 1003, '--figure2', 1173, '--model',
                config, '--weights', weights, '--device', 'cpu',
                '--img-subdir', photos)
    assert 'new/out/quality.html' in done.stdout
    figures = json.loads((tmp_path / 'new/out/quality.json').read_text())
    assert figures['average_precision']['fused']['APr'] == pytest.approx(
        100 * golden.expected['1-0.5-3']['mAPr'])
    assert figures['persons']['box']['count'] == len(golden.records)
    assert len(figures['parts']['pixel']['reliability']['counts']) == 8
    html = (tmp_path / 'new/out/quality.html').read_text()
    assert 'Quality scores of results.json' in html
    assert 'The photos of 11 of 12 images are' in html
    captions = re.findall('<figcaption>(.*?)</figcaption>', html)
    confident = [
        c for c in captions if re.match('image 1173, person .*[0-9]$', c)
    ]
    assert len(captions) == 2 + 2 + 2 + len(confident) and confident
    assert [caption[:7] for caption in captions[:2]] == ['0001173', '0001003']


@pytest.mark.parametrize('change, message', [
    (('--num-bins', 0), 'num_bins must be >= 1'),
    (('--box-score-thr', 2), ' persons has a box score of at least 2.0, '),
    (('--quality-weights', 0, 0, 0), 'must be three numbers'),
    (('--out-dir', __file__), 'quality.json cannot be written: '),
    (('--figure1', 4), 'the image id 4 is not in'),
    (('--figure2', 1173, '--model', 'm.py', '--weights', 'w.pth'),
     '--figure2 1173: there is no'),
    (('--figure2', 1173), '--figure2 needs --model and --weights'),
])
def test_bad_arguments_are_named(call, change, message):
    error = call(*change, code=2).stderr
    assert 'error: ' in error and message in error
