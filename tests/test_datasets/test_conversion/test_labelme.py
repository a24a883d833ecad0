# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

from projects.qanet.datasets.conversion import suggest_flip_pairs
from projects.qanet.utils.errors import InputError
from .drawings import (CLASSES, EXPECTED, SHAPES, SQUARE, convert_drawing,
                       draw, painted, shape)


def test_conversion(mini):
    draw(mini, 'a', SHAPES)
    for _ in range(2):
        report = convert_drawing(mini)
    assert report.classes == CLASSES
    mini.check('Training', 'a', *EXPECTED, 4)
    info = mini.document('Custom_train')['info']
    assert info == dict(classes=list(CLASSES))
    assert mini.boxes('Custom_train') == [[2, 5, 10, 20], [8, 10, 22, 10]]
    assert (mini.out / 'Training/Images/a.jpg').is_symlink()


# yapf: disable
@pytest.mark.parametrize('shapes,kwargs,boxes', [
    # By outline: 5 of 7 columns lie in the first; an id beats it.
    # Hats are 1, shirts 2; persons by their first part.
    ([shape('person', (0, 0, 20, 30)), shape('person', (18, 0, 40, 30), 7),
      shape('shirt', (15, 5, 22, 10)), shape('hat', (25, 0, 30, 5)),
      shape('hat', (0, 0, 3, 3), 7)], {},
     [(2, 1, (15, 5, 22, 10)), (1, 2, (25, 0, 30, 5)), (1, 2, (0, 0, 3, 3))]),
    # '7' is 7, a blank is nobody: the outline owns what lies in it.
    ([shape('person', (0, 0, 20, 30), '7'), shape('hat', (0, 0, 3, 3), ' '),
      shape('hat', (5, 0, 9, 3), 7)], {},
     [(1, 1, (0, 0, 3, 3)), (1, 1, (5, 0, 9, 3))]),
    ([shape('hat', (0, 0, 5, 5)), shape('shirt', (0, 5, 9, 9))],
     dict(single_person=True), [(1, 1, (0, 0, 5, 5)), (2, 1, (0, 5, 9, 9))]),
    # A rectangle of four corners.
    ([shape('hat', (3, 2, 13, 8), 1, shape_type='rectangle'),
      shape('shirt', (9, 2, 13, 8), 'x')], {},
     [(1, 1, (3, 2, 13, 8)), (2, 2, (9, 2, 13, 8))]),
    ([shape('Person', (0, 0, 20, 30)), shape('hat', (0, 0, 3, 3))],
     dict(person_label='Person'), [(1, 1, (0, 0, 3, 3))]),
])  # yapf: enable
def test_whose_a_part_is(shapes, kwargs, boxes, mini):
    draw(mini, 'a', shapes)
    convert_drawing(mini, **kwargs)
    for written, expected in zip(mini.maps('Training', 'a'), painted(*boxes)):
        np.testing.assert_array_equal(written, expected)


