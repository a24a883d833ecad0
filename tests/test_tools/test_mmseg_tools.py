# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""mmseg's own tools, as `mim` runs them, on our configs."""
import json
from pathlib import Path

import cv2
import mmseg
import numpy as np
import pytest

from projects.qanet.utils.errors import InputError
from .conftest import CONFIG, ROOT, metrics_of

TOOLS = Path(mmseg.__file__).parent / '.mim' / 'tools'
# No workers, so nothing is to be kept either.
TEXT = """
_base_ = '{base}'
loader = dict(num_workers=0, persistent_workers=False,
              dataset=dict(data_root='{data}'))
train_dataloader = val_dataloader = test_dataloader = loader
val_evaluator = test_evaluator = dict(
    ann_file='{data}/annotations/CIHP_val.json',
    data_root='{data}/Validation')
train_cfg = dict(max_epochs=1, val_interval=1)
tta_cfg = dict(flip=True, scales=(1., 1.2))
tta_model = dict(scales=(1., 1.2))
"""


@pytest.fixture
def config(data, tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(TEXT.format(base=ROOT / CONFIG, data=data))
    return path


@pytest.fixture
def test(config, trained, run_tool, tmp_path):

    def run(name, *more, checkpoint=trained / 'epoch_1.pth'):
        run_tool(TOOLS / 'test.py', config, checkpoint, '--work-dir',
                 tmp_path / name, *more)

    return run


def test_the_augmented_test_is_ours(test, tmp_path):
    test('plain')
    test('tta', '--tta')
    path = tmp_path / 'results.json'
    test('ours', '--cfg-options', 'model.test_cfg.scales=(1.,1.2)',
         f'test_evaluator.out_file={path}')
    plain, tta, ours = (
        metrics_of(tmp_path / name) for name in ('plain', 'tta', 'ours'))
    assert tta == ours != plain and ours['parsing/mIoU'] > 0
    assert len(json.loads(path.read_text())['images']) == 3


def test_what_is_refused(test, tmp_path):
    with pytest.raises(InputError, match='--out .* label maps; .*out_file'):
        test('out', '--out', tmp_path)
    page = tmp_path / 'page.pth'
    page.write_text('<!DOCTYPE html>')
    with pytest.raises(InputError, match='page.pth is a web page'):
        test('page', checkpoint=page)


def test_training_and_its_samples(config, run_tool, tmp_path):
    run_tool(TOOLS / 'train.py', config, '--work-dir', tmp_path)
    assert list(tmp_path.glob('best_parsing_mIoU_epoch_1.pth'))
    run_tool(TOOLS / 'misc/browse_dataset.py', config, '--output-dir',
             tmp_path, '--not-show', '--cfg-options',
             'visualizer.name=browsing')
    # Of each image, its last person: the crop and a legend.
    sizes = [cv2.imread(str(path)).shape for path in tmp_path.rglob('*.png')]
    assert len(sizes) == 2 and np.all(np.array(sizes) > (64, 48, 2))
