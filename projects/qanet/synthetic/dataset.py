# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn scenes on disk, in the layout of CIHP (``docs/results_format.md``)."""
import json
from functools import partial
from pathlib import Path
from typing import Dict, List, Tuple, Union

import numpy as np

from projects.qanet.utils.files import write_text
from .drawing import check_counts, draw_scenes, draw_size, save_image
from .scene import SyntheticScene, check_arguments, draw_scene

#: Folder of each split, its number in the seed of a scene, its first id.
SPLITS = dict(train=('Training', 0, 1), val=('Validation', 1, 1000001))
_FOLDERS = ('Images', 'Category_ids', 'Human_ids', 'Instance_ids')


def scene_rng(seed: int, split: str, index: int) -> np.random.Generator:
    """Generator of one scene, independent of how many scenes there are.

    Args:
        seed (int): Seed of the data set, not negative.
        split (str): 'train' or 'val'.
        index (int): Position of the scene in its split, from 0.

    Returns:
        np.random.Generator: Fresh generator.
    """
    return np.random.default_rng([seed, SPLITS[split][1], index])


def make_scene(seed: int, split: str, index: int, size: Tuple[int, int],
               num_people: Tuple[int, int]) -> SyntheticScene:
    """Draw scene ``index`` of a split; its size varies by up to 12 %.

    Args:
        seed (int): Seed of the data set.
        split (str): 'train' or 'val'.
        index (int): Position of the scene in its split, from 0.
        size (tuple[int, int]): Nominal width and height, px.
        num_people (tuple[int, int]): As for :func:`draw_scene`.

    Returns:
        SyntheticScene: Picture and labels.
    """
    rng = scene_rng(seed, split, index)
    return draw_scene(rng, draw_size(rng, size), num_people)


def write_scene(scene: SyntheticScene, folder: Union[str, Path],
                stem: str) -> None:
    """Write picture, label maps and instance table of one scene.

    Args:
        scene (SyntheticScene): What to write.
        folder (str | Path): Split folder that holds Images/,
            Category_ids/, Human_ids/ and Instance_ids/.
        stem (str): File name without extension.

    Raises:
        OSError: If a file cannot be written.
    """
    folder = Path(folder)
    save_image(folder / 'Images' / f'{stem}.jpg', scene.image,
               scene.jpeg_quality)
    for name, labels in (('Category_ids', scene.category_map),
                         ('Human_ids', scene.human_map), ('Instance_ids',
                                                          scene.instance_map)):
        save_image(folder / name / f'{stem}.png', labels)
    rows = [' '.join(map(str, row)) for row in scene.instance_table()]
    (folder / 'Instance_ids' / f'{stem}.txt').write_text('\n'.join(rows) +
                                                         '\n')


def _draw_and_write(index: int, out: Path, split: str, seed: int,
                    size: Tuple[int, int], num_people: Tuple[int,
                                                             int]) -> Dict:
    """Worker: one scene to disk, its share of the annotations back."""
    scene = make_scene(seed, split, index, size, num_people)
    stem = f'{SPLITS[split][2] + index:07d}'
    write_scene(scene, out / SPLITS[split][0], stem)
    height, width = scene.human_map.shape
    return dict(
        stem=stem,
        width=width,
        height=height,
        boxes=scene.boxes().tolist(),
        areas=scene.areas().tolist())


def write_dataset(out: Union[str, Path],
                  num_train: int,
                  num_val: int,
                  seed: int = 0,
                  size: Tuple[int, int] = (400, 300),
                  num_people: Tuple[int, int] = (2, 4),
                  workers: int = 1,
                  progress: bool = False) -> None:
    """Draw a data set in the CIHP layout.

    Writes ``Training`` and ``Validation`` with Images, Category_ids,
    Human_ids, Instance_ids and the list of stems, and
    ``annotations/CIHP_{train,val}.json`` (COCO, boxes xywh around the visible
    pixels, ``parsing_id`` = value in Human_ids). Image ids are the stems as
    numbers and differ between the splits. Scene k of a split depends
    on seed, split and k alone; the number of workers changes nothing. The
    json files are written last: where both exist, the data set is complete.

    Args:
        out (str | Path): Folder to write into; made when missing.
        num_train (int): Scenes to train on, at least 1.
        num_val (int): Scenes held out, at least 1.
        seed (int): Seed, not negative. Defaults to 0.
        size (tuple[int, int]): Nominal width and height in px; each scene
            differs by up to 12 %. Defaults to (400, 300).
        num_people (tuple[int, int]): Fewest and most persons per scene.
            Defaults to (2, 4).
        workers (int): Processes that draw. Defaults to 1.
        progress (bool): Show progress bars on stderr. Defaults to False.

    Raises:
        InputError: If a number is out of range.
        OSError: If ``out`` cannot be written.
    """
    check_counts(num_train, num_val, seed, workers)
    check_arguments(size, num_people)
    out = Path(out)
    (out / 'annotations').mkdir(parents=True, exist_ok=True)
    for split, count in (('train', num_train), ('val', num_val)):
        folder = out / SPLITS[split][0]
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        work = partial(
            _draw_and_write,
            out=out,
            split=split,
            seed=seed,
            size=size,
            num_people=num_people)
        path = out / 'annotations' / f'CIHP_{split}.json'
        path.unlink(missing_ok=True)
        records = draw_scenes(work, count, workers,
                              folder.name if progress else None)
        stems = ''.join(f'{r["stem"]}\n' for r in records)
        write_text(folder / f'{split}_id.txt', stems)
        write_text(path, json.dumps(_document(records)))


def _document(records: List[Dict]) -> Dict[str, List[Dict]]:
    """The COCO document of one split."""
    images, annotations = [], []
    for record in records:
        image_id = int(record['stem'])
        images.append(
            dict(
                id=image_id,
                file_name=f'{record["stem"]}.jpg',
                width=record['width'],
                height=record['height']))
        for parsing_id, (box, area) in enumerate(
                zip(record['boxes'], record['areas']), 1):
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=image_id,
                    category_id=1,
                    bbox=box,
                    area=area,
                    iscrowd=0,
                    parsing_id=parsing_id))
    return dict(
        images=images,
        annotations=annotations,
        categories=[dict(id=1, name='person')])
