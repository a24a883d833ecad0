# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every data set's classes, colours and flip pairs, written out."""
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from projects.qanet.datasets import (ATRParsingDataset, CIHPParsingDataset,
                                     LIPParsingDataset, MHPv2ParsingDataset,
                                     PPPParsingDataset)
from projects.qanet.datasets.metainfo import complete_metainfo, default_palette
from projects.qanet.utils.errors import InputError

LIP_PAIRS = [(14, 15), (16, 17), (18, 19)]
MHP_PAIRS = [(5, 6), (7, 8), (22, 23), (24, 25), (26, 27), (28, 29), (30, 31),
             (32, 33)]
ATR_PAIRS = [(9, 10), (12, 13), (14, 15)]
# Data set -> number of classes, flip pairs, some classes.
TABLE = [
    (CIHPParsingDataset, 20, LIP_PAIRS, {
        2: 'Hair',
        5: 'Upper-clothes',
        10: 'Torso-skin',
        14: 'Left-arm',
        19: 'Right-shoe'
    }),
    (LIPParsingDataset, 20, LIP_PAIRS, {
        1: 'Hat',
        10: 'Jumpsuits',
        13: 'Face',
        16: 'Left-leg',
        19: 'Right-shoe'
    }),
    (MHPv2ParsingDataset, 59, MHP_PAIRS, {
        1: 'Cap/hat',
        10: 'Bikini/bra',
        16: 'Torso-skin',
        33: 'Right-foot',
        47: 'Sunglasses',
        58: 'Other-lower-body-clothes'
    }),
    (PPPParsingDataset, 7, [], {
        1: 'Head',
        2: 'Torso',
        3: 'Upper-arms',
        4: 'Lower-arms',
        5: 'Upper-legs',
        6: 'Lower-legs'
    }),
    (ATRParsingDataset, 18, ATR_PAIRS, {
        3: 'Sunglasses',
        9: 'Left-shoe',
        11: 'Face',
        15: 'Right-arm',
        17: 'Scarf'
    }),
]


@pytest.mark.parametrize('dataset,number,pairs,names', TABLE)
def test_metainfo(dataset, number, pairs, names):
    meta = complete_metainfo(dataset.METAINFO)
    assert DATASETS.get(dataset.__name__) is dataset
    classes = meta['classes']
    assert len(classes) == number and classes[0] == 'Background'
    assert {label: classes[label] for label in names} == names
    assert meta['flip_pairs'] == pairs
    # Exactly the classes that are named so are left or right.
    sided = {
        label
        for label, name in enumerate(classes)
        if name.startswith(('Left-', 'Right-'))
    }
    assert sided == {label for pair in pairs for label in pair}
    for left, right in pairs:
        assert classes[left].startswith('Left-')
        assert classes[left].replace('Left-', 'Right-') == classes[right]


@pytest.mark.parametrize('dataset,number', [row[:2] for row in TABLE])
def test_palette(dataset, number):
    palette = dataset.METAINFO['palette']
    assert len(palette) == number
    assert len(set(map(tuple, palette))) == number
    assert palette[0] == [0, 0, 0]


def test_lip_and_cihp_share_all_but_class_10():
    cihp, lip = CIHPParsingDataset.METAINFO, LIPParsingDataset.METAINFO
    assert cihp['palette'] == lip['palette']
    differing = [
        label for label in range(20)
        if cihp['classes'][label] != lip['classes'][label]
    ]
    assert differing == [10]


class TestLabelOrders:

    # 1 Lower-arm 2 Head 3 Upper-leg 4 Torso 5 Lower-leg 6 Upper.
    RELEASED = ('Background', 'Lower-arms', 'Head', 'Upper-legs', 'Torso',
                'Lower-legs', 'Upper-arms')

    def build(self, tiny_cihp, info=None, **kwargs):
        tiny_cihp.category[:] = np.minimum(tiny_cihp.category, 6)
        tiny_cihp.write_annotations(info=info)
        return PPPParsingDataset(**tiny_cihp.arguments(**kwargs))

    def test_names_and_colours_follow_the_labels(self, tiny_cihp):
        assert self.build(tiny_cihp).metainfo['classes'][1] == 'Head'
        meta = self.build(tiny_cihp, label_order='released').metainfo
        assert meta['classes'] == self.RELEASED
        official = dict(
            zip(PPPParsingDataset.METAINFO['classes'], default_palette(7)))
        assert meta['palette'] == [official[name] for name in self.RELEASED]
        assert meta['flip_pairs'] == []
        # The class's own table stays as it is.
        assert PPPParsingDataset.METAINFO['classes'][1] == 'Head'

    def test_noted_order_must_agree(self, tiny_cihp):
        info = dict(label_order='released')
        with pytest.raises(
                InputError,
                match='CIHP_train.json has labels in the released '):
            self.build(tiny_cihp, info)
        dataset = self.build(tiny_cihp, info, label_order='released')
        assert len(dataset) == 2

    def test_unknown_order(self, tiny_cihp):
        with pytest.raises(ValueError, match='label_order must be one of'):
            self.build(tiny_cihp, label_order='soeaver')


@pytest.mark.parametrize('file,name,dataset', [
    ('cihp', 'CIHP', 'CIHPParsingDataset'),
    ('mhp-v2', 'MHP-v2', 'MHPv2ParsingDataset'),
    ('ppp', 'PASCAL-Person-Part', 'PPPParsingDataset'),
    ('lip', 'LIP', 'LIPParsingDataset'),
    ('atr', 'ATR', 'ATRParsingDataset'),
])
def test_config(file, name, dataset, request):
    path = request.config.rootpath / f'configs/_base_/datasets/{file}_512x384'
    cfg = Config.fromfile(f'{path}.py')
    if file != 'cihp':  # nothing of the file it builds on is left
        assert 'CIHP' not in cfg.pretty_text
    for key, short, split in (('train', 'train', 'Training'),
                              ('val', 'val', 'Validation'), ('test', 'val',
                                                             'Validation')):
        part = cfg[f'{key}_dataloader'].dataset
        assert part.type == dataset
        assert part.data_root == f'data/{name}/'
        assert part.ann_file == f'annotations/{name}_{short}.json'
        assert part.data_prefix == dict(img=f'{split}/Images')
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        assert evaluator.ann_file == f'data/{name}/annotations/{name}_val.json'
        assert evaluator.data_root == f'data/{name}/Validation'
        # Single persons are scored by mIoU and accuracies alone.
        assert ('metric' in evaluator) == (name in ('LIP', 'ATR'))
