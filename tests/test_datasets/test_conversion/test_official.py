# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Downloads of the published data sets, and of one's own in their layout."""
import re

import numpy as np
import pytest
from scipy.io import savemat

from projects.qanet.datasets import (ATRParsingDataset, CIHPParsingDataset,
                                     LIPParsingDataset, MHPv2ParsingDataset,
                                     PPPParsingDataset)
from projects.qanet.datasets.conversion import (convert_atr, convert_official,
                                                convert_pascal_person_part)
from projects.qanet.datasets.conversion.single_person import split_by_name
from projects.qanet.utils.errors import InputError
from .miniature import FOLDERS, NUM_CLASSES, SINGLE, box, merge

DATASETS = {
    'CIHP': CIHPParsingDataset,
    'LIP': LIPParsingDataset,
    'MHP-v2': MHPv2ParsingDataset,
    'PASCAL-Person-Part': PPPParsingDataset,
    'ATR': ATRParsingDataset,
    'Own': LIPParsingDataset,
}
each_data_set = pytest.mark.parametrize('data_set', list(FOLDERS))


def persons_of(data_set):
    """Two persons that overlap, the second in front; or one alone."""
    first = np.maximum(box((5, 25), (2, 14), 2), box((8, 12), (4, 9), 6))
    second = box((10, 30), (8, 33), NUM_CLASSES[data_set] - 1)
    second[12:14, 9:20] = 1
    if data_set != 'PASCAL-Person-Part':
        second[20:22, 30:33] = 255
    return [first] if data_set in SINGLE else [first, second]


def write_all(mini, data_set, stems='bacd'):
    """A training split in the order of a list, one image to validate on."""
    persons = persons_of(data_set)
    found = [mini.write(data_set, 'Training', stem, persons) for stem in stems]
    mini.write(data_set, 'Validation', '7', persons)
    return found


def naive_boxes(data_set, humans):
    """(person, xywh, area) by person."""
    if data_set in SINGLE:
        return [(1, [0, 0, 40, 30], int((humans > 0).sum()))]
    boxes = []
    for person in np.unique(humans[humans > 0]).tolist():
        rows, columns = np.nonzero(humans == person)
        x, y = int(columns.min()), int(rows.min())
        width, height = int(columns.max()) - x + 1, int(rows.max()) - y + 1
        boxes.append((person, [x, y, width, height], len(rows)))
    return boxes


@each_data_set
def test_conversion(data_set, mini):
    write_all(mini, data_set, ('20', '3', '100'))
    for _ in range(2):  # again, on top of the first run
        reports = mini.convert(data_set)
    categories, humans = merge(persons_of(data_set))
    for stem in ('20', '3', '100'):
        mini.check('Training', stem, categories, humans, NUM_CLASSES[data_set])
    document = mini.document(f'{data_set}_train')
    assert document['images'] == [
        dict(id=i, file_name=f'{i}.jpg', width=40, height=30)
        for i in (20, 3, 100)
    ]
    expected = [(image_id, *row) for image_id in (20, 3, 100)
                for row in naive_boxes(data_set, humans)]
    assert document['annotations'] == [
        dict(
            id=i,
            image_id=image_id,
            category_id=1,
            iscrowd=0,
            parsing_id=person,
            bbox=bbox,
            area=area)
        for i, (image_id, person, bbox, area) in enumerate(expected, 1)
    ]
    assert set(reports) == {'train', 'val'}
    assert reports['train'].num_persons == len(expected)
    assert not reports['train'].skipped and not reports['train'].notes
    photo = mini.out / 'Training/Images/20.jpg'
    assert photo.is_symlink() and mini.raw in photo.resolve().parents
    dataset = DATASETS[data_set](
        f'annotations/{data_set}_train.json', data_root=str(mini.out))
    assert len(dataset) == len(expected)


