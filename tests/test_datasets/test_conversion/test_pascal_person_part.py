# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""PASCAL-Part: parts and objects overlap, the later is on top."""
import pytest

from projects.qanet.datasets import PPPParsingDataset
from projects.qanet.utils.errors import InputError
from .miniature import box, merge

NAME = 'PASCAL-Person-Part'
FOLDER = 'parts/Annotations_Part'
PERSON = ('person', box((2, 28), (4, 20)), [
    ('head', box((2, 8), (8, 16))),
    ('hair', box((2, 4), (8, 16))),
    ('torso', box((8, 18), (4, 20))),
    ('llarm', box((14, 17), (4, 8))),
    ('lfoot', box((24, 26), (6, 10))),
])  # yapf: disable
OTHER = ('person', box((10, 30), (18, 30)),
         [('torso', box((12, 30), (18, 30)))])  # yapf: disable
DOG = ('dog', box((0, 6), (0, 12)), [('head', box((0, 6), (0, 12)))])
# Official label -> label in the released order.
TO_RELEASED = (0, 2, 4, 6, 1, 3, 5)


def person_labels():
    """Pixels of the silhouette without a part are background."""
    labels = box((2, 8), (8, 16), 1) + box((8, 18), (4, 20), 2)
    labels[14:17, 4:8] = 4
    labels[24:26, 6:10] = 6
    return labels


def write(mini, **objects):
    for stem, entries in objects.items():
        mini.photo(f'VOC/VOC2010/JPEGImages/{stem}.jpg')
        mini.mat(f'{FOLDER}/{stem}.mat', entries)


def test_overlaps_and_persons_without_parts(mini, capsys):
    nobody = ('person', box((0, 3), (33, 36)), [])
    write(mini, a=[PERSON, OTHER, DOG, nobody], b=[DOG], c=[DOG, PERSON])
    (mini.raw / 'VOC/VOC2010/JPEGImages/b.jpg').unlink()
    path = mini.raw / FOLDER / 'c.mat'
    path.rename(path.with_suffix('.MAT'))
    report = mini.convert(NAME)['train']
    assert (report.empty, report.skipped) == (['b'], [])
    note, = report.notes
    assert note == ('a', 'person 3 left out, no pixel of it is visible')
    mini.check('Training', 'c', person_labels(), person_labels() > 0, 7)
    first, second = person_labels(), box((12, 30), (18, 30), 2)
    for _, mask, _ in (OTHER, DOG):
        first[mask > 0] = 0
    mini.check('Training', 'a', *merge([first, second]), 7)
    assert 'everything goes to Training' in capsys.readouterr().err


def test_label_order(mini):
    write(mini, a=[PERSON])
    mini.convert(NAME, label_order='released')
    document = mini.document(f'{NAME}_train')
    assert document['info'] == dict(label_order='released')
    arguments = dict(
        ann_file=f'annotations/{NAME}_train.json', data_root=str(mini.out))
    with pytest.raises(InputError, match='labels in the released order'):
        PPPParsingDataset(**arguments)
    dataset = PPPParsingDataset(label_order='released', **arguments)
    labels = mini.maps('Training', 'a')[0]
    names = [dataset.metainfo['classes'][labels[y, 8]] for y in (5, 25)]
    assert names == ['Head', 'Lower-legs']
    with pytest.raises(ValueError, match='label_order must be one of'):
        mini.convert(NAME, label_order='other')


def test_all_24_parts(mini):
    parts = dict(
        head=1, hair=1, lear=1, rear=1, leye=1, reye=1, lebrow=1,
        rebrow=1, mouth=1, nose=1, torso=2, neck=2, luarm=3, ruarm=3,
        llarm=4, rlarm=4, lhand=4, rhand=4, luleg=5, ruleg=5, llleg=6,
        rlleg=6, lfoot=6, rfoot=6)  # yapf: disable
    columns = {name: (i, i + 1) for i, name in enumerate(parts)}
    masks = [(name, box((1, 2), columns[name])) for name in parts]
    write(mini, a=[('person', box((0, 30), (0, 40)), masks)])
    for order, table in (('official', range(7)), ('released', TO_RELEASED)):
        mini.convert(NAME, label_order=order)
        expected = [table[label] for label in parts.values()]
        assert mini.maps('Training', 'a')[0][1, :24].tolist() == expected


def test_lists(mini, tmp_path):
    """The best of what is there; lists of the user beat them."""
    write(mini, a=[PERSON], b=[OTHER], c=[DOG], d=[PERSON])
    lists = 'x/pascal_person_part_trainval_list'
    mini.text('V/ImageSets/Main/train.txt', 'a\nc\n')
    mini.text('V/ImageSets/Main/val.txt', 'd\n')
    reports = mini.convert(NAME)
    assert (reports['train'].empty, len(reports)) == (['c'], 2)
    mini.text(f'{lists}/train.txt',
              '/JPEGImages/b.jpg /pascal_person_part_gt/b.png\n')
    assert set(mini.convert(NAME)) == {'train'}
    assert mini.file_names(f'{NAME}_train') == ['b.jpg']
    mini.text('y/train_id.txt', 'd')
    mini.convert(NAME)
    assert mini.file_names(f'{NAME}_train') == ['d.jpg']
    mini.text(f'{lists}/train_id.txt', 'a\nb')
    mini.convert(NAME)
    assert mini.file_names(f'{NAME}_train') == ['a.jpg', 'b.jpg']
    mini.text('mine.txt', 'd')
    mine = str(mini.raw / 'mine.txt')
    assert set(mini.convert(NAME, val_ids=mine)) == {'val'}
    assert mini.file_names(f'{NAME}_val') == ['d.jpg']


@pytest.mark.parametrize('objects,reason', [
    (('person', PERSON[1], [('tail', PERSON[1])
                            ]), "b.mat: unknown part 'tail' of a person"),
    (('person', PERSON[1].T, [
        ('head', PERSON[1].T)
    ]), "mask of 'person' is 30x40 pixels (w x h), but the image is"),
    (('person', PERSON[1], [('head', PERSON[1][:, 1:])
                            ]), "mask of 'head' is 39x30 pixels"),
    (b'MATLAB 5.0 MAT-file' + b'.' * 200, 'b.mat is no readable annota'),
])
def test_skipped_with_reason(objects, reason, mini):
    write(mini, a=[PERSON], b=[OTHER], c=[OTHER])
    if isinstance(objects, bytes):
        (mini.raw / FOLDER / 'b.mat').write_bytes(objects)
    else:
        mini.mat(f'{FOLDER}/b.mat', [objects])
    (stem, why), = mini.convert(NAME)['train'].skipped
    assert stem == 'b' and reason in why
    for path in (mini.raw / FOLDER).iterdir():
        path.unlink()
    with pytest.raises(InputError, match='holds no .mat files'):
        mini.convert(NAME)
