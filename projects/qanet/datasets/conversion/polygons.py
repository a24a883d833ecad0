# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From drawn polygons of body parts to label maps."""
import os
from functools import partial
from pathlib import Path
from typing import Dict, Hashable, List, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import IGNORE_LABEL
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import read_text, write_text
from .files import image_size, read_stems, warn
from .maps import PersonPainter, check_num_classes
from .records import (SPLITS, ImageRecord, Split, SplitReport, convert_splits,
                      place_image)
from .shapes import (ShapeImage, ShapeSet, Size, read_coco_parts, read_labelme,
                     shape_mask)

# Names of shapes that are no classes of their own, in lower case.
_SPECIAL = {
    **dict.fromkeys(('background', '_background_', '__background__'), 0),
    **dict.fromkeys(('ignore', '__ignore__'), IGNORE_LABEL)
}


def _with_background(names: Sequence[str]) -> Tuple[str, ...]:
    """The background, then the other classes, without those to ignore."""
    parts = [name for name in names if name.lower() not in _SPECIAL]
    if not parts:
        raise InputError('there is no class besides the background')
    twice = sorted({name for name in parts if parts.count(name) > 1})
    if twice:
        raise InputError(f'the classes {", ".join(twice)} stand there twice')
    check_num_classes(len(parts) + 1)
    return ('Background', *parts)


def _read_classes(path: str) -> Tuple[str, ...]:
    """Read a list of classes, one per line, with or without background."""
    if not os.path.isfile(path):
        raise InputError(f'list of classes {path} does not exist')
    lines = [' '.join(line.split()) for line in read_text(path).splitlines()]
    try:
        return _with_background([line for line in lines if line])
    except InputError as error:
        raise InputError(f'{path}: {error}') from None


def suggest_flip_pairs(classes: Sequence[str]) -> List[Tuple[int, int]]:
    """(left, right) indices of classes whose names differ in left and right.

    To be checked: names like 'l_arm' are not recognised. Background is first.
    """
    index = {name.lower(): label for label, name in enumerate(classes)}
    return [(label, index[name.replace('left', 'right')])
            for name, label in index.items()
            if 'left' in name and name.replace('left', 'right') in index]


def _owner(mask: np.ndarray, outlines: Dict[Hashable, np.ndarray]) -> Hashable:
    """The person whose outline holds most of a part; None without any."""
    shares = {None: 0}
    for person, outline in outlines.items():
        shares[person] = np.count_nonzero(mask & outline)
    return max(shares, key=shares.get)


def _paint(image: ShapeImage, size: Size, classes: Sequence[str],
           person_label: str,
           single_person: bool) -> Tuple[PersonPainter, List[str]]:
    """Paint the shapes in their order; note those beside the image."""
    outlines: Dict[Hashable, np.ndarray] = {}
    parts = []
    for i, shape in enumerate(image.shapes):
        if shape.label == person_label:
            person = ('outline', i) if shape.person is None else shape.person
            mask = shape_mask(shape, size)
            outlines[person] = outlines.get(person, False) | mask
        else:
            parts.append(shape)
    painter, notes = PersonPainter(size), []
    for shape in parts:
        mask = shape_mask(shape, size)
        if shape.label in classes[1:]:
            label = classes.index(shape.label)
        elif shape.label.lower() in _SPECIAL:
            label = _SPECIAL[shape.label.lower()]
        else:
            raise InputError(f'{shape.name} is none of the classes '
                             f'{", ".join(classes[1:])}')
        if not mask.any():
            notes.append(f'{shape.name} covers no pixel of the image')
            continue
        if label == 0:
            painter.paint(None, 0, mask)
            continue
        person = 1 if single_person else shape.person
        if person is None:
            person = _owner(mask, outlines)
        if person is None:
            raise InputError(
                f'{shape.name} belongs to nobody: it has no person id and '
                f'lies in no outline called {person_label!r}')
        painter.paint(person, label, mask)
    return painter, notes


