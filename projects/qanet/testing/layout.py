# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Label maps known by formula, on disk in the layout of CIHP."""
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np
from PIL import Image

from projects.qanet.structures import ParsingInstances


@dataclass
class LabelledImage:
    """Ground truth of one image: label maps (H, W), made uint8.

    ``persons`` are parsing ids and which are crowds, by default all of
    ``humans``, and none. ``instances``, with their ``classes``, are by default
    one for each part of each person. Files are called after the id.
    """
    image_id: int
    categories: np.ndarray
    humans: np.ndarray
    persons: Optional[List[Tuple[int, bool]]] = None
    instances: Optional[np.ndarray] = None
    classes: Dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.categories = np.asarray(self.categories, np.uint8)
        self.humans = np.asarray(self.humans, np.uint8)
        if self.persons is None:
            present = np.unique(self.humans[self.humans > 0]).tolist()
            self.persons = [(human, False) for human in present]
        if self.instances is None:
            maps = np.stack([self.humans, self.categories])
            pairs, numbers = np.unique(
                maps[:, maps.all(0)], axis=1, return_inverse=True)
            self.classes = dict(enumerate(pairs[1].tolist(), 1))
            self.instances = np.zeros_like(self.categories)
            self.instances[maps.all(0)] = numbers.ravel() + 1

    @property
    def stem(self) -> str:
        """Name of its files without ending, such as '0007'."""
        return f'{self.image_id:04d}'

    def annotations(self) -> List[dict]:
        """COCO's entries of the persons; person 2 of image 7 has id 7002."""
        masks = [(self.humans == p).astype(np.uint8) for p, _ in self.persons]
        return [
            dict(
                id=1000 * self.image_id + person,
                image_id=self.image_id,
                category_id=1,
                iscrowd=int(crowd),
                bbox=list(cv2.boundingRect(mask)),
                area=int(mask.sum()),
                parsing_id=person)
            for (person, crowd), mask in zip(self.persons, masks)
        ]


def make_persons(image_id: int,
                 maps: Sequence[np.ndarray],
                 scores: Sequence[float],
                 num_classes: int,
                 box_scores: Optional[Sequence[float]] = None,
                 part_scores: Optional[np.ndarray] = None) -> ParsingInstances:
    """Predictions of one image: part maps (N, H, W), whole boxes.

    Of ``num_classes`` one is the background. Quality ``scores`` are (N,),
    ``box_scores`` by default 1, ``part_scores`` (N, num_classes - 1) by
    default the person's.
    """
    maps = np.asarray(maps, np.uint8)
    count, height, width = maps.shape
    ones, zeros = np.ones(count), np.zeros((count, 2))
    if part_scores is None:
        part_scores = np.repeat(
            np.asarray(scores, float)[:, None], num_classes - 1, axis=1)
    return ParsingInstances(
        np.tile([0., 0, width, height],
                (count, 1)), ones if box_scores is None else box_scores, ones,
        ones, scores, part_scores, part_scores, zeros[:, 0], list(maps), zeros,
        (width, height), image_id)


def model_output(persons: ParsingInstances,
                 img_path: Optional[str] = None) -> dict:
    """What a metric gets of one image, whose name defaults to its id's."""
    width, height = persons.image_size
    return dict(
        img_id=persons.image_id,
        img_path=img_path or f'Images/{persons.image_id:07d}.jpg',
        ori_shape=(height, width),
        pred_instances=persons)


def write_dataset(folder: Path,
                  images: Sequence[LabelledImage],
                  split: str = 'Validation',
                  ann_file: str = 'val.json') -> Tuple[str, str]:
    """Write label maps and annotations, but no photos.

    Returns the paths of the annotation file and of the folder of the split,
    which are ``ann_file`` and ``split`` below ``folder``.
    """
    root, path = folder / split, folder / ann_file
    path.parent.mkdir(parents=True, exist_ok=True)
    document: dict = dict(
        images=[], annotations=[], categories=[dict(id=1, name='person')])
    for image in images:
        maps = image.categories, image.humans, image.instances
        for kind, labels in zip(('Category', 'Human', 'Instance'), maps):
            (root / f'{kind}_ids').mkdir(parents=True, exist_ok=True)
            file = root / f'{kind}_ids/{image.stem}.png'
            Image.fromarray(labels).save(file)
        lines = []
        for number, label in image.classes.items():
            owner = image.humans[image.instances == number].max(initial=0)
            lines.append(f'{number} {label} {owner}\n')
        file.with_suffix('.txt').write_text(''.join(lines))
        height, width = image.categories.shape
        entry = dict(id=image.image_id, file_name=f'{image.stem}.jpg')
        document['images'].append(dict(entry, height=height, width=width))
        document['annotations'] += image.annotations()
    path.write_text(json.dumps(document))
    return str(path), str(root)


