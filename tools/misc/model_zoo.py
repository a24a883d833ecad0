# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write the tables of docs/model_zoo.md from the metafiles.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`, NAME being
the data set, or the config folder of a chain of configs.
"""
import argparse
import re
import sys
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import yaml

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.tables import format_table
from tools.common.cli import plain_parser, run_tool

DOCUMENT = ROOT / 'docs/model_zoo.md'
_BLOCK = re.compile(r'(<!-- table: (.+?) -->\n)(.*?)(<!-- end -->)', re.DOTALL)
_ORDER = ('box AP', 'mIoU', 'pixAcc', 'mAcc', 'APp', 'APp_50', 'PCP_50', 'APr',
          'APr_50', 'mask AP', 'mask AP_50', 'mask AP_75')


def parse_args() -> argparse.Namespace:
    text = 'write nothing; fail if the document is not up to date'
    return plain_parser(__doc__, [('--check', text, False)]).parse_args()


def read_models() -> List[dict]:
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    return [
        model for path in index['Import']
        for model in yaml.safe_load((ROOT / path).read_text())['Models']
    ]


def select(models: List[dict], name: str) -> List[dict]:
    """Models of a data set in configs/qanet, or all of a folder of configs."""
    chosen = [
        model for model in models
        if name == Path(model['Config']).parent.name or (
            Path(model['Config']).parent.name,
            model['Results'][0]['Dataset']) == ('qanet', name)
    ]
    if not chosen:
        raise InputError(f'{DOCUMENT.name}: no metafile has models for the '
                         f'table {name!r}')
    return chosen


def format_models(models: List[dict]) -> str:
    results = [(model, result) for model in models
               for result in model['Results']]
    given = set().union(*(result.get('Metrics', ()) for _, result in results))
    keys = [key for key in _ORDER if key in given]
    header = [
        'config', 'backbone', 'input', 'test with', *keys, 'figures', 'weights'
    ]
    rows = []
    for model, result in results:
        metrics = result.get('Metrics', {})
        rows.append([
            f'[{model["Name"]}](../{model["Config"]})',
            model['Metadata']['Backbone'], model['Metadata']['Input Size'],
            result.get('Test Time Augmentation', '-'),
            *(str(metrics.get(key, '-')) for key in keys), result['Source'],
            _link_weights(model)
        ])
    if all(row[-1] == '-' for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    return format_table(header, rows, markdown=True) + '\n'


def _link_weights(model: dict) -> str:
    """Weights that fit as they are, or after conversion; '-' if none."""
    if 'Weights' in model:
        return f'[mmdet]({model["Weights"]})'
    if 'Converted From' in model:
        return f'[to convert]({model["Converted From"]["Weights"]})'
    return '-'


def main() -> None:
    args = parse_args()
    models = read_models()
    text = DOCUMENT.read_text()
    new = _BLOCK.sub(
        lambda match: match[1] + format_models(select(models, match[2])) +
        match[4], text)
    if args.check:
        if new != text:
            raise InputError('docs/model_zoo.md is older than the metafiles: '
                             'run python tools/misc/model_zoo.py')
        return
    DOCUMENT.write_text(new)
    print(f'{DOCUMENT.relative_to(ROOT)}: {len(models)} models')


if __name__ == '__main__':
    run_tool(main)
