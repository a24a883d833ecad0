# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawings of parts as people make them, and the maps that they become."""
import json

import numpy as np

from projects.qanet.datasets.conversion import convert_polygons

SQUARE = (1, 1, 9, 9)


def corners(x1, y1, x2, y2):
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def flat(*box):
    return [np.ravel(corners(*box)).tolist()]


def shape(label, box=SQUARE, person=None, **kwargs):
    entry = dict(label=label, points=corners(*box), group_id=person)
    return dict(entry, **kwargs)


def draw(mini, stem, shapes, folder='one', **kwargs):
    """A photo and its LabelMe file."""
    mini.photo(f'{folder}/{stem}.jpg')
    document = dict(imagePath=f'{stem}.jpg', imageWidth=40, imageHeight=30)
    document = dict(dict(document, shapes=shapes), **kwargs)
    mini.text(f'{folder}/{stem}.json', json.dumps(document))


def convert_drawing(mini, raw='', **kwargs):
    """The report, with the classes."""
    report, classes = convert_polygons(
        str(mini.raw / raw), str(mini.out), **kwargs)
    report.classes = classes
    return report


# Person 5 is in front, person 2 was drawn first.
SHAPES = [
    shape('shirt', (2, 5, 12, 25), 2),
    shape('shirt', (8, 10, 30, 20), 5),
    shape('left arm', (2, 8, 5, 15), 2),
    dict(
        label='right arm',
        points=[[26, 12], [30, 20]],
        group_id=5,
        shape_type='rectangle'),
    shape('__ignore__', (8, 10, 10, 12), 5),
    shape('_background_', (20, 10, 22, 20)),
]
CLASSES = ('Background', 'left arm', 'right arm', 'shirt')


def painted(*boxes):
    """Maps of classes and persons of (label, person, box)."""
    categories, humans = np.zeros((2, 30, 40), np.uint8)
    for label, person, (x1, y1, x2, y2) in boxes:
        categories[y1:y2, x1:x2] = label
        humans[y1:y2, x1:x2] = person
    return categories, humans


EXPECTED = painted(
    (3, 1, (2, 5, 12, 25)), (3, 2, (8, 10, 30, 20)), (1, 1, (2, 8, 5, 15)),
    (2, 2, (26, 12, 30, 20)), (255, 2, (8, 10, 10, 12)),
    (0, 0, (20, 10, 22, 20)))  # yapf: disable
