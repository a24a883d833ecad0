# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Reading PASCAL-Part's Matlab annotations."""
import os.path as osp
import zlib
from typing import List, NamedTuple, Tuple

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from projects.qanet.utils.errors import InputError

# What goes wrong in reading a damaged or foreign .mat file.
_READ_ERRORS = (OSError, ValueError, TypeError, KeyError, IndexError,
                AttributeError, NotImplementedError, MatReadError, zlib.error)


class PascalObject(NamedTuple):
    """One object of an image.

    Attributes:
        name (str): Its class, e.g. 'person'.
        mask (np.ndarray): Its silhouette of shape (h, w), bool.
        parts (list[tuple[str, np.ndarray]]): Name and mask ((h, w), bool) of
            each part. They may overlap; the later lies on top.
    """

    name: str
    mask: np.ndarray
    parts: List[Tuple[str, np.ndarray]]


def _read_object(record: np.void) -> PascalObject:
    # Matlab's structs come as arrays; without any part the array is empty
    # and has no fields.
    parts = [(str(part['part_name'].item()), part['mask'] > 0)
             for part in record['parts'].ravel()]
    return PascalObject(str(record['class'].item()), record['mask'] > 0, parts)


def read_pascal_parts(path: str) -> List[PascalObject]:
    """Read the objects of an image with their parts.

    Args:
        path (str): ``Annotations_Part/<image>.mat``: a struct ``anno`` whose
            ``objects`` have ``class, mask, parts``, and ``parts`` have
            ``part_name, mask``.

    Returns:
        list[PascalObject]: In the file's order: later ones may cover earlier
        ones.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it cannot be read or is not of that form.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'annotation {path} does not exist')
    try:
        anno = loadmat(path, variable_names=['anno'])['anno'][0, 0]
        return [_read_object(record) for record in anno['objects'].ravel()]
    except _READ_ERRORS as error:
        raise InputError(f'{path} is no readable annotation of PASCAL-Part '
                         f'({type(error).__name__}: {error})') from error
