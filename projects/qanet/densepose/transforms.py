# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From a person's annotation to a crop with parts and points."""
from typing import Tuple

import cv2
import numpy as np
import torch
from mmengine.structures import InstanceData
from mmseg.registry import TRANSFORMS

from projects.qanet.datasets import (PackParsingInputs, RandomParsingFlip,
                                     TopDownAffine)
from projects.qanet.datasets.metainfo import flip_lookup_table
from projects.qanet.datasets.transforms.topdown import ShownTransform
from projects.qanet.ground_truth.label_maps import check_label_size
from projects.qanet.utils.errors import InputError
from .annotations import (SurfacePoints, decode_part_mask, place, place_mask,
                          place_points)
from .labels import MASK_SIZE
from .symmetry import UVSymmetry


@TRANSFORMS.register_module()
class LoadDensePose(ShownTransform):
    """Lay a person's parts and points over the image.

    Needs ``img`` and ``dense_pose``, see :class:`DensePoseCocoDataset`, whose
    ``width`` and ``height``, where they are there, must be the image's. Adds
    ``gt_seg_map``, (h, w) uint8, the labels of parts 0..14, its name to
    ``seg_fields``, and ``surface_points``, :class:`SurfacePoints` in pixels of
    the image; there may be none.
    """

    def __init__(self) -> None:
        """There is nothing to set."""

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map`` and ``surface_points``.

        Raises an InputError if the annotation is malformed or the image has
        another size than it was annotated with.
        """
        height, width = results['img'].shape[:2]
        name = results.get('img_path', 'the image')
        if 'width' in results:
            check_label_size(results['img'][..., 0],
                             (results['width'], results['height']), name,
                             'the annotated image')
        results['gt_seg_map'], results['surface_points'] = place(
            results['dense_pose'], (width, height),
            f'annotation {results.get("ann_id", "-")} of {name}')
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results


@TRANSFORMS.register_module()
class RandomDensePoseFlip(RandomParsingFlip):
    """With probability ``prob`` mirror a person, parts and points as well.

    :class:`RandomParsingFlip` for what :class:`LoadDensePose` gives, after it
    and before the warp. ``gt_seg_map`` swaps the labels of
    ``part_flip_pairs``; ``surface_points`` get x = W - 1 - x and the patches,
    U and V of the other side, see :class:`UVSymmetry`.

    Args:
        prob (float): 0 needs no file.
        symmetry_file (str): ``UV_symmetry_transforms.mat``.
        legacy_flip (bool): Mirror ``dense_pose`` as the released system does
            and lay it over the image again, about a pixel off: positions in
            the box become 256 - x, of a range of 255, and the box loses a
            pixel in both directions.
    """

    def __init__(self,
                 prob: float = .5,
                 symmetry_file: str = '',
                 legacy_flip: bool = False) -> None:
        super().__init__(prob)
        self.symmetry_file = symmetry_file
        self.legacy_flip = legacy_flip
        if prob:
            self._symmetry = UVSymmetry(symmetry_file)

    def transform(self, results: dict) -> dict:
        """Mirror the sample or leave it."""
        if 'warp_mat' in results:
            raise InputError('RandomDensePoseFlip must come before the warp')
        flip_pairs = results['flip_pairs']
        results['flip_pairs'] = results['part_flip_pairs']
        results = super().transform(results)
        results['flip_pairs'] = flip_pairs
        if not results['flip']:
            return results
        height, width = results['img'].shape[:2]
        xy, *surface = results['surface_points']
        patches, uv = self._symmetry.points(*surface)
        if self.legacy_flip:
            results['gt_seg_map'], xy = self._place_mirrored(
                results, (width, height))
        else:
            xy = [width - 1, 0] + xy * [-1, 1]
        results['surface_points'] = SurfacePoints(xy, patches, uv)
        results['points_flipped'] = True
        return results

    @staticmethod
    def _place_mirrored(
            results: dict,
            image_size: Tuple[int, int]) -> Tuple[np.ndarray, np.ndarray]:
        """The released system's part map and points (P, 2)."""
        person = results['dense_pose']
        x, y, width, height = person['bbox']
        bbox = image_size[0] - x - width, y, width - 1, height - 1
        labels = decode_part_mask(person['dp_masks'], results['img_path'])
        labels = cv2.LUT(
            cv2.flip(labels, 1), flip_lookup_table(results['part_flip_pairs']))
        points = place_points(MASK_SIZE - np.asarray(person.get('dp_x', ())),
                              np.asarray(person.get('dp_y', ())), bbox)
        return place_mask(labels, bbox, image_size), points


@TRANSFORMS.register_module()
class DensePoseAffine(TopDownAffine):
    """Cut the crop out of image, part map and points with a single warp.

    :class:`TopDownAffine`, which warps ``surface_points``, too, by the same
    matrix: points may lie outside the crop.
    """

    def transform(self, results: dict) -> dict:
        """Warp the sample."""
        results = super().transform(results)
        points, matrix = results['surface_points'], results['warp_mat']
        results['surface_points'] = points._replace(
            xy=points.xy @ matrix[:, :2].T + matrix[:, 2])
        results['points_warped'] = True
        return results


@TRANSFORMS.register_module()
class PackDensePoseInputs(PackParsingInputs):
    """Pack a training crop, or a test image with its boxes, for the model.

    :class:`PackParsingInputs` with ``surface_points`` in training;
    ``meta_keys`` are its.
    """

    def transform(self, results: dict) -> dict:
        """Pack one sample.

        Gives what :class:`PackParsingInputs` gives, and in training
        ``gt_points`` in ``data_samples``: ``xy`` (P, 2) float32, pixels of the
        crop, ``patches`` (P,) int64, 1..24, and ``uv`` (P, 2) float32. Raises
        an InputError if a transform has left the points behind.
        """
        packed = super().transform(results)
        if 'surface_points' not in results:
            return packed
        for done, change, left, right in (('points_flipped',
                                           results.get('flip'),
                                           'RandomParsingFlip',
                                           'RandomDensePoseFlip'),
                                          ('points_warped', 'warp_mat'
                                           in results, 'TopDownAffine',
                                           'DensePoseAffine')):
            if change and not results.get(done):
                raise InputError(f'{left} leaves the points of dense pose '
                                 f'behind: use {right} in the pipeline')
        points = results['surface_points']
        packed['data_samples'].gt_points = InstanceData(
            xy=torch.from_numpy(points.xy.astype(np.float32)),
            patches=torch.from_numpy(points.patches),
            uv=torch.from_numpy(points.uv.astype(np.float32)))
        return packed
