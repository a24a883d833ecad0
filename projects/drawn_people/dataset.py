# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn scenes on disk: people as CIHP, people and things as COCO.

Other formats are a :class:`Layout` more.
"""
from functools import partial
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Sequence, Tuple, Union

import cv2
import numpy as np
from pycocotools import mask as mask_utils

from projects.qanet.datasets.conversion.maps import (persons_of,
                                                     write_person_maps)
from projects.qanet.datasets.conversion.records import (ImageRecord,
                                                        coco_document)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_bytes, write_text
from projects.qanet.utils.json_values import write_json
from projects.qanet.utils.parallel import map_in_order
from .labels import NUM_CLASSES
from .scene import CLASSES, MIN_SIZE, Scene, check_arguments, draw_scene

#: Share by which width and height of a scene may differ from the nominal.
SIZE_JITTER = .12
#: Image ids of the second split begin above this.
_SPLIT_IDS = 1000000
_Pair = Tuple[int, int]

#: Gets a scene, the folder of its split, its name and a generator for what
#: the scene does not decide; writes its files.
WriteScene = Callable[[Scene, Path, str, np.random.Generator], ImageRecord]


class Layout(NamedTuple):
    """How a kind of data set lies on disk."""
    name: str  # of annotation files, before the split's
    folders: Tuple[str, str]  # of the splits
    write: WriteScene
    classes: Sequence[str] = ()  # none: everybody is a person
    listed: bool = False  # each folder has a list of names
    surface: bool = False  # scenes know the surface of bodies
    #: Writes what does not depend on scenes into the root.
    prepare: Optional[Callable[[Path], None]] = None


def write_image(scene: Scene, path: Path) -> ImageRecord:
    """Write the picture; the record has boxes and areas of all instances."""
    # OpenCV's own writing does not tell why it fails.
    quality = [cv2.IMWRITE_JPEG_QUALITY, scene.jpeg_quality]
    _, data = cv2.imencode('.jpg', scene.image, quality)
    write_bytes(str(path), data.tobytes())
    height, width = scene.number_map.shape
    return ImageRecord(path.name, width, height, persons_of(scene.number_map))


def encode_mask(mask: np.ndarray) -> dict:
    """Run lengths of a mask (h, w) as COCO's json files have them."""
    code = mask_utils.encode(np.asfortranarray(mask, np.uint8))
    return dict(size=code['size'], counts=code['counts'].decode('ascii'))


def _write_parsing(scene: Scene, folder: Path, stem: str,
                   rng: np.random.Generator) -> ImageRecord:
    write_person_maps(folder, stem, scene.category_map, scene.number_map,
                      NUM_CLASSES)
    return write_image(scene, folder / 'Images' / f'{stem}.jpg')


def _write_instances(scene: Scene, folder: Path, stem: str,
                     rng: np.random.Generator) -> ImageRecord:
    record = write_image(scene, folder / f'{stem}.jpg')
    for instance in record.persons:
        mask = scene.number_map == instance.pop('parsing_id')
        instance['segmentation'] = encode_mask(mask)
        instance['category'] = int(scene.category_map[mask][0])
    return record


_PARSING = Layout(
    'CIHP', ('Training', 'Validation'), _write_parsing, listed=True)
_INSTANCES = Layout(
    'instances', ('train', 'val'), _write_instances, classes=CLASSES)


def _draw_and_write(layout: Layout, folder: Path, seed: int, numbers: Tuple,
                    stem: str) -> ImageRecord:
    """One scene to disk; it depends on these arguments alone."""
    size, num_people, num_things = numbers
    split, index = divmod(int(stem) - 1, _SPLIT_IDS)
    rng = np.random.default_rng([seed, split, index, num_things is not None])
    factors = rng.uniform(1 - SIZE_JITTER, 1 + SIZE_JITTER, 2)
    width, height = (max(MIN_SIZE, int(v)) for v in size * factors)
    scene = draw_scene(rng, (width, height), num_people, num_things,
                       layout.surface)
    return layout.write(scene, folder, stem, rng)


