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
                       'mixing', 'qam')
        for path in (ROOT / 'configs' / folder).glob('*.py')
        if 'synthetic' not in path.name
    ]
    assert sorted(listed) == sorted(there)
    for model in model_zoo.read_models():
        assert model['Name'] == Path(model['Config']).stem
        assert model['Results'][0]['Source'].startswith(
            'published' if 'Metrics' in
            model['Results'][0] else 'not measured')


def test_published_figures_are_the_papers():
    """Tables 4 and 5, a row of each."""
    metrics = {
        model['Name']: model['Results'][0].get('Metrics')
        for model in model_zoo.read_models()
    }
    assert metrics['qanet_r50_fpn_8xb32-140e_cihp-512x384'] == dict(
        mIoU=62.9, APp=60.1, APp_50=74.3, PCP_50=68.9, APr=56.2, APr_50=63.5)
    assert metrics['qanet_hrnet-w48_8xb32-140e_lip-512x384'] == dict(
        pixAcc=88.92, mAcc=71.17, mIoU=59.61)
    assert metrics['qanet_r50_fpn_8xb32-140e_ppp-512x384'] is None


def test_the_authors_repository_has_other_figures_and_four_networks():
    own = {
        model['Name'].split('_8xb32')[0]: result['Metrics']
        for model in model_zoo.read_models()
        for result in model['Results']
        if result['Source'] == "published, authors' repository"
    }
    assert own == {
        'qanet_r101_fpn':
        dict(mIoU=64.1, APp=62., APp_50=77.9, PCP_50=72.4, APr=57.9,
             APr_50=65.6),
        'qanet_hrnet-w48':  # the last one's, of 544x416
        dict(pixAcc=89.19, mAcc=72.97, mIoU=60.52)
    }
    assert sum('Converted From' in m for m in model_zoo.read_models()) == 4


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
