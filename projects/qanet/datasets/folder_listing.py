# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Whether the files of a data set are there and whole."""
import os
import os.path as osp
from typing import Dict, Sequence, Set

import cv2
import mmcv

from projects.qanet.ground_truth.annotations import ByteReader
from projects.qanet.utils.errors import InputError


def check_image(path: str, read: ByteReader) -> None:
    """Refuse an image that cannot be decoded.

    Args:
        path (str): The image.
        read (Callable): Gets its content.

    Raises:
        InputError: If it is empty, cut off or no image.
    """
    content = read(path)
    try:
        image = mmcv.imfrombytes(content) if content else None
    except cv2.error:
        image = None
    if image is None:
        raise InputError(f'image {path} cannot be decoded: it is '
                         f'{"cut off or no image" if content else "empty"}')


class FolderListing:
    """Answers which files exist, listing each folder once.

    Asking the file system for each of a data set's files takes minutes on
    network disks; a listing per folder does not.
    """

    def __init__(self) -> None:
        self._names: Dict[str, Set[str]] = {}

    def __contains__(self, path: str) -> bool:
        folder, name = osp.split(path)
        if folder not in self._names:
            exists = osp.isdir(folder or '.')
            self._names[folder] = set(os.listdir(folder
                                                 or '.')) if exists else set()
        return name in self._names[folder]

    def require(self, paths: Sequence[str]) -> None:
        """Check that all files exist.

        Args:
            paths (Sequence[str]): Files.

        Raises:
            FileNotFoundError: Names the missing folder, or counts the
                missing files and names the first.
        """
        missing = [path for path in paths if path not in self]
        if not missing:
            return
        folder = osp.dirname(missing[0])
        if not osp.isdir(folder or '.'):
            raise FileNotFoundError(f'folder {folder} does not exist')
        raise FileNotFoundError(f'{missing[0]} does not exist (missing: '
                                f'{len(missing)} of {len(paths)} files)')
