# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Table 2 from two results files; testing itself is tested elsewhere."""
import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.structures import write_results
from tools.common.jobs import Commands

TOOL = 'studies/box_study.py'
CLASSES = ('Background', 'Coat', 'Pants')
SIZE = (40, 50)  # height, width
BOXES = ([0, 0, 20, 30], [25, 5, 15, 20])  # xywh
CONFIG = """
model = dict(type='TopDownParser')
test_evaluator = [
    dict(type='mmseg.IoUMetric'),
    dict(type='ParsingMetric', ann_file='?', data_root={root!r})]
"""


def region(box):
    """A mask of a box."""
    x, y, w, h = box
    mask = np.zeros(SIZE, np.uint8)
    mask[y:y + h, x:x + w] = 1
    return mask


def record(box, bbox_score, score):
    """A person that is one coat."""
    code = coco_mask.encode(np.asfortranarray(region(box)))
    part = dict(
        label=1,
        score=score,
        pixel_score=score,
        segmentation=dict(size=list(SIZE), counts=code['counts'].decode()))
    return dict(
        image_id=1,
        category_id=1,
        bbox=box,
        score=score,
        bbox_score=bbox_score,
        iou_score=1.,
        pixel_score=score,
        parts=[part])


@pytest.fixture
def truth(tmp_path):
    """Two persons in coats, in CIHP's layout."""
    humans = region(BOXES[0]) + 2 * region(BOXES[1])
    for folder, labels in (('Category_ids', humans > 0), ('Human_ids', humans),
                           ('Instance_ids', humans)):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / 'a.png'), labels.astype(np.uint8))
    (tmp_path / 'Instance_ids/a.txt').write_text('1 1 1\n2 1 2\n')
    (tmp_path / 'val.json').write_text(
        json.dumps(
            dict(
                images=[dict(id=1, file_name='a.jpg', width=50, height=40)],
                categories=[dict(id=1, name='person')],
                annotations=[
                    dict(
                        id=k + 1,
                        image_id=1,
                        category_id=1,
                        bbox=box,
                        area=box[2] * box[3],
                        parsing_id=k + 1) for k, box in enumerate(BOXES)
                ])))
    (tmp_path / 'config.py').write_text(CONFIG.format(root=str(tmp_path)))
    (tmp_path / 'boxes.json').write_text('[]')
    return tmp_path


@pytest.fixture
def call(truth, monkeypatch, run_tool):
    """Run the tool; keep what it would have tested."""
    tested = []

    def test(self, title, script, *arguments):
        tested.append((script, arguments[:2], arguments[-2:]))
        out = arguments[arguments.index('--out') + 1]
        # One person is right. The detector prefers the other, whose map is
        # beside everybody; QAM does not.
        scores = (1., 1.) if 'None' in arguments[-1] else (.8, .9)
        records = [
            record(BOXES[0], scores[0], .9),
            record([0, 32, 10, 8], scores[1], .1)
        ]
        write_results(str(out), records, CLASSES, (1, .5, 3), .2, images=[])

    def run(boxes='boxes.json', code=0):
        done = run_tool(
            TOOL,
            truth / 'config.py',
            'x.pth',
            truth / boxes,
            '--out-dir',
            truth / 'out',
            '--cfg-options',
            f'test_evaluator.1.ann_file={truth / "val.json"}',
            code=code)
        return tested, done

    monkeypatch.setattr(Commands, 'run', test)
    (truth / 'out').mkdir()
    return run


def test_four_rows(truth, call):
    tested, done = call()
    files = (str(truth / 'config.py'), 'x.pth')
    option = f'test_evaluator.1.ann_file={truth / "val.json"}'
    assert tested == [('tools/test.py', files,
                       (option, f'test_dataloader.dataset.bbox_file={value}'))
                      for value in (truth / 'boxes.json', None)]
    table = json.loads((truth / 'out/table2.json').read_text())
    # Recall 1/2 at precision 1, or at 1/2 where the wrong person is first.
    # Equal scores of the ground truth keep the order of the file.
    assert [(row['truth_boxes'], row['qam'], row['APp_50'], row['APr_50'])
            for row in table
            ] == [(False, False, pytest.approx(25), pytest.approx(12.5)),
                  (True, False, pytest.approx(50), pytest.approx(25)),
                  (False, True, pytest.approx(50), pytest.approx(25)),
                  (True, True, pytest.approx(50), pytest.approx(25))]
    # What is printed stands in the right column and row.
    lines = (truth / 'out/table2.md').read_text().splitlines()
    head, _, *rows = [[cell.strip() for cell in line.split('|')[1:-1]]
                      for line in lines]
    assert head[:2] == ['GT-box', 'QAM']
    for row, values in zip(rows, table):
        assert row == [
            'yes' * values['truth_boxes'], 'yes' * values['qam'],
            *(f'{values[key]:.2f}' for key in head[2:])
        ]
    assert len({tuple(row) for row in rows}) == 4
    assert done.stdout.index('GT-box') < done.stdout.index(
        'Table 3 also has') < done.stdout.index('a tie, which the order')


def test_missing_boxes_are_named(call):
    assert 'none.json is missing' in call('none.json', 2)[1].stderr
