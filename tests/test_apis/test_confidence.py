# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from pathlib import Path

import numpy as np
import pytest
import torch

from projects.qanet.apis import HumanParsingInferencer
from projects.qanet.apis.confidence import predict_confidence

CONFIG = Path(__file__).parents[2].joinpath(
    'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py')


@pytest.fixture(scope='module')
def untrained(tmp_path_factory):
    """A checkpoint of the debug parser with seeded weights."""
    from projects.qanet.apis.parser_builder import build_parser
    torch.manual_seed(0)
    model = build_parser(str(CONFIG), None, 'cpu')
    for name, weight in model.named_parameters():
        if 'conv_seg' in name:  # sure of something here and there
            torch.nn.init.normal_(weight, std=1.)
    path = tmp_path_factory.mktemp('confidence') / 'parser.pth'
    torch.save(dict(state_dict=model.state_dict()), str(path))
    return str(path)


def test_confidence_is_that_of_the_prediction(untrained):
    image = np.random.default_rng(1).integers(
        0, 256, (70, 110, 3), dtype=np.uint8)
    boxes = np.array([[5., 6., 40., 66.], [60., 20., 100., 50.]])
    infer = HumanParsingInferencer(str(CONFIG), untrained, device='cpu')
    persons = predict_confidence(infer, image, boxes)
    found, = infer(image, bboxes=boxes, show_progress=False)['predictions']
    assert len(persons) == len(found) == 2
    for k, person in enumerate(persons):
        assert (person.part_map.numpy() == found.part_maps[k]).all()
        assert tuple(found.offsets[k]) == person.offset
        sure = person.max_probs >= .2
        assert float(person.max_probs[sure].mean()) == pytest.approx(
            found.pixel_scores[k], rel=1e-5)
    assert any(person.part_map.any() for person in persons)


def test_other_models_are_refused(toy_config, toy_weights):
    infer = HumanParsingInferencer(toy_config, toy_weights, device='cpu')
    with pytest.raises(ValueError, match='a ToyParser has no predict_persons'):
        predict_confidence(infer, np.zeros((4, 5, 3), np.uint8),
                           [[0, 0, 3, 3]])
