# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Writing downloads in miniature, and what should become of them."""
import json

import numpy as np
from PIL import Image
from scipy.io import savemat

from projects.qanet.datasets.conversion import (convert_atr, convert_official,
                                                convert_pascal_person_part,
                                                convert_single_person)
from projects.qanet.ground_truth import read_label_map

SIZE = (40, 30)  # width, height
SHORT = dict(Training='train', Validation='val', Testing='test')
# Data set -> folders of images and labels, list of images; LIP's folders are
# doubled as by unpacking, and its lists lie further up.
FOLDERS = {
    'CIHP': ('p/p/{0}/Images', 'p/p/{0}/Category_ids', 'p/p/{0}/{1}_id.txt'),
    'LIP':
    ('LIP/I/I/{1}_images', 'LIP/L/L/{1}_segmentations', 'LIP/I/{1}_id.txt'),
    'MHP-v2':
    ('LV/LV/{1}/images', 'LV/LV/{1}/parsing_annos', 'LV/LV/list/{1}.txt'),
    'PASCAL-Person-Part': ('VOC/VOC2010/JPEGImages', 'parts/Annotations_Part',
                           'ppp/pascal_person_part_trainval_list/{1}_id.txt'),
    'ATR': ('hp/JPEGImages', 'hp/SegmentationClassAug', '{1}.txt'),
    'Own': ('images', 'parsing', '{1}.txt'),
}
NUM_CLASSES = dict(zip(FOLDERS, (20, 20, 59, 7, 18, 20)))
SINGLE = ('LIP', 'ATR', 'Own')
# A part of each class of PASCAL-Person-Part.
PARTS = (None, 'hair', 'neck', 'ruarm', 'lhand', 'luleg', 'rfoot')


def box(rows, columns, value=1, size=SIZE):
    """A label map that is 0 but for one box."""
    labels = np.zeros(size[::-1], np.uint8)
    labels[slice(*rows), slice(*columns)] = value
    return labels


def matlab_structs(records, *names):
    """A 1 x N struct array; Matlab leaves an empty one without fields."""
    if not records:
        return np.zeros((0, 0))
    array = np.zeros((1, len(records)), [(name, object) for name in names])
    for i, record in enumerate(records):
        array[0, i] = record
    return array


