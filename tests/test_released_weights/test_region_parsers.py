# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

pytest.importorskip('mmdet.models')

from mmdet.registry import MODELS  # noqa: E402
from mmengine.registry import DefaultScope  # noqa: E402

import projects.qanet.detection.region_parsers  # noqa: E402, F401
from projects.qanet.datasets.metainfo import checkpoint_meta  # noqa: E402
from projects.qanet.released_weights import (  # noqa: E402
    convert_region_parser, fill_network, region_parser_config)
from projects.qanet.utils.checkpoint import read_checkpoint  # noqa: E402
from projects.qanet.utils.errors import InputError  # noqa: E402
from projects.qanet.utils.weights import load_checkpoint  # noqa: E402
from tests.test_detection.test_region_parsers.released import SHAPES  # noqa
from .test_conversion import save_released  # noqa: E402

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = dict(parsing_rcnn='Parsing R-CNN', rp_rcnn='RP R-CNN')
TOOL = 'tools/model_converters/rcnn_to_mmdet.py'


def numbered(network, num_classes=20, folded=False):
    """Entries that are filled with their place in the file."""
    found = {}
    for place, (name, shape) in enumerate(SHAPES[network].items()):
        if folded and name.split('.')[-1].startswith(('running', 'num_')):
            continue
        shape = [num_classes if size == 20 else size for size in shape]
        shape = [512 + num_classes if size == 532 else size for size in shape]
        found[name] = torch.full(shape, float(place))
    return found


def build(report):
    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(region_parser_config(report, str(CONFIGS)))


@pytest.mark.parametrize('folded', [False, True])
@pytest.mark.parametrize('network', NAMES)
def test_every_entry_finds_its_place(network, folded):
    weights = numbered(network, folded=folded)
    report = convert_region_parser(dict(model=weights, optimizer={}))
    assert report.network.name == NAMES[network]
    fill_network(report, build(report), 'x.pth')
    anchors = [f'RPN.anchor_generator.cell_anchors.{k}' for k in range(5)]
    assert report.unknown == anchors
    ours = report.state_dict
    used = {weights[name].flatten()[0].item() for name in weights}
    used -= {weights[name][0, 0].item() for name in anchors}
    norms = [name for name in ours if name.endswith('.running_var')]
    added = [
        name for name in ours
        if folded and name.split('.')[-1].startswith(('running', 'num_'))
    ]
    kept = [ours[name].flatten()[0] for name in ours if name not in added]
    assert sorted(kept) == sorted(used) and len(norms) == 53
    assert len(added) == (3 * 53 if folded else 0)
    for name in added:
        assert (ours[name] == float('running_var' in name)).all()


def test_boxes_have_the_background_last():
    weights = numbered('parsing_rcnn')
    for kind in ('weight', 'bias'):
        for layer in ('cls_score', 'bbox_pred'):
            value = weights[f'Fast_RCNN.Output.{layer}.{kind}']
            value.copy_(torch.arange(value.numel()).view(value.shape))
    ours = convert_region_parser(weights).state_dict
    head = 'roi_head.bbox_head.'
    assert ours[f'{head}fc_cls.bias'].tolist() == [1, 0]
    assert ours[f'{head}fc_reg.bias'].tolist() == [4, 5, 6, 7]
    assert ours[f'{head}fc_cls.weight'][:, 0].tolist() == [1024, 0]
    assert ours[f'{head}fc_reg.weight'][0, 0] == 4 * 1024


def test_what_does_not_fit_is_named():
    weights = numbered('parsing_rcnn')
    del weights['Fast_RCNN.Head.fc7.bias']
    weights['RPN.head.conv.weight'] = torch.zeros(2, 3)
    report = convert_region_parser(weights)
    message = (r'(?s)x.pth is no complete Parsing R-CNN.*Missing .*shared_fcs.'
               r'1.bias.*rpn_conv.weight: .*Size\(\[2, 3\]\)')
    with pytest.raises(InputError, match=message):
        fill_network(report, build(report), 'x.pth')
    del weights['Parsing_RCNN.Output.parsing_score_lowres.weight']
    with pytest.raises(InputError, match='neither of Parsing R-CNN nor of RP'):
        convert_region_parser(weights, 'x.pth')


def test_tool(tmp_path, run_tool):
    """A file of the trainer, of MHP-v2, tested with the config it names."""
    src, dst = tmp_path / 'src.pth', tmp_path / 'ours.pth'
    save_released(src, numbered('rp_rcnn', num_classes=59, folded=True))
    output = run_tool(TOOL, src, dst, code=0).stdout
    assert 'left out 5 entries' in output and 'cell_anchors.4\n' in output
    assert 'RP R-CNN' in output and 'trained on mhp-v2: ' in output
    name = output.strip().rpartition('test it with ')[2]
    assert name == ('configs/rp_rcnn/'
                    'rp-rcnn_r50-caffe_fpn-gn_8xb2-6x_mhp-v2.py')
    cfg = Config.fromfile(CONFIGS.parent / name).model
    cfg.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope('mmdet'):
        load_checkpoint(MODELS.build(cfg), str(dst))
    assert len(checkpoint_meta(read_checkpoint(dst))['classes']) == 59
    done = run_tool(TOOL, src, dst, '--dataset', 'lip', code=2)
    assert 'has 59 classes: --dataset must say' in done.stderr
