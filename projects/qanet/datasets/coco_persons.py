# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp
from collections import defaultdict
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import cv2
import numpy as np
from mmengine import fileio
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger

from projects.qanet.ground_truth import (check_noted_classes, label_path,
                                         load_persons)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number, is_whole
from .coco_annotations import drop_bad_boxes, read_person_boxes, xywh_to_xyxy
from .folder_listing import FolderListing, check_image, check_prefix
from .metainfo import check_keys, complete_metainfo


class CocoPersonDataset(BaseDataset):
    """Persons of a COCO json, for networks that see one at a time.

    When training, a sample is one person: ``img_path, img_id, ann_id, bbox``
    ((4,) float32, xyxy in pixels, unpadded), ``height, width, flip_pairs,
    num_classes``. With ``test_mode`` it is one image with all its boxes,
    possibly none: ``bboxes`` ((N, 4) float32, likewise) and ``bbox_scores``
    ((N,) float32). A subclass adds what it knows of persons and images, in
    ``_train_persons``, ``_person_sample`` and ``_image_info``.

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
            begin with its name.
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
        kwargs: As in :class:`mmengine.dataset.BaseDataset`.

    Raises a FileNotFoundError if the json, a folder or a file that a sample
    needs is missing, an InputError if an argument is wrong, a file is
    malformed or there is nobody to train on. Both name the culprit.
    """

    METAINFO: dict = dict()
    #: Keys that ``filter_cfg`` may have.
    FILTERS: Tuple[str, ...] = ('filter_empty_gt', 'min_size')

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
        self._check_numbers(bbox_thr, person_cat_ids, filter_cfg or {})
        self.bbox_file = bbox_file
        self.bbox_thr = bbox_thr
        self.person_cat_ids = tuple(person_cat_ids)
        self.backend_args = backend_args
        self.num_skipped_boxes = 0
        # Gets a file's content from the storage backend.
        self._read = partial(fileio.get, backend_args=backend_args)
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=self._complete_prefix(data_prefix),
            filter_cfg=filter_cfg,
            test_mode=test_mode,
            **kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo: Optional[dict] = None) -> dict:
        complete = super()._load_metainfo(metainfo)
        check_keys(metainfo or {}, cls.METAINFO)
        return complete_metainfo(complete)

    @staticmethod
    def _complete_prefix(data_prefix: Optional[dict]) -> Dict[str, str]:
        """The folders, checked."""
        return check_prefix(data_prefix, ('img', ))

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
        if self.backend_args is None:
            # Only the local disk can be listed cheaply.
            self._check_files(samples, FolderListing())
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
        kept = [one for one in samples if self._is_kept(one, filters)]
        text = (f'filter_cfg {filters} leaves {len(kept) or "none"} of '
                f'{len(samples)} samples of {self.ann_file}')
        if not kept:
            raise InputError(text)
        if len(kept) < len(samples):
            MMLogger.get_current_instance().info(text)
        return kept

    def _is_kept(self, sample: dict, filters: dict) -> bool:
        if 'bbox' in sample:
            size = min(sample['bbox'][2:] - sample['bbox'][:2])
            return size >= filters.get('min_size', 0)
        return len(sample['bboxes']) >= bool(filters.get('filter_empty_gt'))

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

    def _train_samples(self, images: Dict[int, dict],
                       persons: List[dict]) -> List[dict]:
        return [
            self._person_sample(images[person['image_id']], person)
            for person in self._train_persons(images, persons)
        ]

    def _train_persons(self, images: Dict[int, dict],
                       persons: List[dict]) -> List[dict]:
        """Those to train on, one at least; the place for more checks."""
        persons = self._usable(images, persons)
        if not persons:
            raise InputError(f'{self.ann_file} has no person to train on '
                             f'among {len(images)} images')
        return persons

    def _person_sample(self, image: dict, person: dict) -> dict:
        return dict(
            self._image_info(image),
            ann_id=person['id'],
            bbox=xywh_to_xyxy(person['bbox'])[0])

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
        return dict(
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

    def _check_files(self, samples: List[dict],
                     listing: FolderListing) -> None:
        """Refuse missing files."""
        listing.require([sample['img_path'] for sample in samples])

    @classmethod
    def _check_numbers(cls, bbox_thr: float, cat_ids: Sequence[int],
                       filters: Dict[str, Any]) -> None:
        if not is_number(bbox_thr):
            raise InputError(f'bbox_thr is {bbox_thr!r}, expected a number')
        if (not isinstance(cat_ids, (list, tuple)) or not cat_ids
                or not all(map(is_whole, cat_ids))):
            raise InputError(
                f'person_cat_ids is {cat_ids!r}, expected a list of '
                'one or more whole numbers, such as [1]')
        unknown = sorted(set(filters).difference(cls.FILTERS))
        if unknown:
            raise InputError(f'filter_cfg has the keys {unknown}, allowed are '
                             f'{", ".join(cls.FILTERS)}')
        if not is_number(filters.get('min_size', 0)):
            raise InputError(
                f'filter_cfg: min_size is {filters["min_size"]!r}, '
                'expected a number of pixels')