def test_more_than_255_persons(mini):
    draw(mini, 'a', [
        shape('hat', (i % 40, i // 40, i % 40 + 1, i // 40 + 1), i + 1)
        for i in range(300)
    ])
    assert convert_drawing(mini).num_persons == 300
    _, humans, instances, _ = mini.maps('Training', 'a')
    assert humans.dtype == instances.dtype == np.uint16
    for written in (humans, instances):
        assert written.ravel()[:300].tolist() == list(range(1, 301))


def test_notes(mini):
    draw(mini, 'a', [*SHAPES, shape('hat', (50, 0, 60, 9))])
    draw(mini, 'b', [shape('__ignore__', SQUARE, 1)])
    draw(mini, 'c', [shape('hat', SQUARE, 1), shape('hat', SQUARE, 2)])
    report = convert_drawing(mini)
    assert report.empty == ['b']
    (first, beside), hidden = report.notes
    assert first == 'a' and beside.endswith(
        'shape 6 (hat) covers no pixel of the image')
    assert hidden == ('c', 'person 1 left out, no pixel of it is visible')


def test_classes(mini, capsys):
    draw(mini, 'a', SHAPES)
    draw(mini, 'c', SHAPES[:2])
    convert_drawing(mini)
    written = (mini.out / 'annotations/classes.txt').read_text()
    assert written == '\n'.join(CLASSES) + '\n'
    # The classes of the training run are kept.
    draw(mini, 'a', [shape('shirt', SQUARE, 1)])
    draw(mini, 'b', [shape('hat', SQUARE, 1)])
    report = convert_drawing(mini, split='val')
    assert report.classes == CLASSES and report.num_images == 2
    assert mini.maps('Validation', 'a')[0][5, 5] == 3
    assert 'b.json: shape 0 (hat) is none of' in report.skipped[0][1]
    assert 'an earlier run lacks hat' in capsys.readouterr().err
    mini.text('mine.txt', 'hat\nbackground\n\n shirt \n__ignore__')
    mine = str(mini.raw / 'mine.txt')
    report = convert_drawing(mini, split='val', classes=mine)
    assert report.classes == ('Background', 'hat', 'shirt')
    assert mini.maps('Validation', 'a')[0][5, 5] == 2


@pytest.mark.parametrize('text,message', [
    (b'hat\n\n boot \nhat\n', 'classes.txt: the classes hat stand there '),
    (b'background\n', 'classes.txt: there is no class besides'),
    ('J\u00e4ckchen'.encode('latin-1'), 'classes.txt is no text in UTF-8'),
    (b'\n'.join(b'%d' % i for i in range(255)), 'num_classes is 256, allowed'),
])  # yapf: disable
def test_broken_lists_of_classes(text, message, mini):
    draw(mini, 'a', SHAPES)
    path = mini.raw / 'classes.txt'
    with pytest.raises(InputError, match='classes.txt does not exist'):
        convert_drawing(mini, classes=str(path))
    path.write_bytes(text)
    with pytest.raises(InputError, match=message):
        convert_drawing(mini, classes=str(path))


@pytest.mark.parametrize('shapes,kwargs,reason', [
    ([shape('hat')], {}, 'shape 0 (hat) belongs to nobody'),
    ([shape('hat', shape_type='circle')], {}, '0 (hat) is a circle, allowed'),
    ([shape('hat', points=[[1, 2], [3, 4]])], {}, '0 (hat) is no polygon'),
    ([shape('hat', SQUARE, [1])], {}, 'has the person id [1]'),
    ([dict(points=[])], {}, 'shapes[0] has no label'),
    ([3], {}, 'shapes[0] must be an object'),
    ([shape('hat', (0, 0, 5, 10**9), 1)], {}, 'coordinate beyond 800 pixels'),
    ([shape('hat', (0, 0, 5, 10**400), 1)], {}, 'no list of points'),
    (SHAPES, dict(imageWidth='40'), "has the size '40' x 30"),
    (SHAPES, dict(imageWidth=30, imageHeight=40), 'is 30x40 pixels'),
    (SHAPES, dict(imagePath='x\\z.jpg'), 'belongs to x/z.jpg, which is'),
    (None, {}, 'is no LabelMe file'),
])  # yapf: disable
def test_skipped_with_reason(shapes, kwargs, reason, mini):
    draw(mini, 'a', SHAPES)
    draw(mini, 'b', shapes, **kwargs)
    (stem, why), = convert_drawing(mini).skipped
    assert stem in ('b', 'one/b.json') and reason in why


def test_images_elsewhere(mini):
    draw(mini, 'b', SHAPES, 'photos')
    draw(mini, 'a', SHAPES, imagePath='..\\photos\\b.jpg')
    (mini.raw / 'photos/b.json').unlink()
    convert_drawing(mini)
    mini.check('Training', 'b', *EXPECTED, 4)
    draw(mini, 'a', SHAPES, imagePath='C:\\mine\\b.jpg')
    with pytest.raises(InputError, match='belongs to C:/mine/b.jpg, whi'):
        convert_drawing(mini)
    convert_drawing(mini, images=str(mini.raw / 'photos'))


def test_files_as_people_save_them(mini):
    """Byte order marks, a national encoding, hidden and stray files."""
    shirt = '\u886c\u886b'
    for stem, encoding in (('7', 'utf-8-sig'), ('b', 'gb2312'), ('c', 'ascii'),
                           ('5', 'ascii'), ('0030', 'utf-8')):
        draw(mini, stem, [shape(shirt, SQUARE, 1)])
        path = mini.raw / f'one/{stem}.json'
        text = json.dumps(
            json.loads(path.read_text()), ensure_ascii=encoding == 'ascii')
        path.write_bytes(text.encode(encoding))
    (mini.raw / 'one/7.json').rename(mini.raw / 'one/9.JSON')
    for name in ('1.json', '._b.json', '.c/b.json', '__MACOSX/b.json'):
        mini.text(f'one/{name}', '{}')
    (mini.raw / 'one/c.jpg').write_bytes(b'')
    report = convert_drawing(mini)
    assert report.classes == ('Background', shirt)
    names, reasons = zip(*report.skipped)
    assert names == ('one/1.json', 'one/b.json', 'c')
    assert 'one/b.json is not valid json' in reasons[1]
    # Numbers are ids beside stray files.
    images = mini.document('Custom_train')['images']
    assert [(image['id'], image['file_name']) for image in images
            ] == [(30, '0030.jpg'), (5, '5.jpg'), (7, '7.jpg')]
    # The second run reads what the first has written.
    assert convert_drawing(mini, split='val').classes == report.classes


def test_list_of_images(mini):
    for stem in 'ab':
        draw(mini, stem, SHAPES)
    mini.text('one/c.json', '{}')
    mini.text('ids.txt', 'b\nc\nd.jpg\na\n')
    report = convert_drawing(mini, ids=str(mini.raw / 'ids.txt'))
    assert mini.file_names('Custom_train') == ['b.jpg', 'a.jpg']
    (_, first), second = report.skipped
    assert 'one/c.json is no LabelMe file' in first
    assert second == ('d', 'd is not in the annotations')


def test_refused_as_a_whole(mini):
    with pytest.raises(InputError, match='holds no json files'):
        convert_drawing(mini)
    draw(mini, 'a', SHAPES)
    draw(mini, 'a', SHAPES, 'two')
    with pytest.raises(InputError, match='two/a.jpg and .*one/a.jpg'):
        convert_drawing(mini)
    draw(mini, 'a', None, 'two')
    draw(mini, 'a', [shape('Person', (0, 0, 20, 30), 2), *SHAPES])
    with pytest.raises(InputError, match="'Person' is almost 'person'"):
        convert_drawing(mini)
    with pytest.raises(InputError, match='none of 1 json files in .*two'):
        convert_drawing(mini, 'two')
    with pytest.raises(InputError, match='nowhere is neither a folder'):
        convert_drawing(mini, 'nowhere')
    with pytest.raises(ValueError, match='split must be one of'):
        convert_drawing(mini, split='training')


def test_suggested_flip_pairs():
    classes = ('Background', 'Right-arm', 'hat', 'Left-arm', 'boot left',
               'boot right', 'leftover', 'left eye')
    assert suggest_flip_pairs(classes) == [(3, 1), (4, 5)]
    assert suggest_flip_pairs(('Background', 'hat')) == []
