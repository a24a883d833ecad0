# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Dict, List

from mmengine.logging import MMLogger
from mmseg.registry import DATASETS

from projects.qanet.datasets import CocoPersonDataset
from projects.qanet.utils.errors import InputError
from .annotations import POINT_KEYS, check_points, has_points
from .labels import (NUM_PARTS, PART_FLIP_PAIRS, PART_NAMES, PATCH_FLIP_PAIRS,
                     PATCH_NAMES, PATCH_TO_PART)

# Parts differ by hue, left ones are paler, and B is darker than A.
_PALETTE = [[0, 0, 0], [255, 13, 13], [158, 8, 8], [255, 122, 13],
            [255, 220, 115], [214, 255, 115], [255, 253, 13], [39, 255, 13],
            [115, 255, 141], [24, 158, 8], [71, 158, 88], [13, 255, 219],
            [115, 234, 255], [8, 158, 136], [71, 145, 158], [115, 133, 255],
            [13, 117, 255], [71, 82, 158], [8, 72, 158], [206, 115, 255],
            [98, 13, 255], [128, 71, 158], [60, 8, 158], [255, 13, 187],
            [158, 8, 116]]
_ANNOTATION = ('bbox', 'dp_masks', *POINT_KEYS)


@DATASETS.register_module()
class DensePoseCocoDataset(CocoPersonDataset):
    """Persons of COCO DensePose, from its json as it is downloaded.

    When training, a sample is one person with masks of parts (``dp_masks``),
    with or without points on the body: what :class:`CocoPersonDataset` gives,
    ``part_flip_pairs`` and ``dense_pose``, the person's ``bbox`` (xywh in
    pixels), ``dp_masks`` and, if there are points, ``dp_x, dp_y, dp_I, dp_U``
    and ``dp_V`` as in the json. With ``test_mode`` it is one image with all
    its boxes, also of persons without masks. ``classes``, ``palette`` and
    ``flip_pairs`` are of patches, those of ``truth`` of parts.

    Arguments are those of :class:`CocoPersonDataset`. ``data_prefix`` must
    have ``img``; ``filter_cfg`` may have ``with_dp=True``, which leaves out
    persons without points in training. Beside what is refused there, points
    that cannot be raise an InputError, and so does a json without masks.
    """

    METAINFO = dict(
        classes=PATCH_NAMES,
        palette=_PALETTE,
        flip_pairs=PATCH_FLIP_PAIRS,
        # The masks of a training sample, each part in the colour of a patch.
        truth=dict(
            classes=PART_NAMES,
            palette=[
                _PALETTE[PATCH_TO_PART.index(part)]
                for part in range(NUM_PARTS)
            ]))
    FILTERS = (*CocoPersonDataset.FILTERS, 'with_dp')

    def _train_persons(self, images: Dict[int, dict],
                       persons: List[dict]) -> List[dict]:
        annotated = [
            person for person in persons
            if 'dp_masks' in person and person.get('area', 1) > 0
        ]
        if persons and not annotated:
            raise InputError(
                f'{self.ann_file}: none of {len(persons)} persons has '
                'dp_masks and an area above 0; is it an annotation file of '
                'COCO DensePose?')
        for person in filter(has_points, annotated):
            check_points(person, f'{self.ann_file}: annotation {person["id"]}')
        MMLogger.get_current_instance().info(
            f'{len(annotated)} of {len(persons)} persons of {self.ann_file} '
            'have masks of parts')
        return super()._train_persons(images, annotated)

    def _person_sample(self, image: dict, person: dict) -> dict:
        return dict(
            super()._person_sample(image, person),
            part_flip_pairs=PART_FLIP_PAIRS,
            dense_pose={
                key: person[key]
                for key in _ANNOTATION if key in person
            })

    def _is_kept(self, sample: dict, filters: dict) -> bool:
        with_dp = filters.get('with_dp') and 'dense_pose' in sample
        return super()._is_kept(
            sample, filters) and (not with_dp
                                  or has_points(sample['dense_pose']))
