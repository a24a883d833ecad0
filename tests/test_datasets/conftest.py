# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest


class TinyCIHP:
    """Two images in the CIHP layout, written on demand and easy to break.

    Image 7 (60 x 40 px, w x h) has person 1 at (5, 10, 20, 25) and person 2
    at (30, 0, 12, 40), xywh; image 9 (33 x 50 px) has nobody.
    """

    def __init__(self, root) -> None:
        self.root = root
        self.split = root / 'Training'
        self.images = [
            dict(id=7, file_name='0000007.jpg', width=60, height=40),
            dict(id=9, file_name='0000009.jpg', width=33, height=50)
        ]
        self.annotations = [
            dict(id=71, image_id=7, bbox=[5, 10, 20, 25], parsing_id=1),
            dict(id=72, image_id=7, bbox=[30, 0, 12, 40], parsing_id=2)
        ]
        for annotation in self.annotations:
            annotation.update(category_id=1, iscrowd=0, area=500)
        for folder in ('Images', 'Category_ids', 'Human_ids'):
            (self.split / folder).mkdir(parents=True)
        (root / 'annotations').mkdir()
        self.ann_file = root / 'annotations' / 'CIHP_train.json'
        self.write_image_7()
        self.write_pixels('0000009', np.zeros((50, 33), np.uint8),
                          np.zeros((50, 33), np.uint8))
        self.write_annotations()

    def write_image_7(self) -> None:
        category = np.zeros((40, 60), np.uint8)
        human = np.zeros((40, 60), np.uint8)
        category[10:35, 5:25], human[10:35, 5:25] = 5, 1
        category[20:30, 5:15] = 14  # left arm
        category[0:40, 30:42], human[0:40, 30:42] = 9, 2
        self.category, self.human = category, human
        self.write_pixels('0000007', category, human)

    def write_pixels(self, stem, category, human) -> None:
        rng = np.random.default_rng(0)
        image = rng.integers(0, 255, (*category.shape, 3)).astype(np.uint8)
        cv2.imwrite(str(self.split / 'Images' / f'{stem}.jpg'), image)
        cv2.imwrite(str(self.split / 'Category_ids' / f'{stem}.png'), category)
        cv2.imwrite(str(self.split / 'Human_ids' / f'{stem}.png'), human)

    def write_annotations(self, info=None) -> None:
        self.ann_file.write_text(
            json.dumps(
                dict(
                    info=info,
                    images=self.images,
                    annotations=self.annotations,
                    categories=[dict(id=1, name='person')])))

    def write_boxes(self, records, name='boxes.json') -> str:
        path = self.root / name
        path.write_text(json.dumps(records))
        return str(path)

    def arguments(self, **kwargs) -> dict:
        return dict(
            dict(
                ann_file='annotations/CIHP_train.json',
                data_root=str(self.root),
                data_prefix=dict(img='Training/Images')), **kwargs)


@pytest.fixture
def tiny_cihp(tmp_path):
    return TinyCIHP(tmp_path)
