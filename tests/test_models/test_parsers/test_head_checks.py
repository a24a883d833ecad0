# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What cannot be trained is refused when the parser is built."""
import pytest
from mmseg.registry import MODELS

from projects.qanet.testing.parsers import small_qanet, toy_config
from projects.qanet.utils.errors import InputError

SIGMOID = dict(type='CrossEntropyLoss', use_sigmoid=True)
OHEM = dict(type='OHEMPixelSampler', min_kept=9)
BINARY_LOVASZ = dict(type='LovaszLoss', loss_type='binary', reduction='none')
FIVE = [1., 2., 3., 4., 5.]


def head(kind='FCNHead', **settings):
    if kind == 'FCNHead':
        settings = dict(num_convs=1, **settings)
    if kind == 'OCRHead':
        settings = dict(ocr_channels=4, **settings)
    if kind == 'PointHead':
        settings = dict(in_channels=[16], in_index=[0], **settings)
    return dict(
        dict(type=kind, in_channels=16, in_index=0, channels=4, num_classes=5),
        **settings)


def build(decode_head=None, auxiliary_head=None, **changes):
    return MODELS.build(
        toy_config(
            decode_head=decode_head or head(),
            auxiliary_head=auxiliary_head,
            **changes))


def cascade(*heads, **changes):
    return dict(
        dict(
            type='CascadeTopDownParser',
            num_stages=len(heads),
            decode_head=list(heads)), **changes)


NO_SOFTMAX = [
    dict(type='CrossEntropyLoss'),
    dict(type='CrossEntropyLoss', use_mask=True),
    dict(type='ParsingCrossEntropyLoss'),
    dict(type='LovaszSoftmaxLoss'),
    dict(type='LovaszLoss', reduction='none'),
    dict(type='DiceLoss'),
    dict(type='TverskyLoss'),
    dict(type='FocalLoss'),
    dict(type='OhemCrossEntropy'),
]


@pytest.mark.parametrize('kind', ['QANetHead', 'FPNHead'])
@pytest.mark.parametrize('settings, message', [
    (dict(loss_decode=[SIGMOID, loss]),
     f'has out_channels=1, one .*{loss["type"]} of these settings does not')
    for loss in NO_SOFTMAX
] + [
    (dict(threshold=1.), r'threshold must be in \(0, 1\), but got 1.0'),
    (dict(threshold='0.5'), r"threshold must be in \(0, 1\), but got '0.5'"),
    (dict(num_classes=20), 'num_classes must be 2, but got 20'),
    (dict(num_classes=1), 'num_classes must be 2, but got 1'),
    (dict(sampler=OHEM),
     'but a sampler compares the logits of several classes'),
    (dict(loss_decode=dict(SIGMOID, class_weight=[1., 5.])),
     'class_weight of CrossEntropyLoss has 2 numbers, but the head has 1 log'),
    (dict(loss_decode=dict(BINARY_LOVASZ, class_weight=[5.])),
     'does not look at class_weight'),
])
def test_settings_that_do_not_fit_one_logit(kind, settings, message):
    fitting = dict(
        type=kind,
        num_classes=2,
        out_channels=1,
        threshold=.5,
        loss_decode=SIGMOID)
    with pytest.raises(InputError, match=f'{kind}.*{message}'):
        small_qanet(**dict(fitting, **settings))
    small_qanet(**fitting)


@pytest.mark.parametrize('settings, message', [
    (dict(sampler=OHEM, loss_decode=[dict(type=loss) for loss in losses]),
     f'sampler= weighs pixels, which {losses[-1]} cannot')
    for losses in (['ParsingCrossEntropyLoss', 'LovaszSoftmaxLoss'],
                   ['TverskyLoss'], ['DiceLoss'], ['HuasdorffDisstanceLoss'])
] + [(dict(loss_decode=[
    dict(type='DiceLoss'),
    dict(type=kind, class_weight=FIVE[:4])
]), f'class_weight of {kind} has 4 numbers, but the head has 5 cla')
     for kind in ('CrossEntropyLoss', 'TverskyLoss')] + [
         (dict(
             sampler=OHEM,
             loss_decode=dict(type='LovaszLoss', reduction='none')),
          'sampler= weighs pixels, which LovaszLoss cannot'),
         (dict(loss_decode=dict(SIGMOID, class_weight=FIVE)),
          'CrossEntropyLoss of these settings cannot be the loss_decode of '),
         (dict(loss_decode=dict(type='BoundaryLoss')),
          "BoundaryLoss of .* unexpected keyword argument 'weight'"),
         (dict(loss_decode=dict(type='OhemCrossEntropy')),
          "OhemCrossEntropy of .* unexpected keyword argument 'weight'"),
         (dict(loss_decode=dict(type='CrossEntropyLoss', use_mask=True)),
          'CrossEntropyLoss of these settings cannot be'),
         (dict(loss_decode=BINARY_LOVASZ),
          'LovaszLoss of these settings cannot be'),
     ])
