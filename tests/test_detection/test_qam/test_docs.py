# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What docs/qam.md shows is run, and what it names exists."""
import re
from pathlib import Path

import numpy as np
import pytest
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.registry import METRICS, MODELS
from mmengine.config import Config

from projects.qanet.detection import qam

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / 'docs/qam.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL)


def find_block(word):
    block, = [block for block in BLOCKS if word in block]
    return block


def test_third_party_network():
    pytest.importorskip('torchvision')
    names = {}
    exec(find_block('deeplabv3_resnet50('), names)
    expected = (names['box_scores'] * names['person']).sqrt()
    np.testing.assert_allclose(names['persons'], expected, rtol=1e-6)
    assert names['parts'].shape == (2, 19)


def test_numpy_masks():
    names = {}
    exec(find_block('default_rng'), names)
    probs = names['probs']
    pixel = (probs >= .75).sum((1, 2)) / (probs >= .25).sum((1, 2))
    np.testing.assert_allclose(
        names['scores'], np.sqrt(names['box_scores'] * pixel), rtol=1e-6)
    assert (np.diff(names['scores'][names['ranking']]) <= 0).all()


def test_five_lines_are_the_whole_config(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(find_block('_base_'))
    shown = Config.fromfile(path)
    ours = Config.fromfile(ROOT /
                           'configs/qam/mask-rcnn_r50_fpn_1x_coco_qam.py')
    quality = ours.model.roi_head.mask_head.pop('quality')
    assert shown.model == ours.model
    assert shown.test_evaluator == ours.test_evaluator
    # The config says what the defaults are.
    assert qam.MaskQuality(**quality) == qam.MaskQuality()


def test_own_head():
    exec(find_block('QualityMyMaskHead'), dict(MyMaskHead=FCNMaskHead))
    head = MODELS.module_dict.pop('QualityMyMaskHead')
    assert issubclass(head, qam.QualityMaskMixin)


def test_heads_are_the_plain_ones_with_qam():
    for name in qam.__all__:
        if name.endswith('Head'):
            plain = name.replace('Quality', '').replace('SOLOv2', 'SOLOV2')
            assert issubclass(MODELS.get(name), MODELS.get(plain)), name


def test_names_exist():
    for name in set(re.findall(r'`(Quality\w+)`', TEXT)):
        registry = METRICS if name.endswith('Metric') else MODELS
        assert registry.get(name) is getattr(qam, name)
    named = re.findall(r'^\| `(\S+_qam\.py)`', TEXT, re.MULTILINE)
    existing = [path.name for path in (ROOT / 'configs/qam').glob('*.py')]
    assert sorted(named) == sorted(existing)
