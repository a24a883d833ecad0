# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmengine.config import Config

from projects.qanet.datasets.metainfo import (check_keys, complete_metainfo,
                                              default_palette)

SIDED = ('background', 'Left-arm', 'Right-arm')


@pytest.mark.parametrize('meta,pattern', [
    (dict(classes='abc'), "'classes' must list"),
    (dict(classes=('bg', )), "'classes' must list"),
    (dict(classes=('bg', 'a', 'a')), 'repeated names'),
    (dict(classes=tuple(map(str, range(256)))), 'do not fit'),
    (dict(classes=SIDED, flip_pairs=None), 'Left-arm, Right-arm'),
    *((dict(flip_pairs=pairs), 'flip_pairs')
      for pairs in (3, [3], [(0, 1)], [(1, 3)], [(1, 1)], [(1, 2, 3)],
                    [(1, 2), (2, 1)], [('1', 2)])),
    (dict(palette='#00' * 99),
     "palette is '" + '#00' * 26 + '#, expected a list of RGB'),
    (dict(palette=np.zeros((99, 3))), 'palette has 99 colours for 3'),
    (dict(palette=[1, 2, 3]), 'colour 1 is not three'),
    (dict(palette=['#00', '#ff', '#f0']), "'#00' is not three"),
    (dict(palette=[[0, 0, 0], [0, 256, 0], [1, 1, 1]]),
     r'\[0, 256, 0\] is not'),
])
def test_wrong_metainfo(meta, pattern):
    with pytest.raises(ValueError, match=pattern):
        complete_metainfo(dict(dict(classes=SIDED, flip_pairs=[]), **meta))


def test_gaps_are_filled_and_all_is_plain():
    """Checkpoints hold it; readers allow no classes of mmengine."""
    cfg = Config(dict(meta=dict(classes=['bg', 'a'], notes=[dict(by={})])))
    meta = complete_metainfo(cfg.meta)
    assert meta == dict(
        classes=('bg', 'a'),
        notes=[dict(by={})],
        palette=[[0, 0, 0], [128, 0, 0]],
        flip_pairs=[])
    assert type(meta) is type(meta['notes'][0]) is dict
    assert type(meta['notes'][0]['by']) is dict
    check_keys(dict(classes=0, notes=0), own=['notes'])


def test_a_palette_may_be_an_array():
    colours = [[0, 0, 0], [1, 2, 255]]
    palette = complete_metainfo(
        dict(classes=('bg', 'a'), palette=np.uint8(colours)))['palette']
    assert palette == colours and type(palette[1][2]) is int


def test_default_palette_is_voc():
    assert default_palette(10)[1:] == [[128, 0, 0], [0, 128, 0], [128, 128, 0],
                                       [0, 0, 128], [128, 0, 128],
                                       [0, 128, 128], [128, 128, 128],
                                       [64, 0, 0], [192, 0, 0]]
    assert len(set(map(tuple, default_palette(255)))) == 255
