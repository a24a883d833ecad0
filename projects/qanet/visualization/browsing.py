# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of what the network is fed, to check data before training."""
import os.path as osp
from typing import List, Optional, Sequence

import cv2
import mmcv
import numpy as np
from mmengine.dataset import BaseDataset

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.names import unique_name
from .legend import join_beside
from .painting import Colour
from .tags import draw_boxes
from .visualizer import Drawing, ParsingVisualizer, ground_truth_maps

BOX_COLOUR: Colour = (255, 255, 0)
IGNORED_COLOUR: Colour = (255, 255, 255)
_CELL_WIDTH = 480


def draw_sample(visualizer: ParsingVisualizer, dataset: BaseDataset,
                index: int) -> np.ndarray:
    """Draw one sample as the pipeline gives it, RGB uint8.

    The crop, the crop with its labels and the legend side by side; in test
    mode and for region parsers the whole image, with boxes. Ignored pixels
    (255) are white.
    """
    packed, visualizer = dataset[index], visualizer.of_truth()
    sample = packed['data_samples']
    image = np.ascontiguousarray(packed['inputs'].numpy().transpose(
        1, 2, 0)[..., ::-1])
    nothing = np.zeros(image.shape[:2], np.uint8), None
    category, owner = (None if labels is None else cv2.resize(
        labels, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
                       for labels in ground_truth_maps(sample) or nothing)
    labelled = visualizer.draw_maps(image, category, owner)
    labelled.image[category == 255] = IGNORED_COLOUR
    boxes = sample.get('proposals', sample.get('gt_instances', ()))
    if 'bboxes' in boxes:
        bboxes = boxes.bboxes.numpy()
        colours = [BOX_COLOUR] * len(bboxes)
        labelled = labelled._replace(
            image=draw_boxes(labelled.image, bboxes, colours, 2))
    return visualizer.add_legend([Drawing(image, set(), []), labelled])


def contact_sheet(pictures: Sequence[np.ndarray],
                  columns: int = 4) -> np.ndarray:
    """Arrange RGB pictures of any size in a table, each 480 pixels wide."""
    cells = []
    for picture in pictures:
        height = round(picture.shape[0] * _CELL_WIDTH / picture.shape[1])
        size = _CELL_WIDTH, max(1, height)
        cells.append(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    rows = [
        join_beside(cells[i:i + columns], gap=6)
        for i in range(0, len(cells), columns)
    ]
    # One below the other is side by side, turned over.
    turned = join_beside([row.transpose(1, 0, 2) for row in rows], gap=6)
    return turned.transpose(1, 0, 2)


def browse(dataset: BaseDataset,
           output_dir: str,
           number: int = 16,
           seed: Optional[int] = 0) -> List[str]:
    """Write pictures of randomly chosen samples and a sheet of all of them.

    ``seed`` is of the choice, of at most ``number``, and of the augmentation;
    None draws other samples each time. Returns the written files, the contact
    sheet last. Raises an InputError if ``number`` is not positive.
    """
    if number < 1:
        raise InputError(f'number must be at least 1, got {number}')
    visualizer = ParsingVisualizer()
    visualizer.dataset_meta = dataset.metainfo
    np.random.seed(seed)
    chosen = np.random.permutation(len(dataset))[:number]
    files, taken = {}, {'contact_sheet.png': None}
    for index in sorted(chosen.tolist()):
        info = dataset.get_data_info(index)
        stem = osp.splitext(osp.basename(info['img_path']))[0]
        person = f'_{info["ann_id"]}' if 'ann_id' in info else ''
        name = unique_name(f'{stem}{person}.png', index, taken)
        files[name] = draw_sample(visualizer, dataset, index)
    files['contact_sheet.png'] = contact_sheet(list(files.values()))
    for name, picture in files.items():
        mmcv.imwrite(mmcv.rgb2bgr(picture), osp.join(output_dir, name))
    return [osp.join(output_dir, name) for name in files]
