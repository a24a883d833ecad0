# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From polygons of body parts to label maps."""
import os.path as osp
from functools import partial
from typing import Dict, Hashable, List, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import IGNORE_LABEL
from projects.qanet.utils.errors import InputError
from .class_lists import (read_classes, special_label, with_background,
                          write_classes)
from .coco_parts import read_coco_parts
from .files import image_size, link_file, read_stems, warn
from .label_maps import persons_of
from .labelme import read_labelme
from .person_maps import PersonPainter, write_person_maps
from .records import ImageRecord
from .shapes import ShapeImage, ShapeSet, shape_mask
from .splits import SPLITS, Split, SplitReport, convert_splits


def _owner(mask: np.ndarray, outlines: Dict[Hashable, np.ndarray]) -> Hashable:
    """The person whose outline holds most of a part; None without any."""
    shares = {
        person: np.count_nonzero(mask & outline)
        for person, outline in outlines.items()
    }
    best = max(shares, key=shares.get, default=None)
    return best if best is not None and shares[best] else None


def _outlines(image: ShapeImage, size: Tuple[int, int],
              person_label: str) -> Dict[Hashable, np.ndarray]:
    """The drawn outlines of whole persons, by person."""
    outlines: Dict[Hashable, np.ndarray] = {}
    for i, shape in enumerate(image.shapes):
        if shape.label == person_label:
            person = ('outline', i) if shape.person is None else shape.person
            mask = shape_mask(shape, size)
            outlines[person] = outlines.get(person, False) | mask
    return outlines


def _paint(image: ShapeImage, size: Tuple[int, int], numbers: Dict[str, int],
           person_label: str,
           single_person: bool) -> Tuple[PersonPainter, List[str]]:
    """Paint the shapes in their order: the later covers the earlier.

    Returns the painter and notes of shapes that are not on the image.
    """
    painter, notes = PersonPainter(size), []
    outlines = _outlines(image, size, person_label)
    for shape in image.shapes:
        if shape.label == person_label:
            continue
        label = numbers.get(shape.label, special_label(shape.label))
        mask = shape_mask(shape, size)
        if label is None:
            raise InputError(f'{shape.name} is none of the classes '
                             f'{", ".join(numbers)}')
        if not mask.any():
            notes.append(f'{shape.name} covers no pixel of the image')
            continue
        if label == 0:
            painter.erase(mask)
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


def _convert_image(source: ShapeSet, out: str, classes: Sequence[str],
                   person_label: str, single_person: bool,
                   stem: str) -> Optional[ImageRecord]:
    if stem not in source.images:
        # A list of images has names without folder and ending.
        for file, problem in source.problems.items():
            if stem in (file, osp.splitext(osp.basename(file))[0]):
                raise InputError(problem)
        raise InputError(f'{stem} is not in the annotations')
    image = source.images[stem]
    if not osp.isfile(image.path):
        raise InputError(f'{image.path} is missing')
    size = image_size(image.path)
    if image.size is not None and tuple(image.size) != size:
        raise InputError(
            f'{image.source} says that {image.path} is {image.size[0]}x'
            f'{image.size[1]} pixels (w x h), but it is {size[0]}x{size[1]}')
    numbers = {name: label for label, name in enumerate(classes) if label}
    painter, notes = _paint(image, size, numbers, person_label, single_person)
    categories, humans, hidden = painter.result()
    persons = persons_of(humans)
    # Nobody, or persons of whom all is to be ignored.
    if not (np.isin(categories, (0, IGNORE_LABEL), invert=True)).any():
        return None
    write_person_maps(out, stem, categories, humans, len(classes))
    name = osp.basename(image.path)
    link_file(image.path, osp.join(out, 'Images', name))
    notes += [f'person {person} is hidden, left out' for person in hidden]
    return ImageRecord(name, *size, persons, notes, image.image_id)


def _choose_classes(source: ShapeSet, listed: Optional[str], earlier: str,
                    person_label: str) -> Tuple[str, ...]:
    """The list that was given, that of an earlier run, or the labels."""
    if listed is not None:
        return read_classes(listed)
    for label in source.labels:
        if label != person_label and label.lower() == person_label.lower():
            raise InputError(
                f'the label {label!r} is almost {person_label!r}, that of '
                'outlines of persons: rename it, give it as --person-label, '
                'or list it with --classes if it is a part')
    if osp.isfile(earlier):
        print(f'Classes from {earlier}')
        classes = read_classes(earlier)
        new = [
            label for label in source.labels if special_label(label) is None
            and label != person_label and label not in classes
        ]
        if new:
            warn(f'{earlier} of an earlier run lacks {", ".join(new)}: '
                 'pictures with them are skipped. List all classes in a file, '
                 'give it with --classes and convert all splits again')
        return classes
    return with_background(
        [label for label in source.labels if label != person_label])


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
    Shapes are painted in the order of the file, the later over the earlier,
    also over those of other persons. A shape called ``_background_`` punches
    a hole; one called ``__ignore__`` becomes 255. Images are linked; running
    it again is harmless.

    Args:
        raw (str): Folder of LabelMe json files, or a COCO json file.
        out (str): Folder to write, e.g. ``data/Custom``.
        name (str): The annotation file is ``<name>_<split>.json``. Defaults
            to 'Custom'.
        split (str): train, val or test. Defaults to 'train'.
        images (str, optional): Folder of the images. Defaults to None:
            LabelMe: where the json says, or beside it; COCO: where the json
            is.
        classes (str, optional): Text file with one class per line. Defaults
            to None: ``<out>/annotations/classes.txt`` of an earlier run, else
            the labels themselves, which are written there.
        ids (str, optional): Text file with the names of the images to take.
            Defaults to None, all.
        person_label (str): What outlines are called. Defaults to 'person'.
        person_keys (Sequence[str]): See :func:`read_coco_parts`.
        single_person (bool): All shapes of an image are one person's.
            Defaults to False.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        tuple[SplitReport, tuple[str, ...]]: What was converted, and the
        classes, background first.

    Raises:
        InputError: If a file is missing or malformed, or most of the images
            cannot be converted, e.g. since parts belong to nobody.
        ValueError: If ``split`` is none of them.
    """
    folders = {short: folder for folder, short in SPLITS.items()}
    if split not in folders:
        raise ValueError(f'split must be one of {list(folders)}, got '
                         f'{split!r}')
    if osp.isdir(raw):
        source = read_labelme(raw, images)
    elif osp.isfile(raw):
        source = read_coco_parts(
            raw,
            osp.dirname(raw) if images is None else images, person_label,
            person_keys)
    else:
        raise InputError(f'{raw} is neither a folder of LabelMe files nor a '
                         'COCO file')
    earlier = osp.join(out, 'annotations', 'classes.txt')
    names = _choose_classes(source, classes, earlier, person_label)
    stems: List[str] = sorted([*source.images, *source.problems],
                              key=osp.basename)
    if ids is not None:
        stems = read_stems(ids)
    convert_one = partial(_convert_image, source,
                          osp.join(out, folders[split]), names, person_label,
                          single_person)
    report, = convert_splits(out, name,
                             [Split(folders[split], stems, convert_one)],
                             workers, dict(classes=list(names)))
    write_classes(earlier, names)
    return report, names