@pytest.mark.parametrize('data_set,images,listing', [
    ('CIHP', 'p/p/Testing/Images', 'p/p/Testing/test_id.txt'),
    ('LIP', 'LIP/T/T/testing_images', 'LIP/T/test_id.txt'),
    ('MHP-v2', 'LV/LV/test/images', 'LV/LV/list/test_all.txt'),
])
def test_test_split_without_labels(data_set, images, listing, mini, capsys):
    mini.photo(f'{images}/x.jpg')
    mini.photo(f'{images}/unlisted.jpg')
    mini.text(listing, 'x\n')
    reports = mini.convert(data_set)
    # The box of a single person is known all the same.
    boxes = [[0, 0, 40, 30]] if data_set == 'LIP' else []
    document = mini.document(f'{data_set}_test')
    assert [person['bbox'] for person in document['annotations']] == boxes
    assert set(reports) == {'test'} and reports['test'].num_images == 1
    assert [path.name
            for path in (mini.out / 'Testing').iterdir()] == ['Images']
    output = capsys.readouterr()
    assert 'Training (' in output.out and 'left out' in output.out
    number = 5000 * (1 + (data_set == 'LIP'))
    assert (f'the data set has {number} images in this split, 1 were found'
            in output.err)


@pytest.mark.parametrize('data_set', ['CIHP', 'LIP', 'MHP-v2'])
def test_without_list_all_images_count(data_set, mini):
    write_all(mini, data_set)
    for path in mini.raw.rglob('*.txt'):
        path.unlink()
    mini.convert(data_set)
    assert mini.file_names(f'{data_set}_train') == [
        f'{stem}.jpg' for stem in 'abcd'
    ]


def cut_photo(mini, photo, label):
    mini.photo(photo, broken=True)


def second_photo(mini, photo, label):
    mini.photo(photo.replace('.jpg', '.png'))


def no_photo(mini, photo, label):
    (mini.raw / photo).unlink()


def no_label(mini, photo, label):
    for path in (mini.raw / label).parent.glob('a[._]*'):
        path.unlink()


def label_of(*shape, value):

    def write(mini, photo, label):
        mini.labels(label, np.full(shape, value, np.uint8))

    return write


def no_png(mini, photo, label):
    mini.text(label, 'JFIF is no PNG' * 9)


PNGS = [data_set for data_set in FOLDERS if data_set != 'PASCAL-Person-Part']
DAMAGES = [
    (FOLDERS, cut_photo, 'unreadable image .*a.jpg'),
    (FOLDERS, second_photo, 'a.jpg and a.png would share one label map'),
    (FOLDERS, no_photo, 'a.jpg is missing'),
    (PNGS, label_of(40, 30, value=1), 'is 30x40 pixels .* but .*40x30'),
    (PNGS, label_of(30, 40, value=59), r'label values \[59\], allowed are'),
    (PNGS, label_of(30, 40, value=255), 'no labels but 0 and 255'),
    (PNGS, no_png, 'is not a PNG file'),
    (FOLDERS, no_label, 'a.(png|mat) does not exist|a has no masks'),
]


@pytest.mark.parametrize('data_set,damage,reason',
                         [(name, damage, reason)
                          for names, damage, reason in DAMAGES
                          for name in names])
def test_damaged_image_is_skipped_and_named(data_set, damage, reason, mini):
    found = write_all(mini, data_set)
    damage(mini, *found[1])
    report = mini.convert(data_set)['train']
    (stem, why), = report.skipped
    assert stem == 'a' and re.search(reason, why), why
    # The other images keep the numbers of the list.
    assert [(image['id'], image['file_name'])
            for image in mini.document(f'{data_set}_train')['images']
            ] == [(1, 'b.jpg'), (3, 'c.jpg'), (4, 'd.jpg')]


@pytest.mark.parametrize('data_set,folder,message', [
    ('CIHP', 'p/p/Training/Human_ids', 'has no folder Training/Human_ids'),
    ('CIHP', 'p/p/Training/Images', 'has no folder Training/Images'),
    ('CIHP', 'p', 'none of the folders Training/Images, Validation/Images, '),
    ('LIP', 'LIP/L/L/val_segmentations', 'no folder val_segmentations'),
    ('LIP', 'LIP/I/I/val_images', 'no folder val_images'),
    ('LIP', 'LIP', 'none of the folders train_images, val_images, testing_'),
    ('MHP-v2', 'LV/LV/train/parsing_annos', 'no folder train/parsing_annos'),
    ('MHP-v2', 'LV/LV/train/images', 'no folder train/images'),
    ('MHP-v2', 'LV', 'none of the folders train/images, val/images, test/'),
    ('PASCAL-Person-Part', 'VOC', 'no folder JPEGImages'),
    ('PASCAL-Person-Part', 'parts', 'no folder Annotations_Part'),
    ('ATR', 'hp/SegmentationClassAug', 'no folder SegmentationClassAug'),
    ('ATR', 'hp/JPEGImages', 'no folder JPEGImages'),
    ('Own', 'parsing', 'folder .*/parsing does not exist'),
    ('Own', 'images', 'folder .*/images does not exist'),
    ('Own', 'train.txt', 'only Validation'),
])
def test_incomplete_download(data_set, folder, message, mini, tmp_path):
    write_all(mini, data_set)
    (mini.raw / folder).rename(tmp_path / 'elsewhere')
    if message == 'only Validation':
        assert set(mini.convert(data_set)) == {'val'}
        return
    with pytest.raises(InputError, match=message):
        mini.convert(data_set)
    assert not (mini.out / 'annotations').exists()


