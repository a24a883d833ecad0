# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A whole parser gives what the torch path gives."""
import numpy as np
import pytest

from projects.qanet.apis import HumanParsingInferencer
from projects.qanet.runtime import HumanParsingRuntime
from projects.qanet.runtime.person_parser import PersonParser
from projects.qanet.runtime.session import Session
from projects.qanet.utils.errors import InputError

BOXES = np.float32([[10, 5, 50, 100, .9], [60, 12, 95, 105, .8],
                    [90, 2, 149, 109, .7], [-8, 40, 30, 120, .6],
                    [100, 70, 140, 90, .5]])
SCORES = ('scores', 'part_scores', 'iou_scores', 'pixel_scores',
          'part_pixel_scores', 'bbox_scores')


def compare(found, expected):
    """All scores to 1e-4, labels equal but for ties in rounding."""
    assert len(found) == len(expected)
    assert found.image_size == expected.image_size
    np.testing.assert_array_equal(found.offsets, expected.offsets)
    for name in SCORES:
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), atol=1e-4)
    differing = sum(
        (mine != other).sum()
        for mine, other in zip(found.part_maps, expected.part_maps))
    assert differing <= 2


@pytest.mark.parametrize('with_torch', [True, False])
def test_same_persons(parser_files, onnx_file, image, with_torch):
    """Five persons at two scales, mirrored, four crops at a time."""
    files = parser_files if with_torch else onnx_file[:1]
    infer = HumanParsingInferencer(*files, device='cpu')
    expected = infer(
        image, bboxes=BOXES, show_progress=False)['predictions'][0]
    runtime = HumanParsingRuntime(onnx_file[0], num_threads=1)
    found = runtime(image, BOXES, 7)
    assert found.image_id == 7
    compare(found, expected)
    assert expected.iou_scores.std() > 1e-2
    assert len(np.unique(expected.part_map(0))) > 3


@pytest.mark.parametrize('changes', [
    dict(flip=False, scales=[1.], padding=1.5, quality_weights=[0, 1, 0]),
    dict(
        bgr_to_rgb=False,
        mean=[90.],
        std=[60.],
        flip_pairs=[],
        pixel_score_thr=.6,
        max_instances_per_batch=1),
])
def test_each_setting_has_its_effect(onnx_file, rewrite, image, changes):
    path = rewrite(lambda document: document.update(changes))
    infer = HumanParsingInferencer(path, device='cpu')
    expected = infer(
        image, bboxes=BOXES, show_progress=False)['predictions'][0]
    compare(HumanParsingRuntime(path)(image, BOXES), expected)
    other = HumanParsingRuntime(onnx_file[0])(image, BOXES)
    assert abs(other.scores - expected.scores).max() > 1e-3


def test_fixed_batch_and_no_iou_branch(onnx_file, image, tmp_path):
    """Crops go one by one; the missing IoU score is 1."""
    onnx = pytest.importorskip('onnx')
    proto = onnx.load(onnx_file[0])
    for value in [*proto.graph.input, *proto.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del proto.graph.output[1]
    path = str(tmp_path / 'single.onnx')
    onnx.save(proto, path)
    found = PersonParser(Session(path))(image, BOXES)
    expected = PersonParser(Session(onnx_file[0]))(image, BOXES)
    assert (found.iou_scores == 1).all()
    for one, other in zip(found.part_maps, expected.part_maps):
        assert (one != other).sum() <= 2


def test_nobody(onnx_file, image):
    found = PersonParser(Session(onnx_file[0]))(image, np.zeros((0, 5)), 3)
    assert len(found) == 0 and found.num_classes == 20
    assert found.image_size == (150, 110) and found.image_id == 3


@pytest.mark.parametrize('change, text', [
    (lambda d: d.update(crop_size=[64, 48]), 'crop_size .64, 48., but its'),
    (lambda d: d.update(crop_size=[64]), 'crop_size .64,., but its'),
    (lambda d: d.update(classes=d['classes'][:9], flip_pairs=[]),
     'says 9 classes'),
    (lambda d: d.update(padding='wide'), "padding must be a number, not 'w"),
    (lambda d: d.update(scales=[]), 'scales must be a list of numbers'),
    (lambda d: d.update(flip=1), 'flip must be true or false, not 1'),
    (lambda d: d.pop('mean'), 'has no mean'),
    (lambda d: d.update(version=2), 'not of version 1'),
    (lambda d: d.update(flip_pairs=[[1, 99]]), r'flip pair \(1, 99\)'),
])
def test_damaged_metadata(rewrite, change, text):
    with pytest.raises(InputError, match=text) as caught:
        PersonParser(Session(rewrite(change)))
    assert '\n' not in str(caught.value)


def test_numbers_that_are_not_finite(rewrite, image):
    path = rewrite(lambda document: document.update(mean=[1e39] * 3))
    with pytest.raises(InputError, match='changed.onnx gives prob.*not fin'):
        PersonParser(Session(path))(image, BOXES)
    boxes = BOXES.copy()
    for value in (np.nan, 1e30):
        boxes[3, 2] = value
        with pytest.raises(InputError, match=r'the box \[-8.0, 40.0, .*pad'):
            PersonParser(Session(path))(image, boxes)
