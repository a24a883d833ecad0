# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""mmseg's own tools, as `mim` runs them, on our configs and drawn people."""
import json
import runpy
import sys
from pathlib import Path

import cv2
import mmseg
import pytest
import torch

from projects.drawn_people import write_dataset
from projects.qanet.models import TopDownParser
from projects.qanet.utils.errors import InputError

TOOLS = Path(mmseg.__file__).parent / '.mim' / 'tools'
CONFIG = (
    Path(__file__).parents[2] /
    'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py')
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


@pytest.fixture(scope='module')
def call():
    """Run a tool of mmseg in this process."""

    def run(name, *arguments):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, 'argv', [name, *map(str, arguments)])
            patch.setenv('LOCAL_RANK', '0')
            runpy.run_path(str(TOOLS / name), run_name='__main__')

    return run


@pytest.fixture(scope='module')
def trained(tmp_path_factory, call):
    """Config and checkpoint after one epoch of mmseg's tools/train.py."""
    folder = tmp_path_factory.mktemp('mmseg_tools')
    data = folder / 'data'
    write_dataset(data, num_train=1, num_val=2, size=(120, 90), seed=3)
    config = folder / 'config.py'
    config.write_text(TEXT.format(base=CONFIG, data=data))
    torch.manual_seed(0)
    call('train.py', config, '--work-dir', folder / 'work')
    assert list((folder / 'work').glob('best_parsing_mIoU_epoch_1.pth'))
    return config, folder / 'work' / 'epoch_1.pth'


def metrics(work_dir):
    path, = work_dir.glob('*/*.json')
    values = json.loads(path.read_text())
    return {key: values[key] for key in values if key.startswith('parsing/')}


def test_the_augmented_test_is_ours(trained, call, tmp_path, monkeypatch):
    seen = []
    predict = TopDownParser.predict
    monkeypatch.setattr(
        TopDownParser, 'predict', lambda self, *data:
        (seen.append(self.settings), predict(self, *data))[1])
    for name, options in dict(
            plain=[],
            tta=['--tta'],
            ours=['--cfg-options', 'model.test_cfg.scales=(1.,1.2)']).items():
        call('test.py', *trained, '--work-dir', tmp_path / name, *options)
    assert [(s.flip, s.scales)
            for s in seen] == [(True, (1., ))] + [(True, (1., 1.2))] * 2
    assert metrics(tmp_path / 'plain')['parsing/mIoU'] > 0
    assert metrics(tmp_path / 'tta') == metrics(tmp_path / 'ours')


def test_a_folder_of_label_maps_is_refused(trained, call, tmp_path):
    with pytest.raises(InputError, match='--out .* label maps; .*out_file'):
        call('test.py', *trained, '--work-dir', tmp_path, '--out', tmp_path)


def test_a_page_instead_of_a_checkpoint(trained, call, tmp_path):
    page = tmp_path / 'page.pth'
    page.write_text('<!DOCTYPE html>')
    with pytest.raises(InputError, match='page.pth is a web page'):
        call('test.py', trained[0], page, '--work-dir', tmp_path)


def test_a_results_file_is_written(trained, call, tmp_path):
    path = tmp_path / 'results.json'
    call('test.py', *trained, '--work-dir', tmp_path, '--cfg-options',
         f'test_evaluator.out_file={path}')
    assert len(json.loads(path.read_text())['images']) == 2


def test_training_samples_are_painted(trained, call, tmp_path):
    call('misc/browse_dataset.py', trained[0], '--output-dir', tmp_path,
         '--not-show', '--cfg-options', 'visualizer.name=browsing')
    path, = tmp_path.rglob('*.png')  # of the one image, its last person
    height, width, _ = cv2.imread(str(path)).shape
    assert height > 64 and width > 48  # the crop and a legend
