# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Persons with dense pose, and tables of symmetry, known by formula."""
import json
from pathlib import Path

import cv2
import numpy as np
from pycocotools import mask as mask_utils
from scipy.io import savemat

DATA = Path(__file__).parents[1] / 'data/densepose'
#: The annotation of the golden cases, in an image of 160 x 200 (w x h).
PERSON = json.loads((DATA / 'person.json').read_text())


def symmetry_tables():
    """New U and V, (2, 24, 256, 256), that tell rows from columns."""
    patch = np.arange(24)[:, None, None]
    v, u = np.mgrid[:256, :256]
    new_u = (255 - u + 2 * patch + v % 16) % 256 / 255
    new_v = (v + 5 * patch + u // 8) % 256 / 255
    return np.stack([new_u, new_v])


def write_mat(path, tables):
    """Write tables as the download has them, in Matlab's cells."""
    cells = np.empty((2, 1, 24), object)
    for kind in range(2):
        for patch in range(24):
            cells[kind, 0, patch] = tables[kind][patch]
    content = dict(U_transforms=cells[0], V_transforms=cells[1])
    savemat(path, content, do_compression=True)
    return str(path)


def encode_parts(**rectangles):
    """``dp_masks`` of rectangles (x1, y1, x2, y2) by part, as in part3=."""
    masks = []
    for part in range(1, 15):
        mask = np.zeros((256, 256), np.uint8, order='F')
        if f'part{part}' in rectangles:
            x1, y1, x2, y2 = rectangles[f'part{part}']
            mask[y1:y2, x1:x2] = 1
        code = mask_utils.encode(mask)
        code['counts'] = code['counts'].decode()
        masks.append(code if mask.any() else [])
    return masks


class TinyDensePose:
    """Two images in COCO's layout, easy to break.

    Image 3 (70 x 50 px, w x h) has three persons: 31, with masks and three
    points, 32, with masks alone, and 33, with neither; 34 is a crowd. Image 4
    (40 x 60 px) has nobody. Change ``annotations``, then :meth:`write`.
    """

    def __init__(self, root):
        self.root = root
        self.images = [
            dict(id=3, file_name='COCO_3.png', width=70, height=50),
            dict(id=4, file_name='COCO_4.png', width=40, height=60)
        ]
        box = dict(image_id=3, category_id=1, iscrowd=0, area=99.)
        points = dict(
            dp_x=[0., 51., 255.],
            dp_y=[25.5, 204., 127.5],
            dp_I=[3., 2., 24.],
            dp_U=[.25, .5, 1.],
            dp_V=[.75, .125, 0.])
        # A left hand in the upper left quarter, below it a torso.
        self.masks = encode_parts(
            part1=(0, 128, 256, 256), part3=(0, 0, 128, 128))
        self.annotations = [
            dict(
                box,
                id=31,
                bbox=[10., 5.5, 25.5, 40.],
                dp_masks=self.masks,
                segmentation=[[0] * 8],
                **points),
            dict(box, id=32, bbox=[40., 10., 20., 30.], dp_masks=self.masks),
            dict(box, id=33, bbox=[60., 0., 10., 20.]),
            dict(
                box,
                id=34,
                bbox=[0., 0., 9., 9.],
                iscrowd=1,
                dp_masks=self.masks,
                **points)
        ]
        (root / 'val').mkdir()
        for image in self.images:
            pixels = np.full((image['height'], image['width'], 3), 90,
                             np.uint8)
            cv2.imwrite(str(root / 'val' / image['file_name']), pixels)
        self.write()

    def write(self):
        document = dict(images=self.images, annotations=self.annotations)
        (self.root / 'densepose.json').write_text(json.dumps(document))

    def arguments(self, **kwargs):
        """Arguments of a DensePoseCocoDataset; yours win.

        Samples are not serialized, which collects garbage and takes a second.
        """
        return dict(
            dict(
                ann_file='densepose.json',
                data_root=str(self.root),
                data_prefix=dict(img='val'),
                serialize_data=False), **kwargs)
