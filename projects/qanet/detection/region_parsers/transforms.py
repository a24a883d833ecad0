# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Whole images with two maps for all their persons: labels and owners."""
from typing import Sequence

import numpy as np
import torch
from mmdet.datasets.transforms import PackDetInputs, RandomFlip
from mmdet.registry import TRANSFORMS
from mmengine.structures import PixelData

from projects.qanet.datasets.metainfo import flip_lookup_table
from projects.qanet.datasets.transforms.loading import LoadPersonParsing
from projects.qanet.ground_truth.annotations import MAX_ID
from projects.qanet.utils.errors import InputError

#: Persons of an image at most; 255 may stand for padding.
MAX_PERSONS = 254


@TRANSFORMS.register_module()
class LoadPersonLabels(LoadPersonParsing):
    """Load the label maps of all persons of an image, as two maps.

    A pixel belongs to one person at most, so its label and its owner say all,
    however many persons there are. Needs ``seg_map_path``, ``human_map_path``
    and ``parsing_ids``, and checks what :class:`LoadPersonParsing` checks.
    Adds ``gt_seg_map``, (h, w, 2) uint8: the labels of the image, 255 is
    ignored, and the owners, where k + 1 is the person ``parsing_ids[k]``, the
    k-th of ``gt_bboxes``, and 0 nobody who is listed.
    """

    def transform(self, results: dict) -> dict:
        """Load ``gt_seg_map``.

        Raises what :class:`LoadPersonParsing` does, and an InputError if
        there are more than 254 persons.
        """
        labels, humans = self.read_maps(results)
        path, persons = results['human_map_path'], results['parsing_ids']
        if len(persons) > MAX_PERSONS:
            raise InputError(f'{path} has {len(persons)} persons, allowed are '
                             f'{MAX_PERSONS} in an image')
        owner_of = np.zeros(MAX_ID + 1, np.uint8)
        owner_of[persons] = np.arange(1, len(persons) + 1)
        owners = owner_of[humans]
        present = np.bincount(owners.ravel(), minlength=len(persons) + 1)
        for person in np.flatnonzero(present[1:] == 0):
            self.check_missing(humans, persons[person], path)
        results['gt_seg_map'] = np.dstack([labels, owners])
        return results


@TRANSFORMS.register_module()
class ParsingRandomFlip(RandomFlip):
    """mmdet's RandomFlip; a mirror image has left and right swapped.

    Swaps the labels of ``flip_pairs`` in the first map of ``gt_seg_map``
    (h, w, 2), see :class:`LoadPersonLabels`. ``prob`` is the probability of a
    horizontal flip, the only one there is.
    """

    def __init__(self, prob: float = .5) -> None:
        super().__init__(prob=float(prob), direction='horizontal')

    def _flip(self, results: dict) -> None:
        super()._flip(results)
        if 'gt_seg_map' in results:
            labels = results['gt_seg_map'][..., 0]
            table = flip_lookup_table(results['flip_pairs'])
            results['gt_seg_map'][..., 0] = table[labels]
            results['sides_swapped'] = True


@TRANSFORMS.register_module()
class PackRegionInputs(PackDetInputs):
    """mmdet's PackDetInputs with the label maps of all persons.

    ``meta_keys`` are kept as meta information, where present; the defaults
    hold what detectors, the metric and the visualizer read.
    """

    def __init__(
        self,
        meta_keys: Sequence[str] = ('img_path', 'img_id', 'ori_shape',
                                    'img_shape', 'scale_factor', 'flip',
                                    'flip_direction', 'flip_pairs',
                                    'seg_map_path', 'human_map_path')
    ) -> None:
        super().__init__(meta_keys=tuple(meta_keys))

    def transform(self, results: dict) -> dict:
        """Pack one image.

        Gives ``inputs``, a uint8 tensor (3, h, w) in BGR order, and
        ``data_samples``, a :class:`mmdet.structures.DetDataSample`; in
        training with ``gt_instances`` and ``gt_sem_seg.sem_seg``, (2, h, w)
        uint8: labels, and owners, where k + 1 is the k-th of ``gt_instances``.
        Raises an InputError if another transform has left out persons, since
        the owners would be others, or has mirrored the image, since left
        parts would be called right ones.
        """
        maps = results.pop('gt_seg_map', None)
        packed = super().transform(results)
        if maps is None:
            return packed
        sample = packed['data_samples']
        left, listed = len(sample.gt_instances), len(results['parsing_ids'])
        if left != listed:
            raise InputError(
                f'the pipeline leaves {left} of {listed} persons of '
                f'{results["img_path"]}: transforms that drop boxes are not '
                'allowed, the owners of pixels would be wrong persons')
        if (results.get('flip') and results['flip_pairs']
                and not results.get('sides_swapped')):
            raise InputError(
                f'the pipeline mirrors {results["img_path"]} without swapping '
                'left and right: use ParsingRandomFlip for RandomFlip')
        maps = np.ascontiguousarray(maps.transpose(2, 0, 1))
        sample.gt_sem_seg = PixelData(sem_seg=torch.from_numpy(maps))
        return packed
