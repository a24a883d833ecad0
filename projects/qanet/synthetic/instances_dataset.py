# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn scenes of people and things on disk, in the layout of COCO."""
import json
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Tuple, Union

import numpy as np
from pycocotools import mask as mask_utils

from projects.qanet.utils.files import write_text
from .drawing import check_counts, draw_scenes, draw_size, save_image
from .instances import (CLASSES, InstanceScene, check_instance_arguments,
                        draw_instance_scene)

#: Number of each split in the seed of a scene, and its first image id.
SPLITS = dict(train=(0, 1), val=(1, 1000001))


def instance_annotations(scene: InstanceScene) -> List[Dict[str, Any]]:
    """Describe the instances of a scene as COCO does.

    Args:
        scene (InstanceScene): The scene.

    Returns:
        list[dict]: Per instance ``category_id``, ``segmentation``
        (compressed run-length code of the visible pixels), ``area`` (their
        number), ``bbox`` (tight, xywh, px) and ``iscrowd`` 0.
    """
    annotations = []
    for mask, category in zip(scene.masks(), scene.categories):
        code = mask_utils.encode(np.asfortranarray(mask, np.uint8))
        box = mask_utils.toBbox(code)
        area = int(mask_utils.area(code))
        code['counts'] = code['counts'].decode('ascii')
        annotations.append(
            dict(
                category_id=int(category),
                segmentation=code,
                area=area,
                bbox=box.tolist(),
                iscrowd=0))
    return annotations


def _draw_and_write(index: int, out: Path, split: str, seed: int,
                    size: Tuple[int, int], options: Dict) -> Dict[str, Any]:
    """Worker: one scene to disk, its share of the annotations back."""
    number, first_id = SPLITS[split]
    # The third number keeps these scenes apart from the parsing scenes.
    rng = np.random.default_rng([seed, number, index, 1])
    width, height = draw_size(rng, size)
    scene = draw_instance_scene(rng, (width, height), **options)
    name = f'{first_id + index:07d}.jpg'
    save_image(out / split / name, scene.image, scene.jpeg_quality)
    return dict(
        image=dict(
            id=first_id + index, file_name=name, width=width, height=height),
        annotations=instance_annotations(scene))


def write_instance_dataset(out: Union[str, Path],
                           num_train: int,
                           num_val: int,
                           seed: int = 0,
                           size: Tuple[int, int] = (320, 240),
                           num_people: Tuple[int, int] = (1, 2),
                           num_things: Tuple[int, int] = (3, 6),
                           workers: int = 1,
                           progress: bool = False) -> None:
    """Draw an instance segmentation data set in the layout of COCO.

    Writes the pictures into ``train`` and ``val`` and
    ``annotations/instances_{train,val}.json`` with masks of the visible
    pixels. Scene k of a split depends on seed, split and k alone; the number
    of workers changes nothing. The json files are written last: where both
    exist, the data set is complete.

    Args:
        out (str | Path): Folder to write into; made when missing.
        num_train (int): Scenes to train on, at least 1.
        num_val (int): Scenes held out, at least 1.
        seed (int): Seed, not negative. Defaults to 0.
        size (tuple[int, int]): Nominal width and height in px; each scene
            differs by up to 12 %. Defaults to (320, 240).
        num_people (tuple[int, int]): As for
            :func:`~projects.qanet.synthetic.instances.draw_instance_scene`.
        num_things (tuple[int, int]): Likewise.
        workers (int): Processes that draw. Defaults to 1.
        progress (bool): Show progress bars on stderr. Defaults to False.

    Raises:
        InputError: If a number is out of range.
        OSError: If ``out`` cannot be written.
    """
    check_counts(num_train, num_val, seed, workers)
    check_instance_arguments(size, num_people, num_things)
    out = Path(out)
    (out / 'annotations').mkdir(parents=True, exist_ok=True)
    for split, count in (('train', num_train), ('val', num_val)):
        (out / split).mkdir(exist_ok=True)
        path = out / 'annotations' / f'instances_{split}.json'
        path.unlink(missing_ok=True)
        work = partial(
            _draw_and_write,
            out=out,
            split=split,
            seed=seed,
            size=size,
            options=dict(num_people=num_people, num_things=num_things))
        records = draw_scenes(work, count, workers,
                              split if progress else None)
        write_text(path, json.dumps(_document(records)))


def _document(records: List[Dict[str, Any]]) -> Dict[str, Any]:
    """The COCO document of one split."""
    annotations = []
    for record in records:
        for annotation in record['annotations']:
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=record['image']['id'],
                    **annotation))
    return dict(
        images=[record['image'] for record in records],
        annotations=annotations,
        categories=[
            dict(id=k, name=name) for k, name in enumerate(CLASSES, 1)
        ])
