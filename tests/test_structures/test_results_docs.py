# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""docs/results_format.md: its example is valid, its snippet reads a file."""
import json
import re
from pathlib import Path

import numpy as np

from projects.qanet.structures import (ParsingInstances, read_results,
                                       write_results)

TEXT = (Path(__file__).parents[2] / 'docs/results_format.md').read_text()
PERSONS = ParsingInstances(
    bboxes=[[1, 1, 5, 6], [4, 0, 9, 2]],
    **dict.fromkeys(('bbox_scores', 'iou_scores', 'pixel_scores', 'scores'),
                    [.5, .5]),
    part_pixel_scores=np.zeros((2, 3)),
    part_scores=[[.5, 0, .25], [0, .75, 0]],
    labels=[0, 0],
    part_maps=[
        np.uint8([[1, 1, 0], [1, 3, 3], [0, 0, 3], [1, 0, 0]]),
        np.uint8([[2, 2, 2, 2]])
    ],
    offsets=[(1, 2), (5, 0)],
    image_size=(9, 6),
    image_id=17)


def block(language):
    return re.search(rf'```{language}\n(.*?)```', TEXT, re.DOTALL)[1]


def test_example_and_snippet(tmp_path, monkeypatch):
    """A file with the example's keys, and further ones, is read."""
    monkeypatch.chdir(tmp_path)
    write_results('results.json', PERSONS.to_records(),
                  ('Background', 'Hat', 'Hair', 'Glove'), (1., .5, 3.), .2)
    document = json.loads(Path('results.json').read_text())
    record, example = document['results'][0], json.loads(block('json'))
    shown = example['results'][0]
    assert list(shown) == list(record)
    assert list(shown['parts'][0]) == list(record['parts'][0])
    assert example['info']['format'] == 'human-parsing-results'
    for one in (document, document['info'], record, record['parts'][0]):
        one['more'] = 1
    Path('results.json').write_text(json.dumps(document))
    assert read_results('results.json')[1][0]['more'] == 1
    lines, masks = [], []

    def note(*values):
        masks.append(names['mask'])
        lines.append((*values[:4], tuple(values[4])))

    names = dict(print=note)
    exec(block('python'), names)
    assert lines == [(17, 'Hat', .5, 4, (1, 2, 2, 4)),
                     (17, 'Glove', .25, 3, (2, 3, 2, 2)),
                     (17, 'Hair', .75, 4, (5, 0, 4, 1))]
    for mask, (person, label) in zip(masks, [(0, 1), (0, 3), (1, 2)]):
        np.testing.assert_array_equal(mask, PERSONS.part_map(person) == label)
