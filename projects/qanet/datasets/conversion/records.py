# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The part that all converters share: walk a split, write its json."""
import errno
import os.path as osp
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

from rich.progress import track

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import write_json
from .files import link_file, warn
from .maps import Found

#: Folder of a split -> what it is called in file names.
SPLITS = dict(Training='train', Validation='val', Testing='test')
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_MAX_NAMED = 20  # of many skipped files


@dataclass
class ImageRecord:
    """What the annotation file says about one converted image."""

    file_name: str  # in ``Images``
    width: int  # in pixels
    height: int
    #: ``parsing_id, bbox`` (xywh, pixels) and ``area`` of each.
    persons: List[dict] = field(default_factory=list)
    #: What the user should know, e.g. of persons that were left out.
    notes: List[str] = field(default_factory=list)
    image_id: Optional[int] = None  # None: see :func:`coco_document`


#: Gets an image's name and puts image and label maps in their places. None:
#: nobody is in the image.
ConvertImage = Callable[[str], Optional[ImageRecord]]


@dataclass
class Split:
    """A split that is to be converted."""

    folder: str  # Training, Validation or Testing
    stems: List[str]  # names of the images, without ending
    convert_one: ConvertImage  # see :func:`convert_split`
    official: Optional[int] = None  # how many images the data set has there
    labelled: bool = True  # whether there must be persons


@dataclass
class SplitReport:
    """What became of one split."""

    ann_file: str  # the annotation file that was written
    num_images: int  # converted images and their persons
    num_persons: int
    skipped: List[Tuple[str, str]]  # images and why they are left out
    empty: List[str]  # images left out because nobody is in them
    notes: List[Tuple[str, str]]  # images and what is worth knowing

    def log(self, official: Optional[int] = None) -> None:
        """Say what was converted, what was not, and if images are missing."""
        skipped = [f'Skipped {stem}: {why}' for stem, why in self.skipped]
        notes = [f'{stem}: {note}' for stem, note in self.notes]
        for what, lines in (('skipped images', skipped), ('notes', notes)):
            for line in lines[:_MAX_NAMED]:
                warn(line)
            if len(lines) > _MAX_NAMED:
                warn(f'... and {len(lines) - _MAX_NAMED} more {what}')
        empty, skipped = len(self.empty), len(self.skipped)
        left_out = f', {empty} without persons left out' if empty else ''
        print(f'{self.ann_file}: {self.num_images} images, {self.num_persons} '
              f'persons, {skipped} images skipped{left_out}')
        found = self.num_images + skipped + empty
        if official is not None and found != official:
            warn(f'{self.ann_file}: the data set has {official} '
                 f'images in this split, {found} were found')


def place_image(image: Path,
                size: Tuple[int, int],
                out: Path,
                found: Optional[Found],
                image_id: Optional[int] = None) -> Optional[ImageRecord]:
    """Link an image whose label maps are in place; None if nobody is there."""
    if found is None:
        return None
    link_file(image, out / 'Images' / image.name)
    return ImageRecord(image.name, *size, *found, image_id)


def _image_ids(stems: Sequence[str],
               records: Dict[str, ImageRecord]) -> Dict[str, int]:
    """Ids that are given, else numbers in the names, else 1, 2, 3 ..."""
    given = {stem: record.image_id for stem, record in records.items()}
    if None not in given.values():
        return given
    # A stray file that is no image of the data set must not matter.
    if all(stem.isdecimal() for stem in records):
        ids = {stem: int(stem) for stem in records}
        if len(set(ids.values())) == len(ids):
            return ids
    # Images that cannot be converted have a number, too: it must not change
    # with the next download, since files of boxes refer to it.
    return {stem: number for number, stem in enumerate(stems, 1)}


def coco_document(stems: Sequence[str],
                  records: Dict[str, ImageRecord],
                  info: Optional[dict] = None) -> dict:
    """Make the COCO annotation file of a split.

    ``stems`` are the names of all images that are listed, ``records`` those
    that could be converted. Where these are different numbers they are the
    image ids, else their positions, unless the records have ids.

    Returns a dict with ``images``, ``annotations`` (one per person),
    ``categories`` and, if given, ``info``.
    """
    images, annotations = [], []
    image_ids = _image_ids(stems, records)
    for stem, record in records.items():
        image = dict(id=image_ids[stem], file_name=record.file_name)
        images.append(dict(image, width=record.width, height=record.height))
        for person in record.persons:
            ids = dict(id=len(annotations) + 1, image_id=image['id'])
            annotations.append(dict(person, **ids, category_id=1, iscrowd=0))
    document = dict(
        images=images,
        annotations=annotations,
        categories=[dict(id=1, name='person', supercategory='person')])
    return document if info is None else dict(info=info, **document)


def convert_split(ann_file: str,
                  stems: Sequence[str],
                  convert_one: ConvertImage,
                  workers: int = 4,
                  info: Optional[dict] = None,
                  labelled: bool = True) -> SplitReport:
    """Convert the images of a split and write its annotation file.

    ``convert_one`` is called with each of the ``stems``, names of images
    without ending, from several threads. If it gives None, or raises an
    InputError or OSError, the image is left out. ``labelled``: there must be
    persons; ``info`` goes into the file.

    Raises an InputError if more than half of the images had to be left out, or
    nobody is in any image, and an OSError if the disk is full; no annotation
    file is written then.
    """
    name = Path(ann_file).stem

    def guarded(stem: str) -> Union[ImageRecord, str, None]:
        try:
            return convert_one(stem)
        except (InputError, OSError) as error:
            if getattr(error, 'errno', None) in _DISK_FULL:
                raise
            return str(error)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        done = track(pool.map(guarded, stems), name, total=len(stems))
        results = dict(zip(stems, done))
    kept = {
        stem: result
        for stem, result in results.items() if isinstance(result, ImageRecord)
    }
    empty = [stem for stem, result in results.items() if result is None]
    skipped = [(stem, result) for stem, result in results.items()
               if isinstance(result, str)]
    if len(skipped) > len(stems) / 2:
        raise InputError(
            f'{name}: {len(skipped)} of {len(stems)} images cannot be '
            f'converted: incomplete download? The first one: {skipped[0][1]}')
    persons = [person for record in kept.values() for person in record.persons]
    if not kept or labelled and not any(one['area'] for one in persons):
        raise InputError(f'{name}: none of {len(stems)} images shows a person '
                         'with parts: are the label maps the right ones?')
    write_json(ann_file, coco_document(stems, kept, info))
    notes = [(stem, note) for stem, record in kept.items()
             for note in record.notes]
    return SplitReport(ann_file, len(kept), len(persons), skipped, empty,
                       notes)


def convert_splits(out: str,
                   name: str,
                   splits: Sequence[Split],
                   workers: int = 4,
                   info: Optional[dict] = None) -> List[SplitReport]:
    """Convert the splits of a data set and log what became of them.

    Annotation files are ``<out>/annotations/<name>_{train,val,test}.json``.
    Raises the errors of :func:`convert_split`, and an InputError if the name
    has folders in it, or is empty.
    """
    if not name or name != osp.basename(name):
        raise InputError(f'name must be the beginning of a file name, without '
                         f'folders, not {name!r}')
    reports = []
    for split in splits:
        path = osp.join(out, f'annotations/{name}_{SPLITS[split.folder]}.json')
        reports.append(
            convert_split(path, split.stems, split.convert_one, workers, info,
                          split.labelled))
        reports[-1].log(split.official)
    return reports
