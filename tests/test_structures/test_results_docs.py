# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""docs/results_format.md: its example is valid, its snippet reads a file."""
import json
import re
from pathlib import Path

import numpy as np

from projects.qanet.structures import (ParsingInstances, read_results,
                                       write_results)

TEXT = (Path(__file__).parents[2] / 'docs/results_format.md').read_text()
CLASSES = ('Background', 'Hat', 'Hair', 'Glove')
SIZE = (9, 6)  # width, height


def block(language, number=0):
    """A code block of the document."""
    return re.findall(rf'```{language}\n(.*?)```', TEXT, re.DOTALL)[number]


def two_persons():
    """Two persons in one image, and what the file says of their parts."""
    first = np.array([[1, 1, 0], [1, 3, 3], [0, 0, 3], [1, 0, 0]], np.uint8)
    second = np.array([[2, 2, 2, 2]], np.uint8)
    part_scores = np.array([[.5, 0, .25], [0, .75, 0]], np.float32)
    persons = ParsingInstances(
        np.array([[1, 1, 5, 6], [4, 0, 9, 2]]), *np.full(
            (4, 2), .5), part_scores, part_scores, np.zeros(2, int),
        [first, second], [(1, 2), (5, 0)], SIZE, 17)
    lines = [
        (17, 'Hat', .5, 4, (1, 2, 2, 4)),
        (17, 'Glove', .25, 3, (2, 3, 2, 2)),
        (17, 'Hair', .75, 4, (5, 0, 4, 1)),
    ]
    return persons, lines


def test_snippet_reads_masks(tmp_path, monkeypatch):
    persons, expected = two_persons()
    write_results(
        str(tmp_path / 'results.json'), persons.to_records(), CLASSES,
        (1., .5, 3.), .2)
    monkeypatch.chdir(tmp_path)
    masks, lines = [], []

    def note(*values):
        masks.append(names['mask'])
        lines.append((*values[:4], tuple(values[4])))

    names = dict(print=note)
    exec(block('python'), names)
    assert lines == expected
    for mask, (person, label) in zip(masks, [(0, 1), (0, 3), (1, 2)]):
        np.testing.assert_array_equal(mask, persons.part_map(person) == label)


def test_example_has_all_keys():
    """The example differs from a written file in nothing but values."""
    example = json.loads(block('json'))
    persons, _ = two_persons()
    record = persons.to_records()[0]
    shown = example['results'][0]
    assert list(shown) == list(record)
    assert list(shown['parts'][0]) == list(record['parts'][0])
    assert example['info']['format'] == 'human-parsing-results'


def test_readers_pass_over_further_keys(tmp_path):
    persons, _ = two_persons()
    path = tmp_path / 'results.json'
    write_results(str(path), persons.to_records(), CLASSES, None, None)
    document = json.loads(path.read_text())
    document['more'] = document['info']['more'] = 1
    document['results'][0]['more'] = 2
    document['results'][0]['parts'][0]['more'] = 3
    path.write_text(json.dumps(document))
    info, records = read_results(str(path))
    assert info['version'] == 1 and records[0]['more'] == 2
