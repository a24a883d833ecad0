# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmengine.config import Config

from projects.qanet.datasets.metainfo import (check_flip_pairs,
                                              complete_metainfo,
                                              default_palette,
                                              flip_lookup_table)


@pytest.mark.parametrize(
    'pairs',
    [[(0, 1)], [(1, 4)], [(1, 1)], [(1, 2, 3)], [3], [(1, 2),
                                                      (2, 3)], [('1', 2)]])
def test_wrong_flip_pairs(pairs):
    with pytest.raises(ValueError, match='flip_pairs'):
        check_flip_pairs(pairs, num_classes=4)


def test_flip_lookup_table():
    table = flip_lookup_table([(1, 3)])
    labels = np.array([[0, 1, 2], [3, 4, 255]], np.uint8)
    np.testing.assert_array_equal(table[labels], [[0, 3, 2], [1, 4, 255]])


def test_left_and_right_need_flip_pairs():
    classes = ('background', 'Left-arm', 'Right-arm')
    with pytest.raises(ValueError, match='Left-arm, Right-arm'):
        complete_metainfo(dict(classes=classes))
    meta = complete_metainfo(dict(classes=classes, flip_pairs=[]))
    assert meta['flip_pairs'] == []
    assert complete_metainfo(dict(classes=('bg', 'hat')))['flip_pairs'] == []


@pytest.mark.parametrize('meta,pattern', [
    (dict(classes='abc'), "'classes' must list"),
    (dict(classes=('bg', )), "'classes' must list"),
    (dict(classes=('bg', 'a', 'a')), 'repeated names'),
    (dict(classes=tuple(map(str, range(256)))), 'do not fit'),
    (dict(flip_pairs=3), 'flip_pairs is 3, expected'),
    (dict(palette=7), 'palette is 7, expected'),
    (dict(palette='#00' * 99),
     "palette is '" + '#00' * 26 + '#, expected a list of RGB'),
    (dict(palette=np.zeros((99, 3))), 'palette has 99 colours for 2'),
    (dict(palette=[1, 2]), 'colour 1 is not three'),
    (dict(palette=['#00', '#ff']), "'#00' is not three"),
    (dict(palette=[[0, 0, 0]]), '1 colours for 2'),
    (dict(palette=[[0, 0, 0], [0, 256, 0]]), r'\[0, 256, 0\] is not'),
])
def test_wrong_metainfo(meta, pattern):
    with pytest.raises(ValueError, match=pattern):
        complete_metainfo(dict(dict(classes=('bg', 'a')), **meta))


def test_nested_dictionaries_are_plain():
    """Checkpoints hold them; readers allow no classes of mmengine."""
    cfg = Config(
        dict(meta=dict(classes=['bg', 'a'], notes=[dict(by=dict(who='x'))])))
    meta = complete_metainfo(cfg.meta)
    assert meta['notes'] == [dict(by=dict(who='x'))]
    assert type(meta) is type(meta['notes'][0]) is dict
    assert type(meta['notes'][0]['by']) is dict


@pytest.mark.parametrize('kind', [np.uint8, np.int64])
def test_a_palette_may_be_an_array(kind):
    colours = [[0, 0, 0], [1, 2, 255]]
    palette = complete_metainfo(
        dict(classes=('bg', 'a'), palette=np.array(colours, kind)))['palette']
    assert palette == colours and type(palette[1][2]) is int


def test_default_palette_is_voc():
    assert default_palette(10)[1:] == [[128, 0, 0], [0, 128, 0], [128, 128, 0],
                                       [0, 0, 128], [128, 0, 128],
                                       [0, 128, 128], [128, 128, 128],
                                       [64, 0, 0], [192, 0, 0]]
    assert len(set(map(tuple, default_palette(255)))) == 255
