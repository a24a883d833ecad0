# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of what the network is fed, to check data before training."""
import math
import os
import os.path as osp
from typing import List, Optional, Sequence

import cv2
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger

from .label_io import read_label_map

_LEGEND_ROW = 20  # pixels


def overlay_labels(image: np.ndarray,
                   labels: np.ndarray,
                   palette: Sequence[Sequence[int]],
                   alpha: float = .65) -> np.ndarray:
    """Tint the labelled pixels; the background keeps its colours.

    Args:
        image (np.ndarray): Shape (h, w, 3), uint8, BGR.
        labels (np.ndarray): Class indices of shape (h, w). Ignored pixels
            (255) become white.
        palette (Sequence[Sequence[int]]): RGB colour per class.
        alpha (float): Weight of the tint. Defaults to 0.65.

    Returns:
        np.ndarray: Shape (h, w, 3), uint8, BGR.
    """
    colors = np.full((256, 3), 255, np.uint8)
    colors[:len(palette)] = np.asarray(palette, np.uint8)[:, ::-1]
    tinted = cv2.addWeighted(image, 1 - alpha, colors[labels], alpha, 0)
    return np.where((labels > 0)[..., None], tinted, image)


def _legend(labels: np.ndarray, meta: dict, width: int) -> np.ndarray:
    """Names of the classes that occur, on their colours."""
    present = [
        label for label in np.unique(labels).tolist()
        if 0 < label < len(meta['classes'])
    ]
    columns = max(1, width // 110)
    rows = max(1, math.ceil(len(present) / columns))
    legend = np.full((rows * _LEGEND_ROW, width, 3), 255, np.uint8)
    for i, label in enumerate(present):
        x, y = i % columns * 110, i // columns * _LEGEND_ROW
        color = tuple(meta['palette'][label][::-1])
        cv2.rectangle(legend, (x + 3, y + 4), (x + 14, y + 15), color, -1)
        cv2.putText(legend, f'{label} {meta["classes"][label]}',
                    (x + 18, y + 14), cv2.FONT_HERSHEY_SIMPLEX, .38, (0, 0, 0),
                    1, cv2.LINE_AA)
    return legend


def _labels_of(packed: dict, info: dict) -> np.ndarray:
    """A crop's labels, else those of the whole image, else background."""
    sample = packed['data_samples']
    if 'gt_sem_seg' in sample:
        return sample.gt_sem_seg.data[0].numpy().astype(np.uint8)
    if 'seg_map_path' in info:
        return read_label_map(info['seg_map_path'])
    return np.zeros(packed['inputs'].shape[1:], np.uint8)


def draw_sample(dataset: BaseDataset, index: int) -> np.ndarray:
    """Draw one sample as the pipeline gives it.

    Args:
        dataset (BaseDataset): A :class:`HumanParsingDataset` whose pipeline
            ends in ``PackParsingInputs``.
        index (int): Which sample.

    Returns:
        np.ndarray: BGR picture: the crop beside the crop with its labels; in
        test mode the image beside the image with labels and boxes. The names
        of the classes stand below.
    """
    packed, info = dataset[index], dataset.get_data_info(index)
    meta = dataset.metainfo
    image = np.ascontiguousarray(packed['inputs'].numpy().transpose(1, 2, 0))
    labels = _labels_of(packed, info)
    overlay = overlay_labels(image, labels, meta['palette'])
    if 'proposals' in packed['data_samples']:
        for box in packed['data_samples'].proposals.bboxes.numpy():
            x1, y1, x2, y2 = (int(round(value)) for value in box.tolist())
            cv2.rectangle(overlay, (x1, y1), (x2, y2), (0, 255, 255), 2)
    pair = np.concatenate([image, overlay], axis=1)
    return np.concatenate([pair, _legend(labels, meta, pair.shape[1])])


def contact_sheet(pictures: Sequence[np.ndarray],
                  columns: int = 4,
                  cell_width: int = 480) -> np.ndarray:
    """Arrange pictures in a table.

    Args:
        pictures (Sequence[np.ndarray]): BGR pictures of any size, at least
            one.
        columns (int): Pictures per row. Defaults to 4.
        cell_width (int): Width of each in pixels. Defaults to 480.

    Returns:
        np.ndarray: One BGR picture on white ground.
    """
    cells: List[np.ndarray] = []
    for picture in pictures:
        zoom = cell_width / picture.shape[1]
        height = max(1, round(picture.shape[0] * zoom))
        cells.append(
            cv2.resize(
                picture, (cell_width, height), interpolation=cv2.INTER_AREA))
    rows = []
    for start in range(0, len(cells), columns):
        row = cells[start:start + columns]
        height = max(cell.shape[0] for cell in row) + 6
        canvas = np.full((height, columns * (cell_width + 6), 3), 255,
                         np.uint8)
        for i, cell in enumerate(row):
            left = i * (cell_width + 6)
            canvas[:cell.shape[0], left:left + cell_width] = cell
        rows.append(canvas)
    return np.concatenate(rows)


def browse(dataset: BaseDataset,
           output_dir: str,
           number: int = 16,
           seed: Optional[int] = 0) -> List[str]:
    """Write pictures of randomly chosen samples and a sheet of all of them.

    Args:
        dataset (BaseDataset): A :class:`HumanParsingDataset`.
        output_dir (str): Folder to write.
        number (int): How many samples at most. Defaults to 16.
        seed (int, optional): Of the choice and of the augmentation. None
            draws other samples each time. Defaults to 0.

    Returns:
        list[str]: The written files, the contact sheet last.

    Raises:
        ValueError: If ``number`` is not positive.
    """
    if number < 1:
        raise ValueError(f'number must be at least 1, got {number}')
    os.makedirs(output_dir, exist_ok=True)
    np.random.seed(seed)
    chosen = np.random.permutation(len(dataset))[:number]
    pictures, paths = [], []
    for index in sorted(chosen.tolist()):
        info = dataset.get_data_info(index)
        stem = osp.splitext(osp.basename(info['img_path']))[0]
        person = f'_{info["ann_id"]}' if 'ann_id' in info else ''
        pictures.append(draw_sample(dataset, index))
        paths.append(osp.join(output_dir, f'{stem}{person}.png'))
        cv2.imwrite(paths[-1], pictures[-1])
    paths.append(osp.join(output_dir, 'contact_sheet.png'))
    cv2.imwrite(paths[-1], contact_sheet(pictures))
    MMLogger.get_current_instance().info(
        f'{len(pictures)} of {len(dataset)} samples in {paths[-1]}')
    return paths
