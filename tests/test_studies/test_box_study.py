# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Table 2 from two results files; testing itself is tested elsewhere."""
import json

import numpy as np
import pytest

from projects.qanet.structures import write_results
from projects.qanet.testing.layout import (LabelledImage, make_persons,
                                           write_dataset)
from tools.common.jobs import Commands

TOOL = 'studies/box_study.py'
CONFIG = """
test_evaluator = [
    dict(type='mmseg.IoUMetric'),
    dict(type='ParsingMetric', ann_file='?', data_root={root!r})]
"""


def coat(x, y, width, height):
    """A person that is one coat, in 50 x 40 pixels."""
    labels = np.zeros((40, 50), np.uint8)
    labels[y:y + height, x:x + width] = 1
    return labels


@pytest.fixture
def call(tmp_path, monkeypatch, run_tool):
    """Run the tool; keep what it would have tested."""
    first, second = coat(0, 0, 20, 30), coat(25, 5, 15, 20)
    ann_file, root = write_dataset(
        tmp_path, [LabelledImage(1, first + second, first + 2 * second)])
    (tmp_path / 'config.py').write_text(CONFIG.format(root=root))
    (tmp_path / 'boxes.json').write_text('[]')
    (tmp_path / 'out').mkdir()
    option = f'test_evaluator.1.ann_file={ann_file}'

    def test(self, title, script, config, checkpoint, *arguments):
        *_, given, boxes = arguments
        assert (script, checkpoint, given) == ('tools/test.py', 'x.pth',
                                               option)
        # One person is right. The detector prefers the other, whose map is
        # beside everybody; QAM does not.
        scores = (1., 1.) if 'None' in boxes else (.8, .9)
        maps = [first, coat(0, 32, 10, 8)]
        found = make_persons(1, maps, (.9, .1), 3, scores).to_records()
        classes = ('Background', 'Coat', 'Pants')
        write_results(
            str(arguments[1]), found, classes, (1, .5, 3), .2, images=[])
        assert boxes.split('=')[1] in (f'{tmp_path}/boxes.json', 'None')

    monkeypatch.setattr(Commands, 'run', test)
    return lambda boxes='boxes.json', **kwargs: run_tool(
        TOOL, tmp_path / 'config.py', 'x.pth', tmp_path / boxes, '--out-dir',
        tmp_path / 'out', '--cfg-options', option, **kwargs)


def test_four_rows(tmp_path, call):
    done = call()
    table = json.loads((tmp_path / 'out/table2.json').read_text())
    # Recall 1/2 at precision 1, or at 1/2 where the wrong person is first.
    # Equal scores of the ground truth keep the order of the file.
    keys = ('truth_boxes', 'qam', 'APp_50', 'APr_50')
    np.testing.assert_allclose(
        [[row[key] for key in keys] for row in table],
        [[0, 0, 25, 12.5], [1, 0, 50, 25], [0, 1, 50, 25], [1, 1, 50, 25]])
    # What is printed stands in the right column and row.
    lines = (tmp_path / 'out/table2.md').read_text().splitlines()
    head, _, *rows = [[cell.strip() for cell in line.split('|')[1:-1]]
                      for line in lines]
    assert head[:2] == ['GT-box', 'QAM']
    yes = ['', 'yes']
    assert rows == [[
        yes[row['truth_boxes']], yes[row['qam']], *(f'{row[key]:.2f}'
                                                    for key in head[2:])
    ] for row in table]
    assert done.stdout.index('GT-box') < done.stdout.index('a tie, which the')
    assert 'none.json is missing' in call('none.json', code=2).stderr
