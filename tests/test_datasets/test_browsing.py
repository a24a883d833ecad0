# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp

import cv2
import numpy as np
import pytest

from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.utils.errors import InputError
from projects.qanet.visualization import ParsingVisualizer
from projects.qanet.visualization.browsing import (browse, contact_sheet,
                                                   draw_sample)

LOAD = [dict(type='LoadImageFromFile')]
CROP = [
    dict(type='LoadPersonParsing'),
    dict(type='GetParsingBox', crop_size=(96, 128)),
    dict(type='TopDownAffine', crop_size=(96, 128))
]
PACK = [dict(type='PackParsingInputs')]


def test_contact_sheet():
    pictures = [
        np.full((10, 480, 3), 1, np.uint8),
        np.full((80, 960, 3), 2, np.uint8),
        np.full((10, 240, 3), 3, np.uint8)
    ]
    sheet = contact_sheet(pictures, columns=2)
    # Rows of 40 and 20 pixels, two columns of 480, gaps of 6.
    expected = np.full((40 + 6 + 20, 480 + 6 + 480, 3), 255)
    expected[:10, :480] = 1
    expected[:40, 486:] = 2
    expected[46:, :480] = 3
    np.testing.assert_array_equal(sheet, expected)


@pytest.fixture
def crops(tiny_cihp):
    return CIHPParsingDataset(**tiny_cihp.arguments(pipeline=LOAD + CROP +
                                                    PACK))


def draw(dataset, index):
    meta = dataset.metainfo
    return draw_sample(
        ParsingVisualizer(classes=meta['classes'], palette=meta['palette']),
        dataset, index)


def test_draw_crop(crops, monkeypatch):
    original = crops.pipeline

    def pipeline(info):
        packed = original(info)
        packed['data_samples'].gt_sem_seg.data[:, 3:7, 10:15] = 255
        return packed

    monkeypatch.setattr(crops, 'pipeline', pipeline)
    picture = draw(crops, 1)
    packed = crops[1]
    image = packed['inputs'].numpy().transpose(1, 2, 0)[..., ::-1]
    labels = packed['data_samples'].gt_sem_seg.data[0].numpy()
    np.testing.assert_array_equal(picture[:128, :96], image)
    # The same crop with labels, after a gap of a third of the text's height;
    # ignored pixels are white.
    colour = np.array(crops.metainfo['palette'][9])
    expected = image.copy()
    expected[labels == 9] = np.rint((colour + image[labels == 9]) / 2)
    expected[labels == 255] = 255
    np.testing.assert_array_equal(picture[:128, 99:195], expected)
    # The legend has this colour on white.
    legend = picture[:, 195:].reshape(-1, 3)
    assert (legend == colour).all(1).any() and (legend == 255).all(1).any()


@pytest.mark.parametrize('labelled', [True, False])
def test_draw_test_image(labelled, tiny_cihp):
    if not labelled:
        for path in (tiny_cihp.split / 'Category_ids').iterdir():
            path.unlink()
    dataset = CIHPParsingDataset(
        **tiny_cihp.arguments(pipeline=LOAD + PACK, test_mode=True))
    picture = draw(dataset, 0)
    # The left side of the box from (5, 10); inside: labels or not.
    np.testing.assert_array_equal(picture[20, 63 + 5], [255, 255, 0])
    inside = picture[15, 63 + 20], picture[15, 20]
    assert labelled == (inside[0] != inside[1]).any()


def test_browse(crops, tmp_path):
    with pytest.raises(InputError, match='number must be at least 1'):
        browse(crops, str(tmp_path / 'out'), number=0)
    paths = browse(crops, str(tmp_path / 'out'), number=5)
    assert [osp.basename(path) for path in paths
            ] == ['0007_7001.png', '0007_7002.png', 'contact_sheet.png']
    np.testing.assert_array_equal(
        cv2.imread(paths[1])[..., ::-1], draw(crops, 1))
    assert cv2.imread(paths[2]).shape[1] == 480 + 6 + 480


def test_program(tiny_cihp, tmp_path, run_tool, request):
    config = tmp_path / 'config.py'
    base = request.config.rootpath / 'configs/_base_/datasets/cihp_512x384.py'
    config.write_text(
        f'_base_ = {str(base)!r}\ntrain_dataloader = dict(dataset=dict('
        f'data_root={str(tiny_cihp.root)!r}))')
    command = ('tools/analysis_tools/browse_dataset.py', config,
               '--output-dir', 'out', '--number', 1)
    done = run_tool(*command, cwd=tmp_path, code=0)
    assert done.stdout.endswith('1 of 2 samples in out/contact_sheet.png\n')
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert len(names) == 2 and names[-1] == 'contact_sheet.png'
    tiny_cihp.ann_file.unlink()
    done = run_tool(*command, cwd=tmp_path, code=2)
    assert done.stderr == (
        f'error: annotation file {tiny_cihp.ann_file} does not exist\n')
