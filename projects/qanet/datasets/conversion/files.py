# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The files of a download: found, listed, checked and linked."""
import os
import shutil
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from PIL import Image

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import IMAGE_ENDINGS, has_ending, read_text

_DEPTH = 5  # how many levels of folders unpacking may have made
_MAX_NAMED = 5  # of many ignored files


def warn(text: str) -> None:
    """Print a warning on stderr."""
    print(f'warning: {text}', file=sys.stderr)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is the system's own, such as ``._a.jpg``."""
    return name.startswith('.') or name == '__MACOSX'


def search(raw: Path,
           names: Sequence[str],
           depth: int = _DEPTH) -> Optional[Path]:
    """The folder nearest to ``raw`` that has a file or folder of a name."""
    if not raw.is_dir():
        raise InputError(f'{raw} is not a folder')
    level = [raw]
    for _ in range(depth + 1):
        for folder in level:
            if any((folder / name).exists() for name in names):
                return folder
        # Not Path.iterdir: a scan tells folders from 100,000 files at once.
        level = sorted(
            Path(entry.path) for folder in level
            for entry in os.scandir(folder)
            if entry.is_dir() and not is_hidden(entry.name))
    return None


def not_found(raw: Path, names: Sequence[str]) -> InputError:
    """The error that ``raw`` has none of some folders."""
    which = 'no folder' if len(names) == 1 else 'none of the folders'
    return InputError(f'{raw} has {which} {", ".join(names)}, not in its '
                      'sub-folders either: incomplete download?')


def find_folder(raw: Path, name: str, depth: int = _DEPTH) -> Path:
    """The folder of a name nearest to ``raw``, which may be it; InputError."""
    if Path(os.path.abspath(raw)).name == name and raw.is_dir():
        return raw
    found = find_file(raw, name, depth)
    if found is None:
        raise not_found(raw, [name])
    return found


def find_file(raw: Path, name: str, depth: int = _DEPTH) -> Optional[Path]:
    """The file of a name (folders may precede it) nearest to ``raw``."""
    root = search(raw, [name], depth)
    return None if root is None else root / name


def link_file(source: Path, target: Path) -> None:
    """Make ``target`` a link to ``source``, or a copy; replaces the old."""
    source = source.resolve()
    if target.exists() and target.samefile(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    for link in (os.symlink, os.link):
        try:
            return link(source, target)
        except OSError:  # not on every file system
            continue
    shutil.copyfile(source, target)


def any_case(path: Path) -> Path:
    """A file with its ending in capitals if only that is there."""
    upper = path.with_suffix(path.suffix.upper())
    return upper if upper.exists() and not path.exists() else path


def read_stems(path: str) -> List[str]:
    """Read a list of images: a name per line, of which only the stem counts.

    Folders, endings of images, empty lines and repeated names are dropped.
    """
    if not os.path.isfile(path):
        raise InputError(f'image list {path} does not exist')
    lines = read_text(path).replace('\\', '/').splitlines()
    names = [Path(line.strip()) for line in lines if line.strip()]
    if not names:
        raise InputError(f'image list {path} is empty')
    stems = (
        path.stem if has_ending(path.name) else path.name for path in names)
    return list(dict.fromkeys(stems))


def read_split_lists(**lists: Optional[str]) -> Dict[str, List[str]]:
    """Read lists of images by split, without None; no name may be in two."""
    splits = {
        split: read_stems(path)
        for split, path in lists.items() if path is not None
    }
    owner: Dict[str, str] = {}
    for split, stems in splits.items():
        for stem in stems:
            if owner.setdefault(stem, split) != split:
                raise InputError(f'{stem} is in both {lists[owner[stem]]} and '
                                 f'{lists[split]}')
    return splits


class ImageFolder:
    """The pictures of a folder, listed once.

    Files that are no pictures, or whose names begin with a dot, are named in
    a warning. No folder, or one without pictures, is an error.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f'folder {folder} does not exist: incomplete '
                             'download?')
        self.folder = folder
        self._names: Dict[str, List[str]] = {}
        ignored = []
        for name in sorted(os.listdir(folder)):
            if has_ending(name) and not is_hidden(name):
                self._names.setdefault(Path(name).stem, []).append(name)
            elif (folder / name).is_file():
                ignored.append(name)
        if not self._names:
            raise InputError(f'folder {folder} holds no images: incomplete '
                             'download? Their names end in '
                             f'{", ".join(IMAGE_ENDINGS)}')
        rest = ', ...' if len(ignored) > _MAX_NAMED else ''
        if ignored:
            warn(f'{len(ignored)} files of {folder} are no images or hidden, '
                 f'passed over: {", ".join(ignored[:_MAX_NAMED])}{rest}')
        #: The sorted names of the pictures, without ending, each once.
        self.stems = sorted(self._names)

    def require(self, stem: str) -> Tuple[Path, Tuple[int, int]]:
        """Path and (width, height) of the only picture of a name."""
        first, *others = self._names.get(stem, [f'{stem}.jpg'])
        path = self.folder / first
        if others:
            raise InputError(f'{path} and {" and ".join(others)} would share '
                             'one label map: only one picture may be called '
                             f'{stem}')
        if stem not in self._names:
            raise InputError(f'{path} is missing')
        return path, image_size(path)


def image_size(path: Path) -> Tuple[int, int]:
    """Width and height of an image that is whole, at most 179 megapixels.

    As OpenCV reads it, i.e. after the rotation that the camera noted.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            # Quarter turns are 5 to 8 in the EXIF orientation tag.
            if image.getexif().get(0x0112, 1) >= 5:
                width, height = height, width
            # A JPEG is decoded to an eighth of its size: much faster, and
            # the whole file is still read.
            image.draft('RGB', (1, 1))
            image.load()
    except (OSError, SyntaxError, ValueError,
            Image.DecompressionBombError) as error:
        raise InputError(f'unreadable image {path}: {error}') from error
    return width, height
