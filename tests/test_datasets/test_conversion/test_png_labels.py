# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What is special about CIHP, LIP, MHP v2 and ATR."""
import numpy as np
import pytest

from projects.qanet.datasets.conversion import convert_atr
from projects.qanet.datasets.conversion.maps import write_instance_table
from projects.qanet.datasets.conversion.png_labels import split_by_name
from projects.qanet.utils.errors import InputError
from .miniature import SHORT, box, merge, persons_of, write_all


def test_missing_instances_are_rebuilt(mini):
    """A table whose numbers are no formula, then without it."""
    write_all(mini, 'CIHP')
    categories, humans = merge(persons_of('CIHP'))
    folder = 'p/p/Training/Instance_ids'
    numbers = np.where((humans > 0) & (categories < 255),
                       categories + 100 * humans, 0)
    numbers[0, 0] = 77  # nobody's
    mini.labels(f'{folder}/b.png', numbers)
    mini.text(f'{folder}/b.txt', '102 2 1\n')
    mini.convert('CIHP')
    assert mini.maps('Training', 'b')[3] == [(102, 2, 1)]
    written = mini.out / 'Training/Instance_ids/b.txt'
    assert written.is_symlink()
    # What an earlier run has linked is not written through.
    (mini.raw / folder / 'b.txt').unlink()
    mini.convert('CIHP')
    assert mini.maps('Training', 'b')[3] == [(102, 2, 1), (119, 19, 1),
                                             (201, 1, 2), (205, 5, 2)]
    assert not written.is_symlink()
    np.testing.assert_array_equal(mini.maps('Training', 'b')[2], numbers)
    assert len(list((mini.raw / folder).iterdir())) == 1


def test_table_takes_the_majority(tmp_path):
    numbers = np.array([[7, 7, 7, 9], [7, 9, 8, 8]])
    categories = np.array([[5, 5, 6, 0], [0, 0, 4, 4]])
    humans = np.array([[1, 1, 2, 3], [3, 3, 0, 0]])
    write_instance_table(tmp_path / 'b.txt', numbers, categories, humans)
    # 9 lies on background, 8 on nobody.
    assert (tmp_path / 'b.txt').read_text() == '7 5 1\n'


def test_data_of_ones_own(mini, capsys):
    mini.write('CIHP', 'Training', 'b', [box((0, 9), (0, 9), 4)])
    mini.convert('CIHP', name='Mine', num_classes=5)
    assert mini.file_names('Mine_train') == ['b.jpg']
    assert 'were found' not in capsys.readouterr().err
    with pytest.raises(InputError, match=r'label values \[4\]'):
        mini.convert('CIHP', num_classes=4)
    for num_classes in (1, 256):
        with pytest.raises(InputError, match='allowed are 2 to 255'):
            mini.convert('CIHP', num_classes=num_classes)


def test_hidden_persons_are_named(mini):
    nobody, behind = np.zeros((30, 40), np.uint8), box((1, 9), (3, 5), 7)
    front = [box((0, 20), (0, 20), 3), box((0, 20), (15, 40), 4)]
    persons = [behind, nobody, *front]
    mini.write('MHP-v2', 'Training', 'a_b', persons)
    mini.write('MHP-v2', 'Training', 'c', [nobody])
    folder = 'LV/LV/train/parsing_annos'
    (mini.raw / folder / 'a_b_04_02.png').unlink()
    for name, labels in (('a_b_04_12', nobody), ('a_b_04_010', nobody),
                         ('._a_b_04_11', behind)):
        mini.labels(f'{folder}/{name}.png', labels, 'red')
    report = mini.convert('MHP-v2')['train']
    note = 'person {} left out, no pixel of it is visible'
    notes = [note.format(number) for number in (1, 10, 12)]
    notes.append('5 of 4 person masks are there')
    assert report.notes == [('a_b', note) for note in notes]
    assert report.empty == ['c']
    # The ids that are left have no gap; boxes are of what is visible.
    mini.check('Training', 'a_b', *merge(front), 59)
    assert mini.boxes('MHP-v2_train') == [[0, 0, 15, 20], [15, 0, 25, 20]]


def test_more_parts_than_8_bits_hold(mini):
    persons = [np.zeros((30, 40), np.uint8) for _ in range(26)]
    for number, labels in enumerate(persons, 1):
        labels[number] = np.arange(40) + 1
    mini.write('MHP-v2', 'Training', 'a', persons)
    mini.write('MHP-v2', 'Training', 'b', persons[:7:3] + persons[23:])
    mini.convert('MHP-v2')
    _, humans, instances, table = mini.maps('Training', 'a')
    assert instances.dtype == np.uint16 and humans.max() == 26
    assert table == [(40 * (person - 1) + label, label, person)
                     for person in range(1, 27) for label in range(1, 41)]
    assert instances[26, 39] == 1040
    # 6 persons of 40 parts: 240 running numbers, where 5 * 59 + 40 has
    # more than 8 bits.
    _, _, instances, table = mini.maps('Training', 'b')
    assert instances.dtype == np.uint8
    assert [row[0] for row in table] == list(range(1, 241))
    np.testing.assert_array_equal(instances[24], np.arange(121, 161))


STEMS = [f'2500_{i}' for i in range(1, 6)] + ['dataset10k_1', 'fash_2']


def test_split_by_name(mini, capsys):
    for stem in STEMS:
        mini.write('ATR', 'Training', stem, persons_of('ATR'))
    convert_atr(str(mini.raw), str(mini.out), 2, 1)
    # By sha1sum of '0:<name>'; the split must never move.
    expected = dict(
        Training=['2500_3', '2500_4', '2500_5', 'dataset10k_1'],
        Validation=['2500_2', 'fash_2'],
        Testing=['2500_1'])
    for split, stems in expected.items():
        names = [f'{stem}.jpg' for stem in stems]
        assert mini.file_names(f'ATR_{SHORT[split]}') == names
    assert 'no official split: by names, with s' in capsys.readouterr().out
    assert split_by_name(STEMS[::-1], 2, 1) == expected
    assert split_by_name(STEMS, 2, 1, seed=1) != expected
    assert list(split_by_name(STEMS, 0, 0)) == ['Training']
    for num_val in (3, -1):
        with pytest.raises(InputError, match='leave none of 7 to train o'):
            split_by_name(STEMS, num_val, 4)


def test_name_in_two_lists(mini):
    write_all(mini, 'ATR')
    mini.text('test.txt', 'x/c.jpg\n')
    with pytest.raises(InputError, match='c is in both .*train.txt and '):
        mini.convert('ATR')
