# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp
from collections import defaultdict
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Union

import cv2
import numpy as np
from mmengine import fileio
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger
from mmseg.registry import DATASETS

from projects.qanet.ground_truth import (IGNORE_LABEL, check_label_names,
                                         check_noted_classes, label_path,
                                         load_persons, read_label_map)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number, is_whole
from .coco_annotations import (detection_instances, drop_bad_boxes,
                               read_person_boxes, xywh_to_xyxy)
from .folder_listing import (LABEL_FOLDERS, FolderListing, check_image,
                             complete_prefix)
from .metainfo import check_keys, complete_metainfo

_FILTERS = ('filter_empty_gt', 'min_size')


@DATASETS.register_module()
class HumanParsingDataset(BaseDataset):
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

    Boxes of zero size or wholly outside the image are named in the log,
    counted in ``num_skipped_boxes`` and left out; crowds (``iscrowd``) are
    left out silently. Boxes of other categories or with low scores are
    counted in the log; where nothing is left of a file it is refused.

    Args:
        ann_file (str): The json.
        metainfo (dict, optional): For data of your own: ``classes`` (names,
            background first), ``palette`` (RGB; optional) and ``flip_pairs``
            (pairs of left/right class indices; may be left out where no class
            is named left or right). Defaults to the class's ``METAINFO``.
        data_root (str): Root of all relative paths.
        data_prefix (dict): ``img``, the folder of the images; a file_name may
            begin with its name. The label folders are its neighbours
            ``Category_ids``, ``Human_ids`` and ``Instance_ids`` unless
            ``seg_map``, ``human_map`` or ``instance_map`` say otherwise.
            Defaults to ``dict(img='Training/Images')``.
        bbox_file (str, optional): COCO results file with the boxes to use in
            test mode, relative to ``data_root`` unless it exists as given;
            without one, ground-truth boxes with score 1.
        bbox_thr (float): Least score of boxes from ``bbox_file``.
        person_cat_ids (Sequence[int]): The ``category_id`` of persons in both
            files; others are passed over.
        filter_cfg (dict, optional): ``min_size``, the least width and height
            of a person's box in pixels, where a sample is a person, and
            ``filter_empty_gt=True``, which leaves out images without boxes,
            where it is an image.
        whole_images (bool): Train on images, not on persons; for models that
            find the persons themselves, and hence without a ``bbox_file``.
        kwargs: As in :class:`mmengine.dataset.BaseDataset`.

    Raises a FileNotFoundError if the json, a folder, an image or (when
    training) a label map is missing, an InputError if an argument is wrong, a
    file is malformed or there is nobody to train on. Both name the culprit.
    """

    METAINFO: dict = dict()

    def __init__(self,
                 ann_file: str,
                 metainfo: Optional[dict] = None,
                 data_root: str = '',
                 data_prefix: Optional[dict] = None,
                 bbox_file: Optional[str] = None,
                 bbox_thr: float = 0.,
                 person_cat_ids: Sequence[int] = (1, ),
                 filter_cfg: Optional[dict] = None,
                 backend_args: Optional[dict] = None,
                 test_mode: bool = False,
                 whole_images: bool = False,
                 **kwargs) -> None:
        if bbox_file is not None and (whole_images or not test_mode):
            raise InputError('bbox_file is for testing (test_mode=True) '
                             'without whole_images; training takes the boxes '
                             'of ann_file')
        _check_numbers(bbox_thr, person_cat_ids, filter_cfg or {})
        self.bbox_file = bbox_file
        self.bbox_thr = bbox_thr
        self.person_cat_ids = tuple(person_cat_ids)
        self.backend_args = backend_args
        self.whole_images = whole_images
        self.num_skipped_boxes = 0
        # Gets a file's content from the storage backend.
        self._read = partial(fileio.get, backend_args=backend_args)
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=complete_prefix(data_prefix),
            filter_cfg=filter_cfg,
            test_mode=test_mode,
            **kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo: Optional[dict] = None) -> dict:
        complete = super()._load_metainfo(metainfo)
        check_keys(metainfo or {}, cls.METAINFO)
        return complete_metainfo(complete)

    def load_data_list(self) -> List[dict]:
        """The samples of the class's docstring, whose files all exist."""
        # Categories of what a file of boxes replaces do not matter.
        cat_ids = None if self.bbox_file else self.person_cat_ids
        document = load_persons(
            self.ann_file, read=self._read, person_cat_ids=cat_ids)
        check_noted_classes(self._metainfo['classes'], document, self.ann_file)
        self._check_document(document)
        images = {image['id']: image for image in document['images']}
        persons = [
            annotation for annotation in document['annotations']
            if not annotation.get('iscrowd', 0)
        ]
        make = self._test_samples if self.test_mode else self._train_samples
        samples = make(images, persons)
        self._check_files(samples)
        return samples

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline; an image that is empty or cut off is named."""
        try:
            return super().prepare_data(idx)
        except (AssertionError, cv2.error):
            check_image(self.get_data_info(idx)['img_path'], self._read)
            raise

    def _check_document(self, document: dict) -> None:
        """A place for subclasses to look at the annotation file."""

    def filter_data(self) -> List[dict]:
        """The samples that ``filter_cfg`` leaves."""
        filters, samples = self.filter_cfg or {}, self.data_list
        if self.test_mode or self.whole_images:
            boxes = 'bboxes' if self.test_mode else 'instances'
            least = int(bool(filters.get('filter_empty_gt')))
            kept = [one for one in samples if len(one[boxes]) >= least]
        else:
            least = filters.get('min_size', 0)
            kept = [
                one for one in samples
                if min(one['bbox'][2:] - one['bbox'][:2]) >= least
            ]
        text = (f'filter_cfg {filters} leaves {len(kept) or "none"} of '
                f'{len(samples)} samples of {self.ann_file}')
        if not kept:
            raise InputError(text)
        if len(kept) < len(samples):
            MMLogger.get_current_instance().info(text)
        return kept

    def _get_unserialized_subset(
            self, indices: Union[int, Sequence[int]]) -> List[dict]:
        try:
            chosen = super()._get_unserialized_subset(indices)
        except IndexError:
            chosen = []
        if not chosen:
            raise InputError(
                f'indices={indices!r} chooses none, or one that is not there, '
                f'of {len(self.data_list)} samples of {self.ann_file}')
        return chosen

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
        persons = self._usable(images, persons)
        if not persons:
            raise InputError(f'{self.ann_file} has no person to train on '
                             f'among {len(images)} images')
        check_label_names((image['file_name'] for image in images.values()),
                          self.ann_file)
        for person in persons:
            if 'parsing_id' not in person:
                raise InputError(
                    f'{self.ann_file}: annotation {person["id"]} lacks the '
                    "key 'parsing_id' (the person's value in Human_ids)")
        if self.whole_images:
            instances = detection_instances(persons, images, self.ann_file)
            return [
                dict(self._image_info(image), **instances[image_id])
                for image_id, image in images.items()
            ]
        return [
            dict(
                self._image_info(images[person['image_id']]),
                ann_id=person['id'],
                parsing_id=person['parsing_id'],
                bbox=xywh_to_xyxy(person['bbox'])[0]) for person in persons
        ]

    def _test_samples(self, images: Dict[int, dict],
                      persons: List[dict]) -> List[dict]:
        if self.bbox_file is None:
            records = [dict(person, score=1.) for person in persons]
        else:
            path = self.bbox_file
            if not osp.exists(path):
                path = osp.join(self.data_root, path)
            records, summary = read_person_boxes(path, images,
                                                 self.person_cat_ids,
                                                 self.bbox_thr, self._read)
            MMLogger.get_current_instance().info(summary)
        boxes = defaultdict(list)
        for record in self._usable(images, records):
            boxes[record['image_id']].append(record)
        return [
            dict(
                self._image_info(image),
                bboxes=xywh_to_xyxy([one['bbox'] for one in boxes[image_id]]),
                bbox_scores=np.array([one['score']
                                      for one in boxes[image_id]], np.float32))
            for image_id, image in images.items()
        ]

    def _usable(self, images: Dict[int, dict],
                records: List[dict]) -> List[dict]:
        """Leave out boxes that hold nothing."""
        kept, warnings = drop_bad_boxes(records, images, self.bbox_file
                                        or self.ann_file)
        for line in warnings:
            MMLogger.get_current_instance().warning(line)
        self.num_skipped_boxes = len(records) - len(kept)
        return kept

    def _image_info(self, image: dict) -> dict:
        folder, name = self.data_prefix['img'], image['file_name']
        info = dict(
            img_path=label_path(folder, name,
                                osp.splitext(name)[1],
                                osp.basename(folder.rstrip('/\\'))),
            img_id=image['id'],
            height=image['height'],
            width=image['width'],
            flip_pairs=self._metainfo['flip_pairs'],
            num_classes=len(self._metainfo['classes']),
            seg_fields=[],
            reduce_zero_label=False)
        for prefix in LABEL_FOLDERS:
            info[f'{prefix}_path'] = label_path(self.data_prefix[prefix], name)
        return info

    def _check_files(self, samples: List[dict]) -> None:
        """Refuse missing files; in testing leave out those of labels."""
        if self.backend_args is not None:
            return  # only the local disk can be listed cheaply
        listing = FolderListing()
        required = ['img_path']
        if not self.test_mode:
            required += ['seg_map_path', 'human_map_path']
        for key in required:
            listing.require([sample[key] for sample in samples])
        for key in {f'{one}_path' for one in LABEL_FOLDERS} - set(required):
            for sample in samples:
                if sample[key] not in listing:
                    del sample[key]


def _check_numbers(bbox_thr: float, cat_ids: Sequence[int],
                   filters: Dict[str, Any]) -> None:
    if not is_number(bbox_thr):
        raise InputError(f'bbox_thr is {bbox_thr!r}, expected a number')
    if (not isinstance(cat_ids, (list, tuple)) or not cat_ids
            or not all(map(is_whole, cat_ids))):
        raise InputError(f'person_cat_ids is {cat_ids!r}, expected a list of '
                         'one or more whole numbers, such as [1]')
    unknown = sorted(set(filters).difference(_FILTERS))
    if unknown:
        raise InputError(f'filter_cfg has the keys {unknown}, allowed are '
                         f'{", ".join(_FILTERS)}')
    if not is_number(filters.get('min_size', 0)):
        raise InputError(f'filter_cfg: min_size is {filters["min_size"]!r}, '
                         'expected a number of pixels')
