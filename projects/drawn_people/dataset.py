# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn scenes on disk: people as CIHP, people and things as COCO."""
import json
from functools import partial
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence, Tuple, Union

import cv2
import numpy as np
from pycocotools import mask as mask_utils

from projects.qanet.datasets.conversion.label_maps import persons_of
from projects.qanet.datasets.conversion.person_maps import write_person_maps
from projects.qanet.datasets.conversion.records import (ImageRecord,
                                                        coco_document)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_text
from projects.qanet.utils.parallel import map_in_order
from .labels import NUM_CLASSES
from .scene import CLASSES, MIN_SIZE, Scene, check_arguments, draw_scene

#: Share by which width and height of a scene may differ from the nominal.
SIZE_JITTER = .12
#: Image ids of the second split begin above this.
_SPLIT_IDS = 1000000
_Pair = Tuple[int, int]


def make_scene(stem: str,
               seed: int,
               size: _Pair,
               num_people: _Pair,
               num_things: Optional[_Pair] = None) -> Scene:
    """Draw the scene of a data set that has a name.

    Args:
        stem (str): Name of the image, without ending: a number from 1 in the
            first and from 1000001 in the second split.
        seed (int): Seed of the data set.
        size (tuple[int, int]): Nominal width and height, px.
        num_people, num_things (tuple[int, int]): See
            :func:`~projects.drawn_people.scene.draw_scene`.

    Returns:
        Scene: It depends on the arguments alone.
    """
    split, index = divmod(int(stem) - 1, _SPLIT_IDS)
    rng = np.random.default_rng([seed, split, index, num_things is not None])
    factors = rng.uniform(1 - SIZE_JITTER, 1 + SIZE_JITTER, 2)
    width, height = (max(MIN_SIZE, int(v)) for v in size * factors)
    return draw_scene(rng, (width, height), num_people, num_things)


def _write_image(scene: Scene, path: Path) -> ImageRecord:
    """Write the picture; the record has boxes and areas of all instances."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, scene.jpeg_quality]
    _, data = cv2.imencode('.jpg', scene.image, quality)
    # OpenCV's own writing does not tell why it fails.
    path.write_bytes(data.tobytes())
    height, width = scene.number_map.shape
    return ImageRecord(path.name, width, height, persons_of(scene.number_map))


def write_scene(scene: Scene, folder: Union[str, Path],
                stem: str) -> ImageRecord:
    """Write a scene without things in the layout of CIHP.

    Args:
        scene (Scene): The scene.
        folder (str | Path): Folder of the split, with a folder ``Images``;
            ``Category_ids``, ``Human_ids`` and ``Instance_ids`` are made.
        stem (str): Name of the files, without ending.

    Returns:
        ImageRecord: What the annotation file says about it.

    Raises:
        OSError: If a file cannot be written.
    """
    write_person_maps(
        str(folder), stem, scene.category_map, scene.number_map, NUM_CLASSES)
    return _write_image(scene, Path(folder, 'Images', f'{stem}.jpg'))


def _write_instances(scene: Scene, folder: Path, stem: str) -> ImageRecord:
    """Write a scene with things: the record has its masks and categories."""
    record = _write_image(scene, folder / f'{stem}.jpg')
    for instance in record.persons:
        mask = scene.number_map == instance.pop('parsing_id')
        code = mask_utils.encode(np.asfortranarray(mask, np.uint8))
        code['counts'] = code['counts'].decode('ascii')
        instance['segmentation'] = code
        instance['category'] = int(scene.category_map[mask][0])
    return record


def _draw_and_write(stem: str, write: Callable, folder: Path,
                    arguments: Dict) -> ImageRecord:
    return write(make_scene(stem, **arguments), folder, stem)


def _write_splits(out: Path, counts: Sequence[int], folders: Sequence[str],
                  annotations: str, write: Callable, arguments: Dict,
                  workers: int, progress: bool) -> None:
    """Draw both splits; the json files are written last."""
    named = zip(('num_train', 'num_val', 'seed', 'workers'),
                (*counts, arguments['seed'], workers))
    for name, value in named:
        if value < (name != 'seed'):
            raise InputError(f'{name} must be at least {int(name != "seed")}, '
                             f'got {value}')
    check_arguments(*list(arguments.values())[1:])
    splits = list(zip(('train', 'val'), folders, counts))
    (out / 'annotations').mkdir(parents=True, exist_ok=True)
    for split, folder, _ in splits:
        # An interrupted drawing leaves no old annotations of new pictures.
        for old in (annotations.format(split), f'{folder}/{split}_id.txt'):
            (out / old).unlink(missing_ok=True)
    for number, (split, folder, count) in enumerate(splits):
        place = out / folder
        (place / 'Images' if write is write_scene else place).mkdir(
            parents=True, exist_ok=True)
        stems = [f'{number * _SPLIT_IDS + k:07d}' for k in range(1, count + 1)]
        work = partial(
            _draw_and_write, write=write, folder=place, arguments=arguments)
        results = map_in_order(work, stems, workers if workers > 1 else 0,
                               folder if progress else None)
        records = dict(zip(stems, list(results)))
        document = coco_document(stems, records)
        if write is write_scene:
            lines = ''.join(f'{stem}\n' for stem in stems)
            write_text(place / f'{split}_id.txt', lines)
        else:
            document['categories'] = [
                dict(id=k, name=name) for k, name in enumerate(CLASSES, 1)
            ]
            for annotation in document['annotations']:
                annotation['category_id'] = annotation.pop('category')
        write_text(out / annotations.format(split), json.dumps(document))


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
    arguments, split and k alone; the number of workers changes nothing. Old
    annotations are removed first and the new ones written last: where both
    exist, the data set is complete, and they list no older picture.

    Args:
        out (str | Path): Folder to write into; made when missing.
        num_train (int): Scenes to train on, at least 1.
        num_val (int): Scenes held out, at least 1.
        seed (int): Seed, not negative. Defaults to 0.
        size (tuple[int, int]): Nominal width and height in px; each scene
            differs by up to 12 %. Defaults to (400, 300).
        num_people (tuple[int, int]): See
            :func:`~projects.drawn_people.scene.draw_scene`.
        workers (int): Processes that draw. Defaults to 1.
        progress (bool): Show progress bars on stderr. Defaults to False.

    Raises:
        InputError: If a number is out of range; nothing is written then.
        OSError: If ``out`` cannot be written.
    """
    arguments = dict(seed=seed, size=size, num_people=num_people)
    _write_splits(
        Path(out), (num_train, num_val), ('Training', 'Validation'),
        'annotations/CIHP_{}.json', write_scene,
        dict(arguments, num_things=None), workers, progress)


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
    with masks of the visible pixels; all else is as in :func:`write_dataset`.

    Args:
        num_things (tuple[int, int]): Fewest and most things of a scene. The
            other arguments are those of :func:`write_dataset`.

    Raises:
        InputError: If a number is out of range; nothing is written then.
        OSError: If ``out`` cannot be written.
    """
    arguments = dict(seed=seed, size=size, num_people=num_people)
    _write_splits(
        Path(out), (num_train, num_val), ('train', 'val'),
        'annotations/instances_{}.json', _write_instances,
        dict(arguments, num_things=num_things), workers, progress)
