# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
from dataclasses import replace

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.structures import ParsingInstances

SIZE = (7, 5)  # width, height


@pytest.fixture
def persons():
    """Two persons with parts and one without, in a 7x5 image."""
    first = np.array([[1, 1, 0], [0, 2, 2]], np.uint8)
    second = np.full((5, 1), 3, np.uint8)
    return ParsingInstances(
        bboxes=[[1, 2, 4, 4], [6, 0, 7, 5], [0, 0, 1.5, 1]],
        bbox_scores=[.9, .8, .1],
        iou_scores=[.7, .6, np.nan],
        pixel_scores=[.5, .4, 0],
        scores=[.65, .6, 0],
        part_pixel_scores=[[.1, .2, 0], [0, 0, .3], [0, 0, 0]],
        part_scores=[[.4, .5, 0], [0, 0, .6], [0, 0, 0]],
        labels=[0, 0, 0],
        part_maps=[first, second, np.zeros((0, 0), np.uint8)],
        offsets=[[1, 2], [6, 0], [0, 0]],
        image_size=SIZE,
        image_id=17)


def test_records_are_what_the_results_file_says(persons):
    image = np.zeros((5, 7), np.uint8)
    image[2, 1:3], image[3, 2:4] = 1, 2
    np.testing.assert_array_equal(persons.part_map(0), image)
    records = json.loads(json.dumps(persons.to_records()))
    keys = ('image_id', 'category_id', 'bbox')
    assert [records[0][key] for key in keys] == [17, 1, [1, 2, 3, 2]]
    assert records[0]['score'] == pytest.approx(.65)
    keys = ('iou_score', 'parts', 'bbox')
    assert [records[2][key] for key in keys] == [None, [], [0, 0, 1.5, 1]]
    for label, part in enumerate(records[0]['parts'], 1):
        assert part['label'] == label
        np.testing.assert_array_equal(
            coco_mask.decode(part['segmentation']), image == label)
    assert records[0]['parts'][1]['score'] == pytest.approx(.5)
    assert records[0]['parts'][1]['pixel_score'] == pytest.approx(.2)


def test_there_and_back(persons):
    records = persons.to_records()
    again = ParsingInstances.from_records(records, SIZE, 4)
    assert again.to_records() == records
    assert again.image_id == 17 and again.image_size == SIZE
    np.testing.assert_array_equal(again.part_maps[0], persons.part_maps[0])
    # Windows as large as the image are the same.
    persons.part_maps = [persons.part_map(i) for i in range(3)]
    persons.offsets = np.zeros((3, 2), np.int64)
    persons.image_id = None
    assert persons.to_records() == [dict(one, image_id=0) for one in records]


@pytest.mark.parametrize('index, expected',
                         [(1, [1]), (-1, [2]), (slice(0, 2), [0, 1]),
                          ([2, 0], [2, 0]), ([], []),
                          (np.array([True, False, True]), [0, 2])])
def test_choose_persons(persons, index, expected):
    chosen = persons[index]
    records = persons.to_records()
    assert chosen.to_records() == [records[i] for i in expected]
    assert chosen.part_scores.shape == (len(expected), 3)


def test_empty():
    nobody = ParsingInstances.empty(SIZE, 20, image_id=3)
    assert len(nobody) == 0 and nobody.num_classes == 20
    assert nobody.to_records() == [] and nobody.image_id == 3
    assert nobody.bboxes.shape == (0, 4)
    with pytest.raises(ValueError, match='scores has 1 entries for 0 boxes'):
        ParsingInstances(**{**vars(nobody), 'scores': [.5]})


def test_masks_that_do_not_fit_are_refused(persons):
    records = persons.to_records()
    with pytest.raises(ValueError, match=r'\[5, 7\].*\[5, 8\]'):
        ParsingInstances.from_records(records, (8, 5), 4)
    first, second = records[0]['parts']
    second['segmentation'] = first['segmentation']
    with pytest.raises(ValueError, match=r'records\[0\]: parts 1 and 2 share'):
        ParsingInstances.from_records(records, SIZE, 4)


def test_fuse_replaces_the_scores_only(persons):
    fused = persons.fuse((1, .5, 3))
    expected = (np.float64(.9) * .7**.5 * .5**3)**(1 / 4.5)
    assert fused.scores[0] == pytest.approx(expected, rel=1e-6)
    part = (np.float64(.9) * .7**.5 * .2**3)**(1 / 4.5)
    assert fused.part_scores[0, 1] == pytest.approx(part, rel=1e-6)
    # An undefined IoU score counts as 1, and stays undefined.
    box_and_iou = persons.fuse((1, 1, 0))
    assert box_and_iou.scores[2] == pytest.approx(.1**.5, rel=1e-6)
    assert np.isnan(box_and_iou.iou_scores[2])
    assert persons.scores[0] == pytest.approx(.65)
    assert fused.part_maps is persons.part_maps


def test_further_thresholds_are_chosen_and_fused_alike(persons):
    other = persons.fuse((0, 0, 1))
    other.pixel_scores = other.pixel_scores / 2
    persons.by_thr = {.5: other}
    chosen = persons[[1]].by_thr[.5]
    assert chosen.pixel_scores.tolist() == pytest.approx([.2])
    fused = persons.fuse((0, 0, 2)).by_thr[.5]
    np.testing.assert_allclose(fused.scores, [.25, .2, 0], rtol=1e-6)


def test_uv_maps(persons):
    """They stay with their persons, and fit the windows."""
    assert persons.uv_maps is None and persons[1:].uv_maps is None
    maps = [
        np.full((2, *one.shape), k, np.uint8)
        for k, one in enumerate(persons.part_maps)
    ]
    found = replace(persons, uv_maps=maps).fuse((1, 0, 0))[[1, 0]]
    assert [one[0, 0, 0] for one in found.uv_maps] == [1, 0]
    assert found.uv_maps[0].shape == (2, 5, 1)
    for wrong in (maps[:2], [maps[0], maps[1][:, :4], maps[2]]):
        with pytest.raises(ValueError, match='uv_maps have the shapes'):
            replace(persons, uv_maps=wrong)
