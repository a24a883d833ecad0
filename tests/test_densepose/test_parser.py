# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from projects.qanet.densepose.crop_maps import unmirror_surface
from projects.qanet.densepose.labels import PATCH_FLIP_PAIRS
from projects.qanet.densepose.paste import paste_surface
from projects.qanet.densepose.symmetry import UVSymmetry
from projects.qanet.deployment.export import export_network
from projects.qanet.models.parsers import ParserEnsemble
from projects.qanet.structures import pad_boxes
from projects.qanet.testing.parsers import (BOXES, cut, image_and_sample,
                                            predict, small_qanet)
from projects.qanet.utils.errors import InputError
from .parsers import small_parser
from .people import symmetry_tables, write_mat

SIZES = [(97, 71), (60, 80), (64, 90)]


@pytest.fixture(scope='module')
def tables(tmp_path_factory):
    """Path of a symmetry file."""
    path = tmp_path_factory.mktemp('tables') / 'symmetry.mat'
    return write_mat(path, symmetry_tables())


def items():
    """Three images of different sizes; in one is nobody."""
    return [
        image_and_sample(k, size, boxes, flip_pairs=PATCH_FLIP_PAIRS)
        for k, size, boxes in zip((7, 2, 3), SIZES, (BOXES, [], BOXES[:2]))
    ]


def test_golden_flip(data_dir, tables):
    golden = np.load(data_dir / 'densepose/flip_5x6.npz')
    for given, expected in zip(golden['in'], golden['out']):
        found = unmirror_surface(torch.from_numpy(given), UVSymmetry(tables))
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_diverged_network_is_told(tables):
    """Looking U and V up does not fail on what is not finite."""
    model = small_parser(dict(flip=True), symmetry_file=tables).eval()
    model.decode_head.conv_seg.bias.data[50] = float('nan')
    model.decode_head.conv_seg.bias.data[25] = 100
    with pytest.raises(InputError, match='image 7: .* not finite'):
        predict(model, items())


@pytest.mark.parametrize('flip, scales', [(False, (1., )), (True, (1., 1.3))])
def test_prediction_is_crop_network_paste_fuse(flip, scales, tables):
    """Against the steps, person by person, and however they are grouped."""
    model = small_parser(
        dict(flip=flip, scales=scales, max_instances_per_batch=3),
        dict(iou_branch=dict(type='IoUBranch')),
        symmetry_file=tables).eval()
    assert model.num_classes == 25
    symmetry = UVSymmetry(tables)
    results = [sample.pred_instances for sample in predict(model, items())]
    assert [len(result) for result in results] == [3, 0, 2]
    for (image, sample), size, result in zip(items(), SIZES, results):
        assert result.image_size == size and result.num_classes == 25
        for k, box in enumerate(sample.proposals.bboxes.numpy()):
            maps, boxes, ious = [], [], []
            for scale in scales:
                region = pad_boxes(box[None], (48, 64), 1.25, scale)
                crop = cut(model, image, region)
                with torch.no_grad():
                    (one, ), iou = model.predict_crops(crop)
                    (other, ), other_iou = model.predict_crops(crop.flip(3))
                if flip:
                    one = (one + unmirror_surface(other, symmetry)) / 2
                    iou = (iou + other_iou) / 2
                maps.append(one)
                boxes.append(region[0])
                ious.append(iou)
            person = paste_surface(maps, boxes, size, (.6, ))
            assert len(person.part_map.unique()) > 3 and person.uv_map.any()
            for found, expected in ((result.part_maps[k], person.part_map),
                                    (result.uv_maps[k], person.uv_map)):
                different = found != expected.numpy()
                assert different.mean() < .005  # rounding
            iou = torch.cat(ious).mean().clamp(0, 1)
            score = (sample.proposals.scores[k] * iou).sqrt()
            for name, expected in (('pixel_scores', person.instance_scores[0]),
                                   ('part_pixel_scores',
                                    person.category_scores[0]),
                                   ('iou_scores', iou), ('scores', score)):
                np.testing.assert_allclose(
                    getattr(result, name)[k], expected, rtol=1e-3, atol=1e-5)


def test_person_without_a_part_and_box_outside():
    model = small_parser().eval()
    boxes = [[10., 8., 40., 50.], [300., 10., 340., 60.]]
    item = image_and_sample(7, (97, 71), boxes)
    model.decode_head.conv_seg.bias.data[0] = 100  # background
    result = predict(model, [item])[0].pred_instances
    assert not any(part_map.any() for part_map in result.part_maps)
    assert not any(uv_map.any() for uv_map in result.uv_maps)
    assert result.pixel_scores.tolist() == [0, 0]
    np.testing.assert_allclose(result.scores, np.sqrt([.9, .5]), rtol=1e-6)
    assert [record['parts'] for record in result.to_records()] == [[], []]
    chosen = result[[1]]
    assert len(chosen.uv_maps) == 1 and chosen.uv_maps[0] is result.uv_maps[1]


def test_ensemble_is_the_mean_of_the_maps():
    first, second = small_parser(), small_parser(dict(scales=(1., 1.2)))
    second.decode_head.conv_seg.weight.data *= -1
    model = ParserEnsemble([first, second]).eval()
    image, sample = items()[0]
    result = predict(model, [(image, sample)])[0].pred_instances
    with torch.no_grad():
        views = [
            list(one.predict_persons([image], [sample]))
            for one in (first, second)
        ]
    for k, (one, two) in enumerate(zip(*views)):
        person = paste_surface(one.probs + two.probs, one.boxes + two.boxes,
                               (97, 71), (.6, ), (1, 2))
        assert person.uv_map.any()
        np.testing.assert_array_equal(result.part_maps[k], person.part_map)
        np.testing.assert_array_equal(result.uv_maps[k], person.uv_map)


def test_flip_needs_the_tables(tmp_path):
    message = 'test_cfg.flip needs symmetry_file'
    with pytest.raises(InputError, match=message):
        small_parser(dict(flip=True))
    model = small_parser().eval()
    model.test_cfg.flip = True
    with pytest.raises(InputError, match=message):
        predict(model, items())
    model.symmetry_file = str(tmp_path / 'nowhere.mat')
    with pytest.raises(FileNotFoundError, match='nowhere.mat'):
        predict(model, items())


def test_refused():
    with pytest.raises(InputError, match='needs a UVHead.*got a? ?QANetHead'):
        small_qanet(
            dict(type='DensePoseParser', test_cfg=dict(crop_size=(48, 64))))
    with pytest.raises(InputError, match='DensePoseParser cannot be exported'):
        export_network(small_parser())
