# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp
from collections import defaultdict
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Union

import cv2
import numpy as np
from mmengine import fileio
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS

from projects.qanet.ground_truth import (IGNORE_LABEL, check_label_names,
                                         check_noted_classes, label_path,
                                         load_persons, read_label_map)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number
from .coco_annotations import xywh_to_xyxy
from .folder_listing import FolderListing, check_image, complete_prefix
from .metainfo import check_keys, complete_metainfo
from .person_boxes import (check_cat_ids, check_filters, drop_bad_boxes,
                           filter_samples, read_person_boxes)

# Key of data_prefix -> key of a sample.
_LABEL_PATHS = dict(
    seg_map='seg_map_path',
    human_map='human_map_path',
    instance_map='instance_map_path')


@DATASETS.register_module()
class HumanParsingDataset(BaseDataset):
    """Persons with part labels in the layout of CIHP.

    ``docs/results_format.md`` lays it down in full::

        <data_root>/<split>/{Images,Category_ids,Human_ids,Instance_ids}/
        <data_root>/annotations/<NAME>_<split>.json

    The json is COCO's, one annotation per person; ``parsing_id`` is the
    person's value in ``Human_ids``. A person's label map is ``Category_ids``
    where ``Human_ids`` has that value.

    When training, a sample is one person: ``img_path, seg_map_path,
    human_map_path, parsing_id, img_id, ann_id, bbox`` ((4,) float32, xyxy in
    pixels, unpadded), ``height, width, flip_pairs, num_classes``. With
    ``test_mode`` a sample is one image with all its boxes, possibly none:
    ``bboxes`` ((N, 4) float32, xyxy in pixels, unpadded), ``bbox_scores``
    ((N,) float32) and the paths of those label maps that exist.

    Boxes of zero size or wholly outside the image are named in the log,
    counted in ``num_skipped_boxes`` and left out. Crowd annotations
    (``iscrowd``) are left out silently. Boxes of other categories or with
    low scores are counted in the log; where nothing is left of a file it is
    refused.

    Args:
        ann_file (str): COCO json file, relative to ``data_root``.
        metainfo (dict, optional): For data of your own: ``classes`` (names,
            background first), ``palette`` (RGB; optional) and ``flip_pairs``
            (pairs of left/right class indices; may be left out where no class
            is named left or right). Defaults to the class's ``METAINFO``.
        data_root (str): Root of all relative paths. Defaults to ''.
        data_prefix (dict): ``img``, the folder of the images. The label
            folders are its neighbours ``Category_ids``, ``Human_ids`` and
            ``Instance_ids`` unless ``seg_map``, ``human_map`` or
            ``instance_map`` say otherwise. A file_name may begin with the
            image folder's name.
            Defaults to ``dict(img='Training/Images')``.
        bbox_file (str, optional): COCO results file (``image_id,
            category_id, bbox`` xywh, ``score``) with the boxes to use in test
            mode, relative to ``data_root`` unless it exists as given.
            Defaults to None: ground-truth boxes with score 1.
        bbox_thr (float): Least score of boxes from ``bbox_file``.
            Defaults to 0.
        person_cat_ids (Sequence[int]): The ``category_id`` of persons in both
            files; others are passed over. Defaults to (1, ).
        filter_cfg (dict, optional): ``min_size``, the least width and height
            of a person's box in pixels, for training, and
            ``filter_empty_gt=True``, which leaves out images without boxes,
            for testing. Defaults to None: nothing of it.
        kwargs: ``pipeline``, ``test_mode``, ``indices``, ``serialize_data``,
            ``lazy_init``, ``max_refetch``, ``backend_args``: as in
            :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: If the json, a folder, an image or (when training)
            a label map is missing.
        InputError: If an argument is wrong, a file is malformed or there is
            nobody to train on. All messages name the culprit.
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
                 **kwargs) -> None:
        if bbox_file is not None and not test_mode:
            raise InputError('bbox_file is for testing (test_mode=True); '
                             'training takes the boxes of ann_file')
        check_filters(filter_cfg or {})
        if not is_number(bbox_thr):
            raise InputError(f'bbox_thr is {bbox_thr!r}, expected a number')
        self.bbox_file = bbox_file
        self.bbox_thr = bbox_thr
        self.person_cat_ids = check_cat_ids(person_cat_ids)
        self.backend_args = backend_args
        self.num_skipped_boxes = 0
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
        if self.test_mode:
            samples = self._test_samples(images, persons)
        else:
            samples = self._train_samples(images, persons)
        self._check_files(samples)
        return samples

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline; an image that is empty or cut off is named."""
        try:
            return super().prepare_data(idx)
        except (AssertionError, cv2.error):
            check_image(self.get_data_info(idx)['img_path'], self._read)
            raise

    @property
    def _read(self) -> partial:
        """Gets a file's content from the storage backend."""
        return partial(fileio.get, backend_args=self.backend_args)

    def _check_document(self, document: dict) -> None:
        """A place for subclasses to look at the annotation file."""

    def filter_data(self) -> List[dict]:
        """The samples that ``filter_cfg`` leaves."""
        return filter_samples(self.data_list, self.filter_cfg or {},
                              self.ann_file)

    def _get_unserialized_subset(
            self, indices: Union[int, Sequence[int]]) -> List[dict]:
        """The samples that ``indices`` choose."""
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
        """Classes of a sample, for :class:`ClassBalancedDataset`.

        Those above 0 of the person (in training) or of all persons of the
        image, ascending; 255 is none. It reads the label maps; balancing a
        large data set takes minutes.
        """
        sample = self.get_data_info(idx)
        labels = read_label_map(sample['seg_map_path'], self._read)
        humans = read_label_map(sample['human_map_path'], self._read)
        person = sample.get('parsing_id')
        own = humans > 0 if person is None else humans == person
        return [
            int(label) for label in np.unique(labels[own])
            if label not in (0, IGNORE_LABEL)
        ]

    def _train_samples(self, images: Dict[int, dict],
                       persons: List[dict]) -> List[dict]:
        persons = self._usable(images, persons)
        if not persons:
            raise InputError(f'{self.ann_file} has no person to train on '
                             f'among {len(images)} images')
        check_label_names((image['file_name'] for image in images.values()),
                          self.ann_file)
        samples = []
        for person in persons:
            if 'parsing_id' not in person:
                raise InputError(
                    f'{self.ann_file}: annotation {person["id"]} lacks the '
                    "key 'parsing_id' (the person's value in Human_ids)")
            sample = self._image_info(images[person['image_id']])
            sample.update(
                ann_id=person['id'],
                parsing_id=person['parsing_id'],
                bbox=xywh_to_xyxy(person['bbox'])[0])
            samples.append(sample)
        return samples

    def _test_samples(self, images: Dict[int, dict],
                      persons: List[dict]) -> List[dict]:
        if self.bbox_file is None:
            records = [dict(person, score=1.) for person in persons]
        else:
            records = read_person_boxes(self._bbox_path(), images,
                                        self.person_cat_ids, self.bbox_thr,
                                        self._read)
        boxes = defaultdict(list)
        for record in self._usable(images, records):
            boxes[record['image_id']].append(record)
        samples = []
        for image_id, image in images.items():
            records = boxes[image_id]
            sample = self._image_info(image)
            sample.update(
                bboxes=xywh_to_xyxy([record['bbox'] for record in records]),
                bbox_scores=np.array([record['score'] for record in records],
                                     dtype=np.float32))
            samples.append(sample)
        return samples

    def _usable(self, images: Dict[int, dict],
                records: List[dict]) -> List[dict]:
        """Leave out boxes that hold nothing."""
        kept = drop_bad_boxes(records, images, self.bbox_file or self.ann_file)
        self.num_skipped_boxes = len(records) - len(kept)
        return kept

    def _bbox_path(self) -> str:
        if osp.isabs(self.bbox_file) or osp.exists(self.bbox_file):
            return self.bbox_file
        return osp.join(self.data_root, self.bbox_file)

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
        for prefix, path_key in _LABEL_PATHS.items():
            info[path_key] = label_path(self.data_prefix[prefix], name)
        return info

    def _check_files(self, samples: List[dict]) -> None:
        """Refuse a download with holes now, not in the middle of an epoch.

        When testing, label maps may be missing (test splits have none);
        their paths are left out then.
        """
        if self.backend_args is not None:
            return  # only the local disk can be listed cheaply
        listing = FolderListing()
        required = ['img_path']
        if not self.test_mode:
            required += ['seg_map_path', 'human_map_path']
        for key in required:
            listing.require([sample[key] for sample in samples])
        for key in set(_LABEL_PATHS.values()).difference(required):
            for sample in samples:
                if sample[key] not in listing:
                    del sample[key]
