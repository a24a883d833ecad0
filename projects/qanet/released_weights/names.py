# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How the released system calls its weights, and how we do."""
from typing import Container, Dict, Iterable, NamedTuple, Optional, Tuple

# Released prefix -> ours; what stands behind it (``weight`` ...) is the same,
# so that one table serves both directions. The semantic FPN counts its levels
# from the smallest one, mmseg's from the biggest.
_PARSING = {
    'Parsing.Output.classify': 'decode_head.conv_seg',
    'Parsing.ParsingIoU.Head.conv1x1.0': 'decode_head.iou_branch.conv',
    'Parsing.ParsingIoU.Head.conv_layers.0.0': 'decode_head.iou_branch.fcs.0',
    'Parsing.ParsingIoU.Head.conv_layers.1.0': 'decode_head.iou_branch.fcs.1',
    'Parsing.ParsingIoU.Output.parsing_iou':
    'decode_head.iou_branch.regressor',
}
_CONVS_OF_LEVEL = (1, 1, 2, 3)  # strides 4, 8, 16, 32
_FPN_LEVELS = {3: 'p5_{}', 2: 'fpn_{}.0', 1: 'fpn_{}.1', 0: 'fpn_{}.2'}


def _with_norms(convs: Iterable[Tuple[str, str]]) -> Dict[str, str]:
    """Entries of convolutions that have a norm behind them."""
    return {
        f'Conv_Body_FPN.{released}.{k}': f'{ours}.{kind}'
        for released, ours in convs
        for k, kind in enumerate(('conv', 'bn'))
    }


# An upsampling is behind each convolution but those of the finest level.
_SEMANTIC_FPN = _with_norms((f'scale{4 - level}_block.{2 * k}',
                             f'decode_head.scale_heads.{level}.{2 * k}')
                            for level, num_convs in enumerate(_CONVS_OF_LEVEL)
                            for k in range(num_convs))
_FPN = _with_norms(
    (f'fpn.{name.format(side)}', f'neck.{convs}.{level}')
    for level, name in _FPN_LEVELS.items()
    for side, convs in (('in', 'lateral_convs'), ('out', 'fpn_convs')))


def _stem(conv: str, norm: str, step: int) -> Dict[str, str]:
    """The three convolutions before the first stage, each with its norm."""
    return {
        f'Conv_Body.{kind}{k + 1}': name.format(k * step, k * step + 1)
        for k in range(3)
        for kind, name in (('conv', conv), ('bn', norm))
    }


class Network(NamedTuple):
    """One of the released networks."""
    name: str  # what it is called here
    config: str  # our config for CIHP, relative to ``configs``
    prefixes: Dict[str, str]  # released prefix -> ours


_BODY = {'Conv_Body': 'backbone'}
_V1C = dict(_BODY, **_stem('backbone.stem.{0}', 'backbone.stem.{1}', 3))
# The first stage does not shrink, so mmpretrain has no pooling there to count.
_FIRST_SHORTCUT = {
    'Conv_Body.layer1.0.downsample.1': 'backbone.layer1.0.downsample.0',
    'Conv_Body.layer1.0.downsample.2': 'backbone.layer1.0.downsample.1',
}
_V1D = dict(_BODY, **_stem('backbone.stem.{0}.conv', 'backbone.stem.{0}.bn',
                           1), **_FIRST_SHORTCUT)
_QANET = 'qanet/qanet_{}_8xb32-140e_cihp-512x384.py'

NETWORKS = dict(
    r50=Network('QANet-R50', _QANET.format('r50_fpn'),
                dict(_V1C, **_FPN, **_SEMANTIC_FPN, **_PARSING)),
    r101=Network('QANet-R101', _QANET.format('r101_fpn'),
                 dict(_V1D, **_FPN, **_SEMANTIC_FPN, **_PARSING)),
    hrnet=Network('QANet-HRNet-W48', _QANET.format('hrnet-w48'),
                  dict(_BODY, **_SEMANTIC_FPN, **_PARSING)),
    simple=Network(
        'SimpleNet-R50',
        'simple_baseline/simple-baseline_r50_8xb32-140e_cihp-256x192.py',
        dict(
            _V1C, **{
                'Conv_Body_FPN.deconv_module': 'decode_head.deconv_layers',
                'Parsing.Output.classify': 'decode_head.conv_seg'
            })),
)


def find_network(names: Container[str]) -> Optional[Network]:
    """Tell from the released names of its entries which network a file is of.

    A backbone alone has no ``Conv_Body.``. None if it is none of the four.
    """

    def has(name: str) -> bool:
        return f'Conv_Body.{name}' in names or name in names

    if has('transition1.0.0.weight'):
        return NETWORKS['hrnet']
    if not has('layer1.0.conv1.weight') or not has('conv3.weight'):
        return None
    # Average pooling is entry 0 of a shortcut, so the norm is entry 2.
    if has('layer1.0.downsample.2.weight'):
        return NETWORKS['r101']
    if 'Conv_Body_FPN.deconv_module.0.weight' in names:
        return NETWORKS['simple']
    return NETWORKS['r50']


def translate(name: str, prefixes: Dict[str, str]) -> Optional[str]:
    """Translate a name by its longest known prefix; None if none fits."""
    parts = name.split('.')
    for length in range(len(parts) - 1, 0, -1):
        prefix = '.'.join(parts[:length])
        if prefix in prefixes:
            return '.'.join([prefixes[prefix], *parts[length:]])
    return None