def write_noise(folder: Path,
                split: str,
                ann_file: str,
                num_classes: int = 20,
                seed: int = 0,
                count: int = 1) -> None:
    """Write ``count`` images (90 x 70 px, w x h) to train on, see above.

    Photos are noise, the two persons of each have parts of random blocks.
    """
    rng = np.random.default_rng(seed)
    humans = np.zeros((70, 90), np.uint8)
    humans[6:66, 5:35], humans[10:60, 45:85] = 1, 2
    images = []
    (folder / split / 'Images').mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        labels = rng.integers(1, num_classes, (7, 9)).astype(np.uint8)
        labels = labels.repeat(10, 0).repeat(10, 1) * (humans > 0)
        images.append(LabelledImage(number, labels, humans))
        photo = rng.integers(0, 256, (*humans.shape, 3), np.uint8)
        name = f'{split}/Images/{images[-1].stem}.jpg'
        cv2.imwrite(str(folder / name), photo)
    write_dataset(folder, images, split, ann_file)


def write_noisy_cihp(folder: Path, train: int = 2, val: int = 3) -> None:
    """Both splits of CIHP by :func:`write_noise`, with so many images."""
    for split, name, count in (('Training', 'train', train), ('Validation',
                                                              'val', val)):
        ann_file = f'annotations/CIHP_{name}.json'
        write_noise(folder, split, ann_file, seed=count, count=count)


class TinyCIHP:
    """A training split of two images in the layout of CIHP, easy to break.

    Image 7 (60 x 40 px, w x h) has person 1 at (5, 10, 20, 25), xywh, of
    class 5 with an arm of class 14, and person 2 at (30, 0, 12, 40) of class
    9; image 9 (33 x 50 px) has nobody. ``category`` and ``human`` are the maps
    of image 7; change ``images`` and ``annotations``, then
    :meth:`write_annotations`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.category, self.human = np.zeros((2, 40, 60), np.uint8)
        self.category[10:35, 5:25], self.human[10:35, 5:25] = 5, 1
        self.category[20:30, 5:15] = 14
        self.category[:, 30:42], self.human[:, 30:42] = 9, 2
        nobody = np.zeros((50, 33), np.uint8)
        ann_file, split = write_dataset(root, [
            LabelledImage(7, self.category, self.human),
            LabelledImage(9, nobody, nobody)
        ], 'Training', 'annotations/CIHP_train.json')
        self.ann_file, self.split = Path(ann_file), Path(split)
        self._document = json.loads(self.ann_file.read_text())
        self.images: List[dict] = self._document['images']
        self.annotations: List[dict] = self._document['annotations']
        (self.split / 'Images').mkdir()
        self.write_pixels('0007', self.category, self.human)
        self.write_pixels('0009', nobody, nobody)

    def write_pixels(self, stem: str, category: np.ndarray,
                     human: np.ndarray) -> None:
        """Write a photo of noise and two label maps (H, W)."""
        rng = np.random.default_rng(0)
        photo = rng.integers(0, 255, (*category.shape, 3)).astype(np.uint8)
        cv2.imwrite(str(self.split / f'Images/{stem}.jpg'), photo)
        cv2.imwrite(str(self.split / f'Category_ids/{stem}.png'), category)
        cv2.imwrite(str(self.split / f'Human_ids/{stem}.png'), human)

    def write_annotations(self, info: Optional[dict] = None) -> None:
        """Write ``images``, ``annotations`` and the file's ``info``."""
        self.ann_file.write_text(json.dumps(dict(self._document, info=info)))

    def write_boxes(self, records: list, name: str = 'boxes.json') -> str:
        """Write a detector's records below the root; the file's path."""
        path = self.root / name
        path.write_text(json.dumps(records))
        return str(path)

    def arguments(self, **kwargs) -> dict:
        """Arguments of a :class:`HumanParsingDataset`; yours win."""
        own = dict(ann_file='annotations/CIHP_train.json')
        own.update(data_root=str(self.root))
        return dict(own, data_prefix=dict(img='Training/Images')) | kwargs
