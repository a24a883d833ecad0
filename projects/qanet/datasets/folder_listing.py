# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import os.path as osp
from typing import Dict, Sequence, Set


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