class Miniature:
    """Writes the files of a download and reads those of a conversion."""

    def __init__(self, root) -> None:
        self.raw = root / 'raw'
        self.out = root / 'out'
        self.raw.mkdir()

    def place(self, path):
        path = self.raw / path
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def photo(self, path, size=SIZE, broken=False, **kwargs):
        """A noisy picture, or one that was cut off while downloading."""
        path = self.place(path)
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)
        Image.fromarray(pixels).save(path, **kwargs)
        if broken:
            path.write_bytes(path.read_bytes()[:300])

    def labels(self, path, labels, kind='gray'):
        """A label PNG: gray, palette, or with its indices in red."""
        labels = np.asarray(labels, np.uint8)
        if kind == 'red':
            labels = np.stack([labels, 0 * labels + 9, 0 * labels], axis=2)
        image = Image.fromarray(labels)
        if kind == 'palette':
            image.putpalette([value * 37 % 256 for value in range(768)])
        image.save(self.place(path))

    def text(self, path, text):
        self.place(path).write_text(text)

    def mat(self, path, objects):
        """PASCAL-Part's annotation of (class, mask, [(part, mask)])."""
        records = [(name, mask, matlab_structs(parts, 'part_name', 'mask'))
                   for name, mask, parts in objects]
        records = matlab_structs(records, 'class', 'mask', 'parts')
        savemat(self.place(path), dict(anno=dict(objects=records)))

    def write(self, data_set, split, stem, persons):
        """Persons (label maps, the last in front); paths of photo, labels."""
        images, labels, listing = (
            text.format(split, SHORT[split]) for text in FOLDERS[data_set])
        with self.place(listing).open('a') as file:
            file.write(f'{stem}\n')
        photo, label = f'{images}/{stem}.jpg', f'{labels}/{stem}.png'
        self.photo(photo, persons[0].shape[::-1])
        categories, humans = merge(persons)
        if data_set == 'MHP-v2':
            for i, person in enumerate(persons, 1):
                label = f'{labels}/{stem}_{len(persons):02d}_{i:02d}.png'
                self.labels(label, person, 'red')
        elif data_set == 'PASCAL-Person-Part':
            label = f'{labels}/{stem}.mat'
            objects = []
            for person in persons:
                parts = [(PARTS[value], person == value)
                         for value in np.unique(person[person > 0])]
                objects.append(('person', person > 0, parts))
            self.mat(label, objects)
        else:
            self.labels(label, categories)
        if data_set == 'CIHP':
            self.labels(
                label.replace('Category_ids', 'Human_ids'), humans, 'palette')
        return photo, label

    def convert(self, data_set, **kwargs):
        """The reports by split."""
        raw, out = str(self.raw), str(self.out)
        lists = {
            f'{short}_ids': str(self.raw / f'{short}.txt')
            for short in SHORT.values()
            if (self.raw / f'{short}.txt').exists()
        }
        if data_set == 'PASCAL-Person-Part':
            reports = convert_pascal_person_part(raw, out, **kwargs)
        elif data_set == 'ATR':
            reports = convert_atr(raw, out, **lists, **kwargs)
        elif data_set == 'Own':
            folders = f'{raw}/images', f'{raw}/parsing', out
            reports = convert_single_person(
                *folders, name='Own', **lists, **kwargs)
        else:
            reports = convert_official(data_set, raw, out, **kwargs)
        return {
            report.ann_file.rpartition('_')[2].removesuffix('.json'): report
            for report in reports
        }

    def document(self, name):
        """A written annotation file."""
        return json.loads((self.out / f'annotations/{name}.json').read_text())

    def file_names(self, name):
        return [image['file_name'] for image in self.document(name)['images']]

    def boxes(self, name):
        return [one['bbox'] for one in self.document(name)['annotations']]

    def maps(self, split, stem):
        """Written classes, persons, part instances and their table."""
        folder = self.out / split
        maps = [
            read_label_map(str(folder / name / f'{stem}.png'))
            for name in ('Category_ids', 'Human_ids', 'Instance_ids')
        ]
        lines = (folder / f'Instance_ids/{stem}.txt').read_text().splitlines()
        return (*maps, [tuple(map(int, line.split())) for line in lines])

    def check(self, split, stem, categories, humans, num_classes):
        """Compare the written maps with what they should be, naively."""
        *written, table = self.maps(split, stem)
        np.testing.assert_array_equal(written[0], categories)
        np.testing.assert_array_equal(written[1], humans)
        expected = []
        for person, label in sorted(set(zip(humans.flat, categories.flat))):
            own = (humans == person) & (categories == label)
            if 0 in (person, label) or label == 255:
                assert not written[2][own].any()
            else:
                number = (int(person) - 1) * num_classes + int(label)
                assert (written[2][own] == number).all()
                expected.append((number, label, person))
        assert table == expected


def merge(persons):
    """Maps of classes and persons; the last person is in front."""
    categories = np.zeros_like(persons[0])
    humans = np.zeros_like(persons[0])
    for number, labels in enumerate(persons, 1):
        categories = np.where(labels > 0, labels, categories)
        humans = np.where(labels > 0, number, humans)
    return categories.astype(np.uint8), humans.astype(np.uint8)


def persons_of(data_set):
    """Two persons that overlap, the second in front; or one alone."""
    first = box((5, 25), (2, 14), 2)
    first[8:12, 4:9] = NUM_CLASSES[data_set] - 1
    second = box((10, 30), (8, 33), 5)
    second[12:14, 9:20] = 1
    if data_set != 'PASCAL-Person-Part':
        first[24, 2:4] = second[20:22, 30:33] = 255
    return [first] if data_set in SINGLE else [first, second]


def write_all(mini, data_set, stems='bacd'):
    """A training split in the order of a list, one image to validate on."""
    persons = persons_of(data_set)
    found = [mini.write(data_set, 'Training', stem, persons) for stem in stems]
    mini.write(data_set, 'Validation', '7', persons)
    return found
