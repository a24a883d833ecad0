# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from pathlib import Path

import pytest

from projects.qanet.utils.errors import InputError
from tools.misc import model_zoo

ROOT = Path(__file__).resolve().parents[2]


def test_every_config_is_listed_once():
    listed = [model['Config'] for model in model_zoo.read_models()]
    # Those on drawn people are reported in docs/ablation.md.
    there = [
        str(path.relative_to(ROOT))
        for folder in ('qanet', 'simple_baseline', 'ablation', 'fcos',
                       'mixing', 'qam', 'parsing_rcnn', 'rp_rcnn', 'densepose')
        for path in (ROOT / 'configs' / folder).glob('*.py')
        if 'synthetic' not in path.name
    ]
    assert sorted(listed) == sorted(there)
    for model in model_zoo.read_models():
        assert model['Name'] == Path(model['Config']).stem
        assert model['Results'][0]['Source'].startswith(
            'published' if 'Metrics' in
            model['Results'][0] else 'not measured')


def test_published_figures():
    """Tables 4 and 5, a row of each, and those of the authors' repository."""
    models = {model['Name']: model for model in model_zoo.read_models()}
    figures = ('mIoU', 'APp', 'APp_50', 'PCP_50', 'APr', 'APr_50')
    single = ('pixAcc', 'mAcc', 'mIoU')
    for name, keys, *rows in (
        ('r50_fpn_8xb32-140e_cihp-512x384', figures, (62.9, 60.1, 74.3, 68.9,
                                                      56.2, 63.5)),
        ('r101_fpn_8xb32-140e_cihp-512x384', figures, None,
         (64.1, 62.0, 77.9, 72.4, 57.9, 65.6)),
        ('hrnet-w48_8xb32-140e_lip-512x384', single, (88.92, 71.17, 59.61),
         (88.92, 71.87, 59.61)),
        ('hrnet-w48_8xb32-140e_lip-544x416', single, None, (89.19, 72.97,
                                                            60.52)),
    ):
        results = models[f'qanet_{name}']['Results']
        for own, row in enumerate(rows):
            found = [
                result['Metrics'] for result in results
                if ("authors' repository" in result['Source']) == own
            ]
            assert row is None or dict(zip(keys, row)) in found, name
    assert sum('Converted From' in model for model in models.values()) == 6


def test_document_is_up_to_date(run_tool):
    run_tool('tools/misc/model_zoo.py', '--check', code=0)


def test_a_table_has_its_columns_in_order():
    own = {'Source': 'not measured', 'Test Time Augmentation': 'flip'}
    published = dict(Metrics=dict(APp=60.1, mIoU=62.9), Source='published')
    model = dict(
        Name='net',
        Config='configs/qanet/net.py',
        Metadata={
            'Backbone': 'R50',
            'Input Size': '512x384'
        },
        Results=[dict(published, Dataset='CIHP'), own])
    text = model_zoo.format_models([model])
    head, _, *rows = [[cell.strip() for cell in line.split('|')[1:-1]]
                      for line in text.splitlines()]
    assert head == [
        'config', 'backbone', 'input', 'test with', 'mIoU', 'APp', 'figures'
    ]
    name = '[net](../configs/qanet/net.py)'
    assert rows == [[name, 'R50', '512x384', '-', '62.9', '60.1', 'published'],
                    [name, 'R50', '512x384', 'flip', '-', '-', 'not measured']]
    model['Weights'] = 'https://x.pth'
    assert model_zoo.format_models([model
                                    ]).count('[mmdet](https://x.pth) |\n') == 2
    assert model_zoo.select([model], 'CIHP') == [model]
    with pytest.raises(InputError, match="no metafile has models for .*'LIP'"):
        model_zoo.select([model], 'LIP')