def _convert_image(source: ShapeSet, out: Path, classes: Sequence[str],
                   person_label: str, single_person: bool,
                   stem: str) -> Optional[ImageRecord]:
    if stem not in source.images:
        # A list of images has names without folder and ending.
        for file, problem in source.problems.items():
            if stem in (file, Path(file).stem):
                raise InputError(problem)
        raise InputError(f'{stem} is not in the annotations')
    image = source.images[stem]
    if not image.path.is_file():
        raise InputError(f'{image.path} is missing')
    size = image_size(image.path)
    if image.size is not None and tuple(image.size) != size:
        raise InputError(
            f'{image.source} says that {image.path} is {image.size[0]}x'
            f'{image.size[1]} pixels (w x h), but it is {size[0]}x{size[1]}')
    painter, notes = _paint(image, size, classes, person_label, single_person)
    found = painter.write(out, stem, len(classes))
    if found is not None:
        found[1][:0] = notes
    return place_image(image.path, size, out, found, image.image_id)


def _choose_classes(source: ShapeSet, listed: Optional[str], earlier: Path,
                    person_label: str) -> Tuple[str, ...]:
    """The list that was given, that of an earlier run, or the labels."""
    if listed is not None:
        return _read_classes(listed)
    labels = [label for label in source.labels if label != person_label]
    for label in labels:
        if label.lower() == person_label.lower():
            raise InputError(
                f'the label {label!r} is almost {person_label!r}, that of '
                'outlines of persons: rename it, give it as --person-label, '
                'or list it with --classes if it is a part')
    if not earlier.is_file():
        return _with_background(labels)
    print(f'Classes from {earlier}')
    classes = _read_classes(earlier)
    new = [
        label for label in labels
        if label.lower() not in _SPECIAL and label not in classes
    ]
    if new:
        warn(f'{earlier} of an earlier run lacks {", ".join(new)}: '
             'pictures with them are skipped. List all classes in a file, '
             'give it with --classes and convert all splits again')
    return classes


def convert_polygons(raw: str,
                     out: str,
                     name: str = 'Custom',
                     split: str = 'train',
                     images: Optional[str] = None,
                     classes: Optional[str] = None,
                     ids: Optional[str] = None,
                     person_label: str = 'person',
                     person_keys: Sequence[str] = ('person_id', 'group_id'),
                     single_person: bool = False,
                     workers: int = 4) -> Tuple[SplitReport, Tuple[str, ...]]:
    """Convert polygons of body parts (LabelMe, COCO) to label maps.

    A part belongs to the person that its id names (LabelMe: ``group_id``;
    COCO: ``person_keys``), else to that whose outline, a shape called
    ``person_label``, holds most of it. Outlines themselves are not painted.
    The later shape covers the earlier, also those of other persons. A shape
    called ``_background_`` punches a hole; one called ``__ignore__`` becomes
    255. Images are linked.

    Args:
        raw (str): Folder of LabelMe json files, or a COCO json file.
        out, workers: See :func:`convert_official`.
        name, split (str): The annotation file is ``<name>_<split>.json``; a
            ValueError if the split is not train, val or test.
        images (str, optional): Folder of the images. None: where the json
            says (LabelMe) or is.
        classes (str, optional): Text file with one class per line. None:
            ``<out>/annotations/classes.txt`` of an earlier run, else the
            labels themselves, which are written there.
        ids (str, optional): Text file with the names of the images to take.
        person_label (str): What outlines are called.
        person_keys (Sequence[str]): Keys of a COCO annotation, or of its
            ``attributes``, that say whose the part is.
        single_person (bool): All shapes of an image are one person's.

    Returns what was converted, and the classes, background first. Raises an
    InputError if a file is missing or malformed, or most of the images cannot
    be converted, e.g. since parts belong to nobody.
    """
    folders = {short: folder for folder, short in SPLITS.items()}
    if split not in folders:
        raise ValueError(f'split must be one of {[*folders]}, got {split!r}')
    if os.path.isdir(raw):
        source = read_labelme(raw, images)
    elif os.path.isfile(raw):
        folder = os.path.dirname(raw) if images is None else images
        source = read_coco_parts(raw, folder, person_label, person_keys)
    else:
        raise InputError(f'{raw} is neither a folder of LabelMe files nor a '
                         'COCO file')
    earlier = Path(out, 'annotations', 'classes.txt')
    names = _choose_classes(source, classes, earlier, person_label)
    stems = read_stems(ids) if ids is not None else sorted(
        [*source.images, *source.problems], key=os.path.basename)
    convert_one = partial(_convert_image, source, Path(out, folders[split]),
                          names, person_label, single_person)
    report, = convert_splits(out, name,
                             [Split(folders[split], stems, convert_one)],
                             workers, dict(classes=list(names)))
    write_text(earlier, ''.join(f'{name}\n' for name in names))
    return report, names
