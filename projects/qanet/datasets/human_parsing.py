# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Any, Dict, List, Optional

import numpy as np
from mmseg.registry import DATASETS

from projects.qanet.ground_truth import (IGNORE_LABEL, check_label_names,
                                         label_path, read_label_map)
from projects.qanet.utils.errors import InputError
from .coco_annotations import detection_instances
from .coco_persons import CocoPersonDataset
from .folder_listing import LABEL_FOLDERS, FolderListing, complete_prefix


@DATASETS.register_module()
class HumanParsingDataset(CocoPersonDataset):
    """Persons with part labels in the layout of CIHP.

    ``docs/results_format.md`` lays it down in full::

        <data_root>/<split>/{Images,Category_ids,Human_ids,Instance_ids}/
        <data_root>/annotations/<NAME>_<split>.json

    The json is COCO's, one annotation per person; the person's label map is
    ``Category_ids`` where ``Human_ids`` has the value ``parsing_id``.

    When training, a sample is one person: ``img_path, seg_map_path,
    human_map_path, parsing_id, img_id, ann_id, bbox`` ((4,) float32, xyxy in
    pixels, unpadded), ``height, width, flip_pairs, num_classes``. With
    ``test_mode`` it is one image with all its boxes, possibly none:
    ``bboxes`` ((N, 4) float32, likewise), ``bbox_scores`` ((N,) float32) and
    the paths of those label maps that exist. With ``whole_images`` a sample in
    training is an image too, one without persons as well: ``instances``, a
    list of ``bbox`` (xyxy in pixels), ``bbox_label`` 0 and ``ignore_flag`` 0,
    as mmdet has it, and ``parsing_ids``, the persons in the same order.

    Arguments beside these, and which boxes are left out, as in
    :class:`CocoPersonDataset`.

    Args:
        data_prefix (dict): ``img``, the folder of the images; a file_name may
            begin with its name. The label folders are its neighbours
            ``Category_ids``, ``Human_ids`` and ``Instance_ids`` unless
            ``seg_map``, ``human_map`` or ``instance_map`` say otherwise.
            Defaults to ``dict(img='Training/Images')``.
        whole_images (bool): Train on images, not on persons; for models that
            find the persons themselves, and hence without a ``bbox_file``.

    Raises a FileNotFoundError if the json, a folder, an image or (when
    training) a label map is missing, an InputError if an argument is wrong, a
    file is malformed or there is nobody to train on. Both name the culprit.
    """

    def __init__(self,
                 *args: Any,
                 bbox_file: Optional[str] = None,
                 test_mode: bool = False,
                 whole_images: bool = False,
                 **kwargs: Any) -> None:
        if bbox_file is not None and (whole_images or not test_mode):
            raise InputError('bbox_file is for testing (test_mode=True) '
                             'without whole_images; training takes the boxes '
                             'of ann_file')
        self.whole_images = whole_images
        super().__init__(
            *args, bbox_file=bbox_file, test_mode=test_mode, **kwargs)

    @staticmethod
    def _complete_prefix(data_prefix: Optional[dict]) -> Dict[str, str]:
        return complete_prefix(data_prefix)

    def _is_kept(self, sample: dict, filters: dict) -> bool:
        if 'instances' in sample:
            return bool(sample['instances']
                        or not filters.get('filter_empty_gt'))
        return super()._is_kept(sample, filters)

    def get_cat_ids(self, idx: int) -> List[int]:
        """Classes of a person, or in testing of all, but for 0 and 255.

        For :class:`ClassBalancedDataset`; it reads the label maps.
        """
        sample = self.get_data_info(idx)
        labels = read_label_map(sample['seg_map_path'], self._read)
        humans = read_label_map(sample['human_map_path'], self._read)
        person = sample.get('parsing_id')
        own = humans > 0 if person is None else humans == person
        return np.setdiff1d(labels[own], (0, IGNORE_LABEL)).tolist()

    def _train_samples(self, images: Dict[int, dict],
                       persons: List[dict]) -> List[dict]:
        if not self.whole_images:
            return super()._train_samples(images, persons)
        instances = detection_instances(
            self._train_persons(images, persons), images, self.ann_file)
        return [
            dict(self._image_info(image), **instances[image_id])
            for image_id, image in images.items()
        ]

    def _train_persons(self, images: Dict[int, dict],
                       persons: List[dict]) -> List[dict]:
        persons = super()._train_persons(images, persons)
        check_label_names((image['file_name'] for image in images.values()),
                          self.ann_file)
        for person in persons:
            if 'parsing_id' not in person:
                raise InputError(
                    f'{self.ann_file}: annotation {person["id"]} lacks the '
                    "key 'parsing_id' (the person's value in Human_ids)")
        return persons

    def _person_sample(self, image: dict, person: dict) -> dict:
        return dict(
            super()._person_sample(image, person),
            parsing_id=person['parsing_id'])

    def _image_info(self, image: dict) -> dict:
        info = super()._image_info(image)
        for prefix in LABEL_FOLDERS:
            info[f'{prefix}_path'] = label_path(self.data_prefix[prefix],
                                                image['file_name'])
        return info

    def _check_files(self, samples: List[dict],
                     listing: FolderListing) -> None:
        """Refuse missing files; in testing leave out those of labels."""
        super()._check_files(samples, listing)
        required = () if self.test_mode else ('seg_map_path', 'human_map_path')
        for key in required:
            listing.require([sample[key] for sample in samples])
        for key in {f'{one}_path' for one in LABEL_FOLDERS} - set(required):
            for sample in samples:
                if sample[key] not in listing:
                    del sample[key]