@each_data_set
def test_empty_folders_and_missing_images(data_set, mini):
    found = write_all(mini, data_set)
    for photo, _ in found[:3]:
        (mini.raw / photo).unlink()
    with pytest.raises(
            InputError, match=f'{data_set}_train: 3 of 4 images cannot be'):
        mini.convert(data_set)
    for path in (mini.raw / found[3][0]).parent.iterdir():
        path.unlink()
    with pytest.raises(InputError, match='holds no images: incomplete'):
        mini.convert(data_set)
    with pytest.raises(
            InputError, match='nowhere.* (is not a|does not exist)'):
        mini.raw = mini.raw / 'nowhere'
        mini.convert(data_set)


@pytest.mark.parametrize('data_set', PNGS)
def test_palettes_and_endings_in_capitals(data_set, mini):
    _, label = write_all(mini, data_set)[1]
    categories, humans = merge(persons_of(data_set))
    if data_set != 'MHP-v2':
        mini.labels(label, categories, 'palette')
    path = mini.raw / label
    path.rename(path.with_suffix('.PNG'))
    assert not mini.convert(data_set)['train'].skipped
    mini.check('Training', 'a', categories, humans, NUM_CLASSES[data_set])
    # Grey labels are linked, palettes written anew without their colours.
    written = [mini.out / f'Training/Category_ids/{stem}.png' for stem in 'ab']
    linked = data_set != 'MHP-v2'
    assert [path.is_symlink() for path in written] == [False, linked]


@pytest.mark.parametrize('data_set', ['LIP', 'ATR', 'Own'])
def test_single_person_without_labels(data_set, mini):
    found = write_all(mini, data_set)
    mini.labels(found[1][1], np.zeros((30, 40)))
    report = mini.convert(data_set)['train']
    assert report.notes == [('a', 'no pixel is labelled')]
    assert mini.document(f'{data_set}_train')['annotations'][1]['area'] == 0
    for _, label in found:
        mini.labels(label, np.zeros((30, 40)))
    with pytest.raises(InputError, match='none of 4 images shows a person'):
        mini.convert(data_set)


