# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The inferencer with an ONNX file gives what it gives with torch."""
import numpy as np
import pytest
import torch

from projects.qanet.apis import HumanParsingInferencer
from projects.qanet.deployment.onnx_parser import OnnxParser
from projects.qanet.models.parsers import CropSettings
from projects.qanet.utils.errors import InputError

BOXES = [[10, 5, 50, 100, .9], [60, 12, 95, 105, .8], [90, 2, 149, 109, .7],
         [-8, 40, 30, 120, .6], [100, 70, 140, 90, .5]]
SCORES = ('scores', 'part_scores', 'iou_scores', 'pixel_scores',
          'part_pixel_scores', 'bbox_scores')


def parse(image, *files, **options):
    infer = HumanParsingInferencer(*files, device='cpu', **options)
    return infer(image, bboxes=BOXES, show_progress=False)['predictions'][0]


def test_same_persons_as_with_torch(parser_files, onnx_file, image):
    """Five persons at two scales, mirrored, four crops at a time."""
    expected = parse(image, *parser_files)
    found = parse(image, onnx_file[0])
    assert len(found) == 5 and found.image_size == (150, 110)
    differing = sum(
        (expected.part_map(k) != found.part_map(k)).sum() for k in range(5))
    assert differing <= 2
    for name in SCORES:
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), atol=1e-4)
    # Not by being the same for everybody.
    assert expected.iou_scores.std() > 1e-2 and expected.scores.min() > .1
    assert len(np.unique(expected.part_map(0))) > 3


def test_settings_of_the_caller(parser_files, onnx_file, image):
    options = dict(
        quality_weights=(1, 0, 0), palette=[[k, k, k] for k in range(20)])
    found = parse(image, onnx_file[0], **options)
    np.testing.assert_allclose(found.scores, [.9, .8, .7, .6, .5], rtol=1e-6)
    infer = HumanParsingInferencer(onnx_file[0], device='cpu', **options)
    assert infer.dataset_meta['palette'][7] == [7, 7, 7]
    assert infer.dataset_meta['flip_pairs'][0] == (14, 15)
    with pytest.raises(InputError, match='onnx holds its own weights.*x.pth'):
        HumanParsingInferencer(onnx_file[0], 'x.pth', device='cpu')
    with pytest.raises(InputError, match="device 'warp:9'"):
        HumanParsingInferencer(onnx_file[0], device='warp:9')


def test_metadata_steers_the_parser(onnx_file, rewrite, image):
    """Each setting of the file has its effect."""
    path = rewrite(lambda document: document.update(
        flip=False, scales=[1.], padding=1.5, quality_weights=[0, 1, 0]))
    changed = OnnxParser(path)
    assert changed.settings == CropSettings((48, 64), 1.5, False, (1., ), 4)
    assert not changed.training
    found = parse(image, changed)
    np.testing.assert_allclose(found.scores, found.iou_scores, rtol=1e-6)


@pytest.mark.parametrize('change,text', [
    (lambda d: d.update(crop_size=[64, 48]),
     r'says crop_size \(64, 48\), but .* takes crops of \(48, 64\)'),
    (lambda d: d.update(
        classes=d['classes'][:9], palette=d['palette'][:9], flip_pairs=[]),
     'names 9 classes, but its network has 20'),
])
def test_metadata_of_another_network(rewrite, change, text):
    with pytest.raises(InputError, match=f'changed.onnx.*{text}'):
        OnnxParser(rewrite(change))


def test_only_predicts(onnx_file):
    with pytest.raises(ValueError, match='mode predict only, not loss'):
        OnnxParser(onnx_file[0])(torch.zeros(1), mode='loss')
