# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every data set's classes, colours, flip pairs and config."""
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from projects.qanet.datasets import PPPParsingDataset
from projects.qanet.datasets.metainfo import complete_metainfo, default_palette
from projects.qanet.utils.errors import InputError

LIP_PAIRS = [(14, 15), (16, 17), (18, 19)]
MHP_PAIRS = [(5, 6), (7, 8), *((k, k + 1) for k in range(22, 34, 2))]
# Colours of CIHP are seen in the download's own pictures (RGB).
CIHP_COLOURS = {
    5: [255, 85, 0],
    10: [85, 51, 0],
    13: [0, 0, 255],
    19: [255, 170, 0]
}
# Name, type, config -> number of classes, flip pairs, some classes.
TABLE = {
    ('CIHP', 'CIHPParsingDataset', 'cihp'):
    (20, LIP_PAIRS, '1 Hat 2 Hair 3 Glove 4 Sunglasses 5 Upper-clothes '
     '6 Dress 9 Pants 10 Torso-skin 13 Face 14 Left-arm 19 Right-shoe'),
    ('LIP', 'LIPParsingDataset', 'lip'):
    (20, LIP_PAIRS, '1 Hat 10 Jumpsuits 13 Face 16 Left-leg 19 Right-shoe'),
    ('MHP-v2', 'MHPv2ParsingDataset', 'mhp-v2'):
    (59, MHP_PAIRS, '1 Cap/hat 10 Bikini/bra 16 Torso-skin 33 Right-foot '
     '47 Sunglasses 58 Other-lower-body-clothes'),
    ('PASCAL-Person-Part', 'PPPParsingDataset', 'ppp'):
    (7, [], '1 Head 2 Torso 3 Upper-arms 4 Lower-arms 5 Upper-legs '
     '6 Lower-legs'),
    ('ATR', 'ATRParsingDataset', 'atr'): (18, [(9, 10), (12, 13), (14, 15)],
                                          '3 Sunglasses 9 Left-shoe 11 Face '
                                          '15 Right-arm 17 Scarf')
}


@pytest.mark.parametrize('names', TABLE)
def test_metainfo(names):
    number, pairs, words = TABLE[names]
    meta = complete_metainfo(DATASETS.get(names[1]).METAINFO)
    classes, palette = meta['classes'], meta['palette']
    assert len(classes) == number and classes[0] == 'Background'
    words = words.split()
    assert [classes[int(label)] for label in words[::2]] == words[1::2]
    # Exactly the classes that are named so are left or right.
    assert meta['flip_pairs'] == pairs
    assert sorted(label for pair in pairs for label in pair) == [
        label for label, name in enumerate(classes)
        if name.startswith(('Left-', 'Right-'))
    ]
    for left, right in pairs:
        assert classes[left].replace('Left-', 'Right-') == classes[right]
    assert len(palette) == len(set(map(tuple, palette))) == number
    assert palette[0] == [0, 0, 0]
    if names[0] in ('CIHP', 'LIP'):
        assert {
            label: palette[label]
            for label in CIHP_COLOURS
        } == CIHP_COLOURS


def build_ppp(tiny_cihp, info=None, **kwargs):
    tiny_cihp.write_annotations(info=info)
    return PPPParsingDataset(**tiny_cihp.arguments(**kwargs))


def test_names_and_colours_follow_the_label_order(tiny_cihp):
    meta = build_ppp(tiny_cihp, label_order='released').metainfo
    assert meta['classes'] == ('Background', 'Lower-arms', 'Head',
                               'Upper-legs', 'Torso', 'Lower-legs',
                               'Upper-arms')
    official = dict(
        zip(PPPParsingDataset.METAINFO['classes'], default_palette(7)))
    assert meta['palette'] == [official[name] for name in meta['classes']]
    # The class's own table stays as it is.
    assert build_ppp(tiny_cihp).metainfo['classes'][1] == 'Head'


def test_noted_label_order_must_agree(tiny_cihp):
    info = dict(label_order='released')
    assert len(build_ppp(tiny_cihp, info, label_order='released')) == 2
    with pytest.raises(
            InputError, match='CIHP_train.json has labels in the released '):
        build_ppp(tiny_cihp, info)
    with pytest.raises(InputError, match='label_order must be one of'):
        build_ppp(tiny_cihp, label_order='soeaver')


@pytest.mark.parametrize('name, dataset, file', TABLE)
def test_config(name, dataset, file, request):
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