def write_splits(layout: Layout, out: Path, counts: _Pair, seed: int,
                 workers: int, progress: bool, *numbers) -> None:
    """Draw both splits of a data set, see :func:`write_dataset`.

    ``counts`` are scenes to train on, and held out; ``numbers`` are size,
    num_people and num_things.
    """
    for name, value, least in (('num_train', counts[0], 1), ('num_val',
                                                             counts[1], 1),
                               ('seed', seed, 0), ('workers', workers, 1)):
        if value < least:
            raise InputError(f'{name} must be at least {least}, got {value}')
    check_arguments(*numbers)
    folders = layout.folders
    files = [(out / folder / f'{split}_id.txt',
              out / 'annotations' / f'{layout.name}_{split}.json')
             for split, folder in zip(('train', 'val'), folders)]
    (out / 'annotations').mkdir(parents=True, exist_ok=True)
    # An interrupted drawing leaves no old annotations of new pictures.
    for path in sum(files, ()):
        path.unlink(missing_ok=True)
    if layout.prepare is not None:
        layout.prepare(out)
    for k, (names, annotations) in enumerate(files):
        stems = [f'{k * _SPLIT_IDS + n + 1:07d}' for n in range(counts[k])]
        work = partial(_draw_and_write, layout, out / folders[k], seed,
                       numbers)
        records = map_in_order(work, stems, workers if workers > 1 else 0,
                               folders[k] if progress else None)
        document = coco_document(stems, dict(zip(stems, list(records))))
        if layout.listed:
            write_text(names, ''.join(f'{stem}\n' for stem in stems))
        if layout.classes:
            document['categories'] = [
                dict(id=k, name=name)
                for k, name in enumerate(layout.classes, 1)
            ]
            for annotation in document['annotations']:
                annotation['category_id'] = annotation.pop('category')
        write_json(str(annotations), document)


def write_dataset(out: Union[str, Path],
                  num_train: int,
                  num_val: int,
                  seed: int = 0,
                  size: _Pair = (400, 300),
                  num_people: _Pair = (2, 4),
                  workers: int = 1,
                  progress: bool = False) -> None:
    """Draw a parsing data set in the layout of CIHP.

    Writes ``Training`` and ``Validation`` (``Images``, ``Category_ids``,
    ``Human_ids``, ``Instance_ids``, a list of names) and
    ``annotations/CIHP_{train,val}.json``. Scene k of a split depends on the
    arguments, split and k alone, not on ``workers``. Old annotations are
    removed first and new ones written last: where both exist, the data set is
    complete, and they list no older picture.

    Args:
        out (str | Path): Folder to write into; made when missing.
        num_train, num_val (int): Scenes to train on, and held out, at least 1.
        size (tuple[int, int]): Nominal width and height in px; each scene
            differs by up to 12 %.
        num_people (tuple[int, int]): See :func:`~.scene.draw_scene`.
        workers (int): Processes that draw.
        progress (bool): Show progress bars on stderr.

    Raises:
        InputError: If a number is out of range; nothing is written then.
        OSError: If ``out`` cannot be written.
    """
    write_splits(_PARSING, Path(out), (num_train, num_val), seed, workers,
                 progress, size, num_people, None)


def write_instance_dataset(out: Union[str, Path],
                           num_train: int,
                           num_val: int,
                           seed: int = 0,
                           size: _Pair = (320, 240),
                           num_people: _Pair = (1, 2),
                           num_things: _Pair = (3, 6),
                           workers: int = 1,
                           progress: bool = False) -> None:
    """Draw people and things with their masks in the layout of COCO.

    Writes ``train``, ``val`` and ``annotations/instances_{train,val}.json``
    with masks of the visible pixels. ``num_things`` are fewest and most things
    of a scene; all else is as in :func:`write_dataset`.
    """
    write_splits(_INSTANCES, Path(out), (num_train, num_val), seed, workers,
                 progress, size, num_people, num_things)
