# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from projects.qanet.deployment.metadata import read_metadata, write_metadata
from projects.qanet.models import QualityAwareModule
from projects.qanet.models.parsers import CropSettings
from projects.qanet.models.parsers.person_crops import normalize_crops
from projects.qanet.runtime.person_parser import DOCUMENT
from projects.qanet.utils.errors import InputError

META = dict(
    classes=('Background', 'Left', 'Right'),
    palette=[[0, 0, 0], [1, 2, 3], [4, 5, 6]],
    flip_pairs=[(1, 2)])

NORM = dict(mean=[1., 2., 3.], std=[4., 5., 6.], bgr_to_rgb=True)


def parser(**preprocessor):
    module = nn.Module()
    module.data_preprocessor = MODELS.build(
        dict(type='ParsingDataPreprocessor', **preprocessor))
    module.post_processor = QualityAwareModule((1, .5, 3), .25)
    module.settings = CropSettings((48, 64), 1.25, True, (1., 1.1), 7)
    return module


def document(**changes):
    return dict(json.loads(write_metadata(parser(**NORM), META)), **changes)


def test_document_has_everything():
    assert document() == dict(
        META,
        version=1,
        classes=list(META['classes']),
        flip_pairs=[[1, 2]],
        crop_size=[48, 64],
        padding=1.25,
        flip=True,
        scales=[1., 1.1],
        max_instances_per_batch=7,
        **NORM,
        quality_weights=[1, .5, 3],
        pixel_score_thr=.25)


@pytest.mark.parametrize('preprocessor', [dict(), NORM])
def test_what_is_written_is_read(preprocessor):
    module = parser(**preprocessor)
    read = read_metadata({DOCUMENT: write_metadata(module, META)}, 'a')
    assert read.dataset_meta == META and read.settings == module.settings
    assert read.post_processor.weights == (1, .5, 3)
    assert read.post_processor.pixel_score_thr == .25
    crops = torch.rand(2, 3, 5, 4) * 255
    torch.testing.assert_close(
        normalize_crops(read.data_preprocessor, crops),
        normalize_crops(module.data_preprocessor, crops))


@pytest.mark.parametrize('changes,text', [
    (dict(version=2), 'version 1'),
    (dict(crop_size=[48]), 'crop_size must be .* two whole numbers'),
    (dict(padding=0), 'padding must be a positive'),
    (dict(scales=[1, -1]), 'scales must be positive factors'),
    (dict(mean=[1, 2]), 'mean. should have 1 or 3 values'),
    (dict(std=[1, 2, 0]), 'std must be positive'),
    (dict(bgr_to_rgb=None), 'bgr_to_rgb must be'),
    (dict(quality_weights=[0, 0, 0]), 'not all 0'),
    (dict(pixel_score_thr=1.5), r'pixel_score_thr must be in \[0'),
    (dict(palette=[[0, 0, 0]]), '1 colours for 3 classes'),
    (dict(flip_pairs=3), 'a.onnx'),
])
def test_wrong_documents(changes, text):
    entries = {DOCUMENT: json.dumps(document(**changes))}
    with pytest.raises(InputError, match=text) as caught:
        read_metadata(entries, 'a.onnx')
    assert str(caught.value).startswith(f'a.onnx: metadata {DOCUMENT}')


@pytest.mark.parametrize('text, message', [
    ('{', 'a.onnx: .* is no JSON'),
    ('[]', 'version 1'),
    (None, 'a.onnx .*no entry.*export_onnx.py'),
    *((name, f'a.onnx: .* has no {name}')
      for name in sorted(set(document()) - {'version'})),
])
def test_missing_values_are_named(text, message):
    values = document()
    if values.pop(text, None) is not None:
        text = json.dumps(values)
    entries = dict(author='me') if text is None else {DOCUMENT: text}
    with pytest.raises(InputError, match=message):
        read_metadata(entries, 'a.onnx')


def test_other_models_cannot_be_described():
    with pytest.raises(InputError, match='a Linear cannot be written'):
        write_metadata(nn.Linear(1, 1), META)
