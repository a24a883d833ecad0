# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample

from projects.qanet.structures import ParsingInstances
from projects.qanet.visualization import ParsingVisualizer

# The backends' pictures are told apart too: one step may have many.
NAMES = ['a.png', 'A.png', 'a.bmp', 'b/a.png']


@pytest.fixture
def samples(tmp_path):
    """Images, and a visualizer with a backend."""
    visualizer = ParsingVisualizer.get_instance(
        str(tmp_path),
        classes=['background', 'Hat'],
        palette=[(0, 0, 0), (255, 0, 0)],
        vis_backends=[dict(type='LocalVisBackend')],
        save_dir=str(tmp_path / 'backend'))
    samples = []
    for value, name in enumerate(NAMES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((20, 30, 3), (value, 5, 9)))
        sample = SegDataSample(metainfo=dict(img_path=str(tmp_path / name)))
        sample.pred_instances = ParsingInstances.empty((30, 20), 2)
        samples.append(sample)
    yield samples
    visualizer.close()


def make_hook(**kwargs):
    return HOOKS.build(dict(type='ParsingVisualizationHook', **kwargs))


@pytest.fixture
def runner(tmp_path):
    """One that tests: asked for its iteration it would fail."""
    return SimpleNamespace(work_dir=str(tmp_path), timestamp='now')


@pytest.mark.parametrize('absolute', [False, True])
def test_test_pictures_go_into_the_folder(runner, samples, tmp_path, absolute):
    """One for each image, also after a second run."""
    folder = tmp_path / ('here' if absolute else 'now/shown')
    hook = make_hook(
        draw=True, test_out_dir=str(folder) if absolute else 'shown')
    for _ in range(2):
        hook.after_test_iter(runner, 0, {}, samples)
    names = ['a.png', 'A_2.png', 'a_3.png', 'a_4.png']
    assert sorted(p.name for p in folder.iterdir()) == sorted(names)
    for value, name in enumerate(names):
        assert (cv2.imread(str(folder / name)) == (value, 5, 9)).all()


def test_validation_goes_to_the_backends_every_interval(
        runner, samples, tmp_path):
    hook = make_hook(draw=True, interval=2, test_out_dir='shown')
    runner.iter = 7
    folder = tmp_path / 'backend' / 'vis_data' / 'vis_image'
    hook.after_val_iter(runner, 0, {}, samples)
    assert not folder.exists() or not list(folder.iterdir())
    hook.after_val_iter(runner, 1, {}, samples)
    assert sorted(p.name for p in folder.iterdir()) == [
        'val_A_2.png_7.png', 'val_a.bmp_7.png', 'val_a.png_7.png',
        'val_a_3.png_7.png'
    ]
    assert not (tmp_path / 'now').exists()


def test_nothing_is_drawn_unless_asked_for(runner, samples, tmp_path):
    with pytest.warns(UserWarning, match='draw is False'):
        hook = make_hook(test_out_dir='shown')
    hook.after_test_iter(runner, 0, {}, samples)
    assert not (tmp_path / 'now').exists()
