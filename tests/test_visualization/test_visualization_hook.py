# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample

from projects.qanet.structures import ParsingInstances
from projects.qanet.visualization import ParsingVisualizer


@pytest.fixture
def visualizer(tmp_path):
    visualizer = ParsingVisualizer.get_instance(
        str(tmp_path),
        classes=['background', 'Hat'],
        palette=[(0, 0, 0), (255, 0, 0)],
        show_scores=False,
        vis_backends=[dict(type='LocalVisBackend')],
        save_dir=str(tmp_path / 'backend'))
    yield visualizer
    visualizer.close()


@pytest.fixture
def samples(tmp_path):
    """Two images of one name in two folders, each without persons."""
    samples = []
    for value, folder in enumerate('ab'):
        path = tmp_path / folder / 'photo.png'
        path.parent.mkdir()
        cv2.imwrite(str(path), np.full((20, 30, 3), (value, 50, 99)))
        sample = SegDataSample(metainfo=dict(img_path=str(path)))
        sample.pred_instances = ParsingInstances.empty((30, 20), 2)
        samples.append(sample)
    return samples


def make_runner(tmp_path, **kwargs):
    """A runner that tests; asking it for an iteration would be an error, as
    it is where there is no training data."""
    return SimpleNamespace(work_dir=str(tmp_path), timestamp='now', **kwargs)


def make_hook(**kwargs):
    return HOOKS.build(dict(type='ParsingVisualizationHook', **kwargs))


def test_test_pictures_go_into_the_folder(visualizer, samples, tmp_path):
    hook = make_hook(draw=True, test_out_dir='shown')
    for _ in range(2):
        hook.after_test_iter(make_runner(tmp_path), 0, {}, samples)
    folder = tmp_path / 'now' / 'shown'
    assert sorted(p.name
                  for p in folder.iterdir()) == ['photo.png', 'photo_2.png']
    for value, name in enumerate(['photo.png', 'photo_2.png']):
        assert (cv2.imread(str(folder / name)) == (value, 50, 99)).all()


def test_an_absolute_folder_is_used_as_it_is(visualizer, samples, tmp_path):
    hook = make_hook(draw=True, test_out_dir=str(tmp_path / 'here'))
    hook.after_test_iter(make_runner(tmp_path), 0, {}, samples[:1])
    assert (tmp_path / 'here' / 'photo.png').exists()


def test_validation_goes_to_the_backends_every_interval(
        visualizer, samples, tmp_path):
    hook = make_hook(draw=True, interval=2, test_out_dir='shown')
    runner = make_runner(tmp_path, iter=7)
    folder = tmp_path / 'backend' / 'vis_data' / 'vis_image'
    hook.after_val_iter(runner, 0, {}, samples[:1])
    assert not folder.exists() or not list(folder.iterdir())
    hook.after_val_iter(runner, 1, {}, samples[:1])
    assert [p.name for p in folder.iterdir()] == ['val_photo.png_7.png']
    assert not (tmp_path / 'now').exists()


def test_nothing_is_drawn_unless_asked_for(visualizer, samples, tmp_path):
    with pytest.warns(UserWarning, match='draw is False'):
        hook = make_hook(test_out_dir='shown')
    hook.after_test_iter(make_runner(tmp_path), 0, {}, samples)
    assert not (tmp_path / 'now').exists()


def test_names_that_only_differ_in_case_or_ending(visualizer, tmp_path):
    """The backends' pictures are told apart too: one step may have many."""
    names = ['a.png', 'A.png', 'a.bmp', 'b/a.png']
    samples = []
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.zeros((20, 30, 3), np.uint8))
        sample = SegDataSample(metainfo=dict(img_path=str(path)))
        sample.pred_instances = ParsingInstances.empty((30, 20), 2)
        samples.append(sample)
    hook = make_hook(draw=True, test_out_dir='shown')
    hook.after_test_iter(make_runner(tmp_path), 0, {}, samples)
    hook.after_val_iter(make_runner(tmp_path, iter=7), 0, {}, samples)
    shown = sorted(p.name for p in (tmp_path / 'now' / 'shown').iterdir())
    assert shown == ['A_2.png', 'a.png', 'a_3.png', 'a_4.png']
    folder = tmp_path / 'backend' / 'vis_data' / 'vis_image'
    assert sorted(p.name for p in folder.iterdir()) == [
        'val_A_2.png_7.png', 'val_a.bmp_7.png', 'val_a.png_7.png',
        'val_a_3.png_7.png'
    ]
