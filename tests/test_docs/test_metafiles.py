# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metafiles of configs that docs/model_zoo.md does not tabulate."""
import re
from pathlib import Path

import pytest
import yaml
from mmengine.utils import get_installed_path

from projects.qanet.utils.configs import read_config

ROOT = Path(__file__).parents[2]


def models(folder):
    text = (ROOT / f'configs/{folder}/metafile.yml').read_text()
    return {model['Name']: model for model in yaml.safe_load(text)['Models']}


def figures(model, source):
    """Mask AP of a source, None if there is no such result."""
    found = [
        result['Metrics']['mask AP'] for result in model['Results']
        if result['Source'].startswith(source)
    ]
    return found[0] if found else None


def test_the_table_of_qam_is_the_metafiles():
    text = (ROOT / 'configs/qam/README.md').read_text()
    rows = re.findall(r'^\| \[(\S+)\.py\]\S* \| (.*?) \| (.*?) \| (.*?) \|$',
                      text, re.M)
    assert len(rows) == len(models('qam')) == 7
    for name, base, ours, published in rows:
        model = models('qam')[name]
        assert ours == 'not measured'
        assert published == str(figures(model, 'published') or '-'), name
        assert base == str(figures(model, 'mmdet') or 'no weights published')
        assert ('Weights' in model) == (figures(model, 'mmdet') is not None)


def test_weights_and_base_figures_are_mmdets():
    """Of the very config that ours stands on."""
    theirs = {}
    folder = Path(get_installed_path('mmdet')) / '.mim'
    for path in folder.glob('configs/*/metafile.yml'):
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        if isinstance(content, dict):
            theirs.update({m['Config']: m for m in content.get('Models', ())})
    for name, model in models('qam').items():
        base = re.search(r"_base_ = 'mmdet::(\S+)'",
                         (ROOT / model['Config']).read_text())[1]
        plain = theirs.get(f'configs/{base}')
        assert model.get('Weights') == (plain and plain['Weights']), name
        expected = [
            result['Metrics'].get('mask AP')
            for result in (plain or {}).get('Results', ())
        ]
        assert figures(model, 'mmdet') in (expected or [None]), name


def test_table_7():
    published = {
        name: list(model['Results'][0]['Metrics'].values())
        for name, model in models('qam').items()
        if model['Results'][0]['Source'] == 'published, Table 7'
    }
    assert published == {
        'mask-rcnn_r50_fpn_1x_coco_qam': [36.2, 55.5, 39.0],
        'solov2_r50_fpn_1x_coco_qam': [35.2, 53.5, 37.7],
        'mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1_qam': [20.1, 31.2, 21.4]
    }


@pytest.mark.parametrize(
    'folder',
    ['fcos', 'mixing', 'qam', 'parsing_rcnn', 'rp_rcnn', 'densepose'])
def test_schedule_and_batch(folder):
    for name, model in models(folder).items():
        cfg = read_config(ROOT / model['Config'])
        data = model['Metadata']
        length = data.get('Epochs') or data['Iterations']
        assert length == cfg.train_cfg.get('max_epochs',
                                           cfg.train_cfg.get('max_iters'))
        gpus = int(re.search(r'(\d)xb\d', name)[1]) if 'xb' in name else 8
        assert data['Batch Size'] == gpus * cfg.train_dataloader.batch_size
