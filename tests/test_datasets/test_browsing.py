# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import os.path as osp
import subprocess
import sys

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope

from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.datasets.browsing import (browse, contact_sheet,
                                              draw_sample, overlay_labels)

ROOT = osp.abspath(osp.join(osp.dirname(__file__), '../..'))
CONFIG = """
_base_ = {base!r}
train_dataloader = dict(dataset=dict(data_root={root!r}))
"""


def test_overlay_labels():
    image = np.full((2, 3, 3), 100, np.uint8)
    labels = np.array([[0, 1, 2], [255, 0, 2]], np.uint8)
    palette = [[0, 0, 0], [200, 0, 0], [0, 0, 40]]  # RGB
    out = overlay_labels(image, labels, palette, alpha=.5)
    expected = np.array([[[100, 100, 100], [50, 50, 150], [70, 50, 50]],
                         [[178, 178, 178], [100, 100, 100], [70, 50,
                                                             50]]])  # BGR
    np.testing.assert_array_equal(out, expected)


def test_contact_sheet():
    pictures = [
        np.full((10, 20, 3), 1, np.uint8),
        np.full((40, 20, 3), 2, np.uint8),
        np.full((20, 40, 3), 3, np.uint8)
    ]
    sheet = contact_sheet(pictures, columns=2, cell_width=20)
    assert sheet.shape == (40 + 6 + 10 + 6, 2 * 26, 3)
    assert (sheet[:10, :20] == 1).all() and (sheet[10:46, :20] == 255).all()
    assert (sheet[:40, 26:46] == 2).all()
    assert (sheet[46:56, :20] == 3).all() and (sheet[46:, 26:] == 255).all()


@pytest.fixture
def crops(tiny_cihp):
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadPersonParsing'),
        dict(type='GetParsingBox', crop_size=(96, 128)),
        dict(type='TopDownAffine', crop_size=(96, 128)),
        dict(type='PackParsingInputs')
    ]
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield CIHPParsingDataset(**tiny_cihp.arguments(pipeline=pipeline))


def test_draw_crop(crops):
    picture = draw_sample(crops, 1)
    # Two crops of 96 px side by side, one row of names below.
    assert picture.shape == (128 + 20, 192, 3)
    packed = crops[1]
    image = packed['inputs'].numpy().transpose(1, 2, 0)
    np.testing.assert_array_equal(picture[:128, :96], image)
    background = packed['data_samples'].gt_sem_seg.data[0].numpy() == 0
    same = (picture[:128, 96:] == image).all(axis=-1)
    assert same[background].all() and not same[~background].all()


@pytest.mark.parametrize('labelled', [True, False])
def test_draw_test_image(labelled, tiny_cihp):
    if not labelled:
        for path in (tiny_cihp.split / 'Category_ids').iterdir():
            path.unlink()
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackParsingInputs')]
    with DefaultScope.overwrite_default_scope('mmseg'):
        dataset = CIHPParsingDataset(
            **tiny_cihp.arguments(pipeline=pipeline, test_mode=True))
        picture = draw_sample(dataset, 0)
    assert picture.shape[1] == 2 * 60
    # The left side of the box from (5, 10), in BGR; inside: labels or not.
    np.testing.assert_array_equal(picture[20, 60 + 5], [0, 255, 255])
    inside = picture[15, 60 + 20], picture[15, 20]
    assert labelled == (inside[0] != inside[1]).any()


def test_browse(crops, tmp_path):
    with pytest.raises(ValueError, match='number must be at least 1'):
        browse(crops, str(tmp_path / 'out'), number=0)
    paths = browse(crops, str(tmp_path / 'out'), number=5)
    assert [osp.basename(path) for path in paths
            ] == ['0000007_71.png', '0000007_72.png', 'contact_sheet.png']
    np.testing.assert_array_equal(cv2.imread(paths[1]), draw_sample(crops, 1))
    assert cv2.imread(paths[2]).shape[1] == 4 * 486


def test_program(tiny_cihp, tmp_path):
    config = tmp_path / 'config.py'
    base = osp.join(ROOT, 'configs/_base_/datasets/cihp_512x384.py')
    config.write_text(CONFIG.format(base=base, root=str(tiny_cihp.root)))
    command = [
        sys.executable,
        osp.join(ROOT, 'tools/analysis_tools/browse_dataset.py'),
        str(config), '--output-dir', 'out', '--number', '1'
    ]
    environment = {
        key: value
        for key, value in os.environ.items() if key != 'PYTHONPATH'
    }
    arguments = dict(
        cwd=str(tmp_path),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True)
    result = subprocess.run(command, **arguments)
    assert result.returncode == 0, result.stderr
    names = sorted(os.listdir(tmp_path / 'out'))
    assert len(names) == 2 and names[-1] == 'contact_sheet.png'

    tiny_cihp.ann_file.unlink()
    result = subprocess.run(command, **arguments)
    assert result.returncode == 2
    assert result.stderr.strip() == (
        f'error: annotation file {tiny_cihp.ann_file} does not exist')