class TestCIHP:

    def test_missing_instances_are_rebuilt(self, mini):
        """A table whose numbers are no formula, then without it."""
        write_all(mini, 'CIHP')
        categories, humans = merge(persons_of('CIHP'))
        folder = 'p/p/Training/Instance_ids'
        numbers = np.where((humans > 0) & (categories < 255),
                           categories + 100 * humans, 0)
        numbers[0, 0] = 77  # nobody's
        mini.labels(f'{folder}/b.png', numbers)
        table = [(100 * person + label, label, person)
                 for label, person in ((2, 1), (6, 1))]
        table += [(201, 1, 2), (219, 19, 2)]
        for text in ('102 2 1\n', None):
            if text:
                mini.text(f'{folder}/b.txt', text)
            else:  # what an earlier run has linked is not written through
                (mini.raw / folder / 'b.txt').unlink()
            mini.convert('CIHP')
            written = mini.maps('Training', 'b')
            np.testing.assert_array_equal(written[2], numbers)
            assert written[3] == ([(102, 2, 1)] if text else table)
            linked = (mini.out / 'Training/Instance_ids/b.txt').is_symlink()
            assert linked == bool(text)
        assert len(list((mini.raw / folder).iterdir())) == 1
        mini.check('Training', 'a', categories, humans, 20)

    def test_table_takes_the_majority(self, mini):
        mini.write('CIHP', 'Training', 'b', [box((0, 9), (0, 9), 5)])
        numbers, categories, humans = np.zeros((3, 30, 40), np.uint8)
        numbers[:2, :4] = [[7, 7, 7, 9], [7, 9, 8, 8]]
        categories[:2, :4] = [[5, 5, 6, 0], [0, 0, 4, 4]]
        humans[:2, :4] = [[1, 1, 2, 3], [3, 3, 0, 0]]
        for name, labels in (('Category', categories), ('Human', humans),
                             ('Instance', numbers)):
            mini.labels(f'p/p/Training/{name}_ids/b.png', labels)
        mini.convert('CIHP')
        # 9 lies on background, 8 on nobody.
        assert mini.maps('Training', 'b')[3] == [(7, 5, 1)]

    def test_data_of_ones_own(self, mini, capsys):
        mini.write('CIHP', 'Training', 'b', [box((0, 9), (0, 9), 4)])
        report, = convert_official(
            'CIHP', str(mini.raw), str(mini.out), name='Mine', num_classes=5)
        assert report.ann_file.endswith('Mine_train.json')
        assert 'were found' not in capsys.readouterr().err
        with pytest.raises(InputError, match=r'label values \[4\]'):
            mini.convert('CIHP', num_classes=4)
        for num_classes in (1, 256):
            with pytest.raises(InputError, match='allowed are 2 to 255'):
                mini.convert('CIHP', num_classes=num_classes)

    def test_nobody(self, mini):
        mini.write('CIHP', 'Training', 'b', [box((0, 9), (0, 9), 4)])
        mini.labels('p/p/Training/Human_ids/b.png', np.zeros((30, 40)))
        with pytest.raises(InputError, match='CIHP_train: none of 1 images'):
            mini.convert('CIHP')


class TestMHPv2:

    def test_hidden_persons_are_named(self, mini):
        persons = [
            box((1, 9), (3, 5), 7),
            np.zeros((30, 40), np.uint8),
            box((0, 20), (0, 20), 3),
            box((0, 20), (15, 40), 4)
        ]
        mini.write('MHP-v2', 'Training', 'a_b', persons)
        mini.write('MHP-v2', 'Training', 'c', [persons[1]])
        folder = 'LV/LV/train/parsing_annos'
        (mini.raw / folder / 'a_b_04_02.png').unlink()
        mini.labels(f'{folder}/a_b_04_12.png', persons[0] % 7, 'red')
        mini.labels(f'{folder}/a_b_04_010.png', persons[1], 'red')
        mini.labels(f'{folder}/._a_b_04_11.png', persons[0], 'red')
        report = mini.convert('MHP-v2')['train']
        note = 'person {} left out, no pixel of it is visible'
        assert report.notes == [
            ('a_b', note.format(number)) for number in (1, 10, 12)
        ] + [('a_b', '5 of 4 person masks are there')]
        assert report.empty == ['c']
        # The ids that are left have no gap; boxes are of what is visible.
        mini.check('Training', 'a_b', *merge(persons[2:]), 59)
        assert [
            person['bbox']
            for person in mini.document('MHP-v2_train')['annotations']
        ] == [[0, 0, 15, 20], [15, 0, 25, 20]]

    def test_more_parts_than_8_bits_hold(self, mini):
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


class TestATR:

    STEMS = [f'2500_{i}' for i in range(1, 6)] + ['dataset10k_1', 'fash_2']

    def test_split_by_name(self, mini, capsys):
        for stem in self.STEMS:
            mini.write('ATR', 'Training', stem, persons_of('ATR'))
        convert_atr(str(mini.raw), str(mini.out), 2, 1)
        # By sha1sum of '0:<name>'; the split must never move.
        expected = dict(
            Training=['2500_3', '2500_4', '2500_5', 'dataset10k_1'],
            Validation=['2500_2', 'fash_2'],
            Testing=['2500_1'])
        for split, short in (('Training', 'train'), ('Validation', 'val'),
                             ('Testing', 'test')):
            assert mini.file_names(f'ATR_{short}') == [
                f'{stem}.jpg' for stem in expected[split]
            ]
        assert 'no official split: by names, with s' in capsys.readouterr().out
        assert split_by_name(self.STEMS[::-1], 2, 1) == expected
        assert split_by_name(self.STEMS, 2, 1, seed=1) != expected
        assert list(split_by_name(self.STEMS, 0, 0)) == ['Training']
        with pytest.raises(InputError, match='leave none of 7 to train on'):
            split_by_name(self.STEMS, 3, 4)
        with pytest.raises(InputError, match='-1 images for validation'):
            split_by_name(self.STEMS, -1, 4)

    def test_name_in_two_lists(self, mini):
        write_all(mini, 'ATR')
        mini.text('test.txt', 'x/c.jpg\n')
        with pytest.raises(InputError, match='c is in both .*train.txt and '):
            mini.convert('ATR')