def test_losses_that_fail_or_ignore_weights(settings, message):
    """In the head and beside it."""
    with pytest.raises(InputError, match=message):
        small_qanet(**settings)
    with pytest.raises(InputError, match=message):
        build(auxiliary_head=head(**settings))


@pytest.mark.parametrize('settings', [
    dict(
        sampler=OHEM,
        loss_decode=dict(
            type='CrossEntropyLoss', class_weight=[1.] * 5,
            avg_non_ignore=avg)) for avg in (False, True)
] + [
    dict(
        loss_decode=[dict(type='ParsingCrossEntropyLoss', class_weight=FIVE)]),
    dict(
        loss_decode=dict(
            type='LovaszLoss', reduction='none', class_weight=[0., *FIVE[1:]
                                                               ])),
    dict(loss_decode=dict(type='TverskyLoss', class_weight=FIVE)),
    dict(
        loss_decode=[SIGMOID,
                     dict(type='TverskyLoss'),
                     dict(type='DiceLoss')]),
])
def test_losses_that_heed_their_weights(settings):
    small_qanet(**settings)
    build(auxiliary_head=head(**settings))


QUALITY = head(
    'QANetHead',
    in_channels=[16],
    in_index=[0],
    feature_strides=[4],
    num_classes=7)
BESIDE = 'Head has num_classes=7, the last decode_head has 5'
LATER = ('Head takes the logits of another head: it must be a later '
         'decode_head of a CascadeTopDownParser')
TWO = 'PointHead compares the logits of two classes: leave out out_channels=1'
ONE_LOGIT = dict(
    num_classes=2, out_channels=1, threshold=.5, loss_decode=SIGMOID)


@pytest.mark.parametrize('changes, message', [
    (dict(auxiliary_head=head(num_classes=7)), BESIDE),
    (dict(auxiliary_head=QUALITY), BESIDE),
    (dict(auxiliary_head=[head(), head(num_classes=7)]), BESIDE),
    (dict(decode_head=[head(), head()]),
     'TopDownParser has one decode_head, but got a list of 2: a cascade of '
     'several is a CascadeTopDownParser'),
    (dict(decode_head=head('OCRHead')), f'OCR{LATER}'),
    (dict(decode_head=head('PointHead')), f'Point{LATER}'),
    (dict(auxiliary_head=[head('OCRHead')]), f'OCR{LATER}'),
    (dict(auxiliary_head=[head('PointHead')]), f'Point{LATER}'),
    (cascade(head(), head()),
     'FCNHead cannot be a later decode_head of a CascadeTopDownParser: that '
     'must be a BaseCascadeDecodeHead'),
    (cascade(head('OCRHead'), head('OCRHead')), f'OCR{LATER}'),
    (cascade(head(), head('OCRHead', num_classes=2)),
     'FCNHead has num_classes=5, the last decode_head has 2'),
    (cascade(head(**ONE_LOGIT), head('PointHead', num_classes=2)), TWO),
    (cascade(head(num_classes=2), head('PointHead', **ONE_LOGIT)), TWO),
    (cascade(head()), 'num_stages=1 configs, at least two'),
    (cascade(decode_head=head(),
             num_stages=2), 'list of num_stages=2 configs'),
])
def test_heads_that_do_not_fit_each_other(changes, message):
    with pytest.raises(InputError, match=message):
        build(**changes)


def test_edges_are_no_classes():
    model = build(auxiliary_head=dict(head(num_classes=2), type='STDCHead'))
    assert model.num_classes == 5 and model.auxiliary_head.num_classes == 2
