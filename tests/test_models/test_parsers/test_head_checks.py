# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What cannot be trained is refused when the parser is built."""
import pytest
from mmseg.registry import MODELS

from projects.qanet.testing.parsers import small_qanet, toy_config
from projects.qanet.utils.errors import InputError

OHEM = dict(type='OHEMPixelSampler', min_kept=9)
FIVE = [1., 2., 3., 4., 5.]


def loss(kind, **settings):
    return dict(type=kind, **settings)


SIGMOID = loss('CrossEntropyLoss', use_sigmoid=True)
MASK = loss('CrossEntropyLoss', use_mask=True)
LOVASZ = loss('LovaszLoss', reduction='none')
BINARY_LOVASZ = dict(LOVASZ, loss_type='binary')
DICE, TVERSKY, OHEM_LOSS = map(loss,
                               ('DiceLoss', 'TverskyLoss', 'OhemCrossEntropy'))
ONE_LOGIT = dict(
    num_classes=2, out_channels=1, threshold=.5, loss_decode=SIGMOID)


def head(kind='FCNHead', **settings):
    own = dict(
        FCNHead=dict(num_convs=1),
        OCRHead=dict(ocr_channels=4),
        PointHead=dict(in_channels=[16], in_index=[0]),
        QANetHead=dict(in_channels=[16], in_index=[0], feature_strides=[4]))
    common = dict(in_channels=16, in_index=0, channels=4, num_classes=5)
    return {**common, **own.get(kind, {}), **settings, 'type': kind}


def build(**changes):
    return MODELS.build(toy_config(**{'decode_head': head(), **changes}))


@pytest.mark.parametrize('kind', ['QANetHead', 'FPNHead'])
@pytest.mark.parametrize('settings, message', [
    (dict(loss_decode=[SIGMOID, wrong]),
     f'has out_channels=1, one .*{wrong["type"]} of these settings does not')
    for wrong in (loss('CrossEntropyLoss'), MASK, LOVASZ, DICE)
] + [
    (dict(threshold=1.), r'threshold must be in \(0, 1\), but got 1.0'),
    (dict(threshold='0.5'), r"threshold must be in \(0, 1\), but got '0.5'"),
    (dict(num_classes=20), 'num_classes must be 2, but got 20'),
    (dict(sampler=OHEM),
     'but a sampler compares the logits of several classes'),
    (dict(loss_decode=dict(SIGMOID, class_weight=[1., 5.])),
     'class_weight of CrossEntropyLoss has 2 numbers, but the head has 1 log'),
    (dict(loss_decode=dict(BINARY_LOVASZ, class_weight=[5.])),
     'does not look at class_weight'),
])
def test_settings_that_do_not_fit_one_logit(kind, settings, message):
    with pytest.raises(InputError, match=f'{kind}.*{message}'):
        small_qanet(**{**ONE_LOGIT, 'type': kind, **settings})


@pytest.mark.parametrize('settings, message', [
    (dict(sampler=OHEM, loss_decode=losses),
     f'sampler= weighs pixels, which {losses[-1]["type"]} cannot')
    for losses in
    ([loss('ParsingCrossEntropyLoss'),
      loss('LovaszSoftmaxLoss')], [TVERSKY], [DICE], [LOVASZ])
] + [
    (dict(loss_decode=[DICE, dict(TVERSKY, class_weight=FIVE[:4])]),
     'class_weight of TverskyLoss has 4 numbers, but the head has 5 cla'),
    (dict(loss_decode=dict(SIGMOID, class_weight=FIVE)),
     'CrossEntropyLoss of these settings cannot be the loss_decode of '),
    (dict(loss_decode=OHEM_LOSS),
     "OhemCrossEntropy of .* unexpected keyword argument 'weight'"),
    (dict(loss_decode=MASK), 'CrossEntropyLoss of these settings cannot be'),
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
        loss_decode=loss('CrossEntropyLoss', class_weight=[1.] * 5)),
    dict(loss_decode=[loss('ParsingCrossEntropyLoss', class_weight=FIVE)]),
    dict(loss_decode=dict(LOVASZ, class_weight=[0., *FIVE[1:]])),
    dict(loss_decode=dict(TVERSKY, class_weight=FIVE)),
    dict(loss_decode=[SIGMOID, TVERSKY, DICE]),
    dict(ONE_LOGIT, loss_decode=[SIGMOID, BINARY_LOVASZ]),
])
def test_losses_that_heed_their_weights(settings):
    small_qanet(**settings)


def cascade(*heads):
    return dict(
        type='CascadeTopDownParser',
        num_stages=len(heads),
        decode_head=list(heads))


BESIDE = 'Head has num_classes=7, the last decode_head has 5'
LATER = ('Head takes the logits of another head: it must be a later '
         'decode_head of a CascadeTopDownParser')
TWO = 'PointHead compares the logits of two classes: leave out out_channels=1'


@pytest.mark.parametrize('changes, message', [
    (dict(auxiliary_head=head('QANetHead', num_classes=7)), BESIDE),
    (dict(auxiliary_head=[head(), head(num_classes=7)]), BESIDE),
    (dict(decode_head=[head(), head()]),
     'TopDownParser has one decode_head, but got a list of 2: a cascade of '
     'several is a CascadeTopDownParser'),
    (dict(decode_head=head('PointHead')), f'Point{LATER}'),
    (dict(auxiliary_head=[head('OCRHead')]), f'OCR{LATER}'),
    (cascade(head(), head()),
     'FCNHead cannot be a later decode_head of a CascadeTopDownParser: that '
     'must be a BaseCascadeDecodeHead'),
    (cascade(head('OCRHead'), head('OCRHead')), f'OCR{LATER}'),
    (cascade(head(), head('OCRHead', num_classes=2)),
     'FCNHead has num_classes=5, the last decode_head has 2'),
    (cascade(head(**ONE_LOGIT), head('PointHead', num_classes=2)), TWO),
    (cascade(head(num_classes=2), head('PointHead', **ONE_LOGIT)), TWO),
    (cascade(head()), 'num_stages=1 configs, at least two'),
    (dict(cascade(head(), head()), decode_head=head()), 'list of num_stages'),
])
def test_heads_that_do_not_fit_each_other(changes, message):
    with pytest.raises(InputError, match=message):
        build(**changes)


def test_edges_are_no_classes():
    model = build(auxiliary_head=dict(head(num_classes=2), type='STDCHead'))
    assert model.num_classes == 5 and model.auxiliary_head.num_classes == 2
