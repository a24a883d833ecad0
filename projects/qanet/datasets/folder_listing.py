# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Where the files of a data set are, and whether they are whole."""
import os
import os.path as osp
from contextlib import suppress
from typing import Any, Dict, Optional, Sequence, Set

import cv2
import mmcv

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.jpeg import is_cut_jpeg
from projects.qanet.utils.json_values import ByteReader

#: Key of data_prefix -> its folder next to the images' folder by default.
LABEL_FOLDERS = dict(
    seg_map='Category_ids', human_map='Human_ids', instance_map='Instance_ids')


def check_prefix(prefix: Any, allowed: Sequence[str]) -> Dict[str, str]:
    """The folders, if ``img`` is there and keys are ``allowed`` ones."""
    if (not isinstance(prefix, dict) or 'img' not in prefix
            or not set(prefix).issubset(allowed)
            or not all(isinstance(folder, str) for folder in prefix.values())):
        raise InputError(
            f"data_prefix is {prefix!r}; it needs 'img', allowed are "
            f'{", ".join(allowed)}, and the values are folders')
    return prefix


def complete_prefix(data_prefix: Optional[Dict[str, str]]) -> Dict[str, str]:
    """The folders ``img, seg_map, human_map, instance_map``, gaps filled."""
    prefix = check_prefix(
        data_prefix or dict(img='Training/Images'), ('img', *LABEL_FOLDERS))
    images = prefix['img'].rstrip('/\\')
    # Of the root itself the neighbours are a level higher.
    split = osp.dirname(images) if images not in ('', '.') else '..'
    names = LABEL_FOLDERS.items()
    return {**{key: osp.join(split, name) for key, name in names}, **prefix}


def check_image(path: str, read: ByteReader) -> None:
    """Refuse an image that is empty, cut off or none; `read` gets content."""
    content = read(path)
    image = None
    with suppress(cv2.error):
        if content and not is_cut_jpeg(content):
            image = mmcv.imfrombytes(content)
    if image is None:
        raise InputError(f'image {path} cannot be decoded: it is '
                         f'{"cut off or no image" if content else "empty"}')


class FolderListing:
    """Which files exist; lists each folder once, for network disks."""

    def __init__(self) -> None:
        self._names: Dict[str, Set[str]] = {}

    def __contains__(self, path: str) -> bool:
        folder, name = osp.split(path)
        if folder not in self._names:
            self._names[folder] = set()
            with suppress(FileNotFoundError, NotADirectoryError):
                self._names[folder].update(os.listdir(folder or '.'))
        return name in self._names[folder]

    def require(self, paths: Sequence[str]) -> None:
        """Refuse missing files: names the folder, or counts them."""
        missing = [path for path in paths if path not in self]
        if not missing:
            return
        folder = osp.dirname(missing[0])
        if not osp.isdir(folder or '.'):
            raise FileNotFoundError(f'folder {folder} does not exist')
        raise FileNotFoundError(f'{missing[0]} does not exist (missing: '
                                f'{len(missing)} of {len(paths)} files)')