# PASCAL-Part: parts and objects overlap, the later is on top.
PERSON = ('person', box((2, 28), (4, 20)), [('head', box((2, 8), (8, 16))),
                                            ('hair', box((2, 4), (8, 16))),
                                            ('torso', box((8, 18), (4, 20))),
                                            ('llarm', box((14, 17), (4, 8))),
                                            ('lfoot', box((24, 26), (6, 10)))])
OTHER = ('person', box((10, 30), (18, 30)), [('torso', box((12, 30),
                                                           (18, 30)))])
DOG = ('dog', box((0, 6), (0, 12)), [('head', box((0, 6), (0, 12)))])
# Official label -> label in the released order.
TO_RELEASED = (0, 2, 4, 6, 1, 3, 5)


def person_labels():
    """Pixels of the silhouette without a part are background."""
    return np.max([
        box((2, 8), (8, 16), 1),
        box((8, 18), (4, 20), 2),
        box((14, 17), (4, 8), 4),
        box((24, 26), (6, 10), 6)
    ], 0)


class TestPascal:

    folder = 'parts/Annotations_Part'

    def write(self, mini, **objects):
        for stem, entries in objects.items():
            mini.photo(f'VOC/VOC2010/JPEGImages/{stem}.jpg')
            mini.mat(f'{self.folder}/{stem}.mat', entries)

    def test_overlaps_and_persons_without_parts(self, mini, capsys):
        nobody = ('person', box((0, 3), (33, 36)), [])
        self.write(
            mini, a=[PERSON, OTHER, DOG, nobody], b=[DOG], c=[DOG, PERSON])
        (mini.raw / 'VOC/VOC2010/JPEGImages/b.jpg').unlink()
        path = mini.raw / self.folder / 'c.mat'
        path.rename(path.with_suffix('.MAT'))
        report = mini.convert('PASCAL-Person-Part')['train']
        assert (report.empty, report.skipped) == (['b'], [])
        assert report.notes == [
            ('a', 'person 3 left out, no pixel of it is visible')
        ]
        mini.check('Training', 'c', person_labels(), person_labels() > 0, 7)
        first, second = person_labels(), box((12, 30), (18, 30), 2)
        for _, mask, _ in (OTHER, DOG):
            first[mask > 0] = 0
        mini.check('Training', 'a', *merge([first, second]), 7)
        assert 'everything goes to Training' in capsys.readouterr().err

    def test_released_order(self, mini):
        self.write(mini, a=[PERSON])
        mini.convert('PASCAL-Person-Part', label_order='released')
        expected = np.array(TO_RELEASED)[person_labels()]
        mini.check('Training', 'a', expected, expected > 0, 7)
        document = mini.document('PASCAL-Person-Part_train')
        assert document['info'] == dict(label_order='released')
        arguments = dict(
            ann_file='annotations/PASCAL-Person-Part_train.json',
            data_root=str(mini.out))
        with pytest.raises(InputError, match='labels in the released order'):
            PPPParsingDataset(**arguments)
        dataset = PPPParsingDataset(label_order='released', **arguments)
        classes = dataset.metainfo['classes']
        assert classes[expected[5, 10]] == 'Head'
        assert classes[expected[25, 7]] == 'Lower-legs'
        with pytest.raises(ValueError, match='label_order must be one of'):
            mini.convert('PASCAL-Person-Part', label_order='other')

    def test_all_24_parts(self, mini):
        parts = dict(
            head=1, hair=1, lear=1, rear=1, leye=1, reye=1, lebrow=1,
            rebrow=1, mouth=1, nose=1, torso=2, neck=2, luarm=3, ruarm=3,
            llarm=4, rlarm=4, lhand=4, rhand=4, luleg=5, ruleg=5, llleg=6,
            rlleg=6, lfoot=6, rfoot=6)  # yapf: disable
        columns = {name: (i, i + 1) for i, name in enumerate(parts)}
        everything = ('person', box(
            (0, 30),
            (0, 40)), [(name, box((1, 2), columns[name])) for name in parts])
        self.write(mini, a=[everything])
        for order, table in (('official', range(7)), ('released',
                                                      TO_RELEASED)):
            mini.convert('PASCAL-Person-Part', label_order=order)
            assert mini.maps('Training', 'a')[0][1, :24].tolist() == [
                table[label] for label in parts.values()
            ]

    def test_lists(self, mini, tmp_path):
        """The best of what is there; lists of the user beat them."""
        self.write(mini, a=[PERSON], b=[OTHER], c=[DOG], d=[PERSON])
        lists = 'x/pascal_person_part_trainval_list'
        mini.text('V/ImageSets/Main/train.txt', 'a\nc\n')
        mini.text('V/ImageSets/Main/val.txt', 'd\n')
        reports = mini.convert('PASCAL-Person-Part')
        assert (reports['train'].empty, len(reports)) == (['c'], 2)
        mini.text(f'{lists}/train.txt',
                  '/JPEGImages/b.jpg /pascal_person_part_gt/b.png\n')
        assert set(mini.convert('PASCAL-Person-Part')) == {'train'}
        assert mini.file_names('PASCAL-Person-Part_train') == ['b.jpg']
        mini.text('y/train_id.txt', 'd')
        mini.convert('PASCAL-Person-Part')
        assert mini.file_names('PASCAL-Person-Part_train') == ['d.jpg']
        mini.text(f'{lists}/train_id.txt', 'a\nb')
        mini.convert('PASCAL-Person-Part')
        assert mini.file_names('PASCAL-Person-Part_train') == [
            'a.jpg', 'b.jpg'
        ]
        mini.text('mine.txt', 'd')
        mine = str(mini.raw / 'mine.txt')
        assert set(mini.convert('PASCAL-Person-Part', val_ids=mine)) == {'val'}
        assert mini.file_names('PASCAL-Person-Part_val') == ['d.jpg']

    @pytest.mark.parametrize('objects,reason', [
        ([('person', PERSON[1], [('tail', PERSON[1])])
          ], "b.mat: unknown part 'tail' of a person"),
        ([('person', PERSON[1].T, [('head', PERSON[1].T)])
          ], "mask of 'person' is 30x40 pixels (w x h), but the image is"),
        ([('person', PERSON[1], [('head', PERSON[1][:, 1:])])
          ], "mask of 'head' is 39x30 pixels"),
        (b'MATLAB 5.0 MAT-file' + b'.' * 200, 'b.mat is no readable annota'),
        (dict(anno=dict(imname='x')), 'b.mat is no readable annotation of'),
        (dict(other=1), 'b.mat is no readable annotation of PASCAL-Part'),
    ])
    def test_skipped_with_reason(self, objects, reason, mini):
        self.write(mini, a=[PERSON], b=[OTHER], c=[OTHER])
        path = mini.raw / self.folder / 'b.mat'
        if isinstance(objects, bytes):
            path.write_bytes(objects)
        elif isinstance(objects, dict):
            savemat(path, objects)
        else:
            mini.mat(f'{self.folder}/b.mat', objects)
        (stem, why), = mini.convert('PASCAL-Person-Part')['train'].skipped
        assert stem == 'b' and reason in why

    def test_no_annotations(self, mini):
        self.write(mini, a=[PERSON])
        (mini.raw / self.folder / 'a.mat').rename(mini.raw / 'a.mat')
        with pytest.raises(InputError, match='holds no .mat files'):
            mini.convert('PASCAL-Person-Part')


@pytest.mark.parametrize('folder,convert,images,persons', [
    ('cihp_raw', lambda *args: convert_official('CIHP', *args), 12, 37),
    ('lip_raw', lambda *args: convert_official('LIP', *args), 2, 2),
    ('pascal_part_raw', convert_pascal_person_part, 5, 8),
])
def test_real_downloads(folder, convert, images, persons, shared_dir,
                        tmp_path):
    raw = shared_dir / 'data' / folder
    if not raw.is_dir():
        pytest.skip('the real photos are absent')
    reports = convert(str(raw), str(tmp_path))
    assert not any(report.skipped for report in reports)
    assert sum(report.num_images for report in reports) == images
    assert sum(report.num_persons for report in reports) == persons
