# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import os.path as osp
import shutil
import sys
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from PIL import Image

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import IMAGE_ENDINGS, has_ending, read_text

# Of many ignored files, how many are named.
_MAX_NAMED = 5


def warn(text: str) -> None:
    """Print a warning on stderr.

    Args:
        text (str): What is worth a look.
    """
    print(f'warning: {text}', file=sys.stderr)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is the system's own, such as ``._a.jpg``."""
    return name.startswith('.') or name == '__MACOSX'


def _folders(raw: str, depth: int) -> Iterator[str]:
    """The folder and those below it, the nearest first."""
    if not osp.isdir(raw):
        raise InputError(f'{raw} is not a folder')
    level = [raw]
    for _ in range(depth + 1):
        yield from level
        level = [
            entry.path for folder in level
            for entry in sorted(os.scandir(folder), key=lambda e: e.name)
            if entry.is_dir() and not is_hidden(entry.name)
        ]


def search_root(raw: str,
                markers: Sequence[str],
                depth: int = 5) -> Optional[str]:
    """Find the folder that holds the data, below folders from unpacking.

    Args:
        raw (str): Where the download was unpacked.
        markers (Sequence[str]): Folders of which it has at least one, e.g.
            ``Training`` or ``train/images``.
        depth (int): How many levels down to look. Defaults to 5.

    Returns:
        str | None: The folder nearest to ``raw``, or None.

    Raises:
        InputError: If ``raw`` is no folder.
    """
    for folder in _folders(raw, depth):
        if any(osp.isdir(osp.join(folder, name)) for name in markers):
            return folder
    return None


def find_root(raw: str, markers: Sequence[str], depth: int = 5) -> str:
    """Find the folder that holds the data; it must be there.

    Args:
        raw, markers, depth: See :func:`search_root`.

    Returns:
        str: The folder nearest to ``raw``.

    Raises:
        InputError: If ``raw`` is no folder or has no such folder.
    """
    root = search_root(raw, markers, depth)
    if root is None:
        which = 'no folder' if len(markers) == 1 else 'none of the folders'
        raise InputError(f'{raw} has {which} {", ".join(markers)}, not in its '
                         'sub-folders either: incomplete download?')
    return root


def find_folder(raw: str, name: str, depth: int = 5) -> str:
    """Find a folder by its name, below folders from unpacking.

    Args:
        raw (str): Where the download was unpacked.
        name (str): Name of the folder.
        depth (int): How many levels down to look. Defaults to 5.

    Returns:
        str: The folder of that name nearest to ``raw``; ``raw`` itself, if
        it is called so.

    Raises:
        InputError: If ``raw`` is no folder or has no such folder.
    """
    if osp.basename(osp.abspath(raw)) == name and osp.isdir(raw):
        return raw
    return osp.join(find_root(raw, [name], depth), name)


def find_file(raw: str, name: str, depth: int = 5) -> Optional[str]:
    """Find a file by its name, below folders from unpacking.

    Args:
        raw (str): Where the download was unpacked.
        name (str): Name of the file; it may start with folders.
        depth (int): How many levels down to look. Defaults to 5.

    Returns:
        str | None: The file nearest to ``raw``, or None.

    Raises:
        InputError: If ``raw`` is no folder.
    """
    for folder in _folders(raw, depth):
        if osp.isfile(osp.join(folder, name)):
            return osp.join(folder, name)
    return None


def make_place(path: str) -> None:
    """Make the folder of a file and remove what stands in the file's place.

    Writing through a link of an earlier run would change the download.

    Args:
        path (str): File about to be written.
    """
    os.makedirs(osp.dirname(path), exist_ok=True)
    if osp.lexists(path):
        os.remove(path)


def link_file(source: str, target: str) -> None:
    """Let ``target`` be ``source``: by a link if possible, else by a copy.

    Args:
        source (str): Existing file.
        target (str): Link to make. What stands there is replaced, unless it
            is the same file already.
    """
    source = osp.realpath(source)
    if osp.exists(target) and osp.samefile(source, target):
        return
    make_place(target)
    for link in (os.symlink, os.link, shutil.copyfile):
        try:
            link(source, target)
            return
        except OSError:  # not on every file system
            if link is shutil.copyfile:
                raise


def _drop_ending(name: str) -> str:
    return osp.splitext(name)[0] if has_ending(name) else name


def read_stems(path: str) -> List[str]:
    """Read a list of images.

    Args:
        path (str): Text file in UTF-8 with one name per line; folders and
            endings of images are dropped, empty lines skipped.

    Returns:
        list[str]: The names without ending, in the file's order, each once.

    Raises:
        InputError: If the file is missing, empty or in another encoding.
    """
    if not osp.isfile(path):
        raise InputError(f'image list {path} does not exist')
    lines = [line.strip() for line in read_text(path).splitlines()]
    names = [line.replace('\\', '/') for line in lines if line]
    if not names:
        raise InputError(f'image list {path} is empty')
    return list(
        dict.fromkeys(_drop_ending(osp.basename(name)) for name in names))


def any_case(path: str) -> str:
    """Find a file whose ending may be written in capitals.

    Args:
        path (str): File with its ending in lower case.

    Returns:
        str: The file in capitals if only that is there, else ``path``.
    """
    root, ending = osp.splitext(path)
    upper = root + ending.upper()
    return upper if osp.exists(upper) and not osp.exists(path) else path


class ImageFolder:
    """The pictures of a folder, listed once.

    Files that are no pictures, or whose names begin with a dot, are named in
    a warning.

    Args:
        folder (str): Folder to list.

    Raises:
        InputError: If there is no such folder, or no picture in it.
    """

    def __init__(self, folder: str) -> None:
        if not osp.isdir(folder):
            raise InputError(f'folder {folder} does not exist: incomplete '
                             'download?')
        self.folder = folder
        self._names: Dict[str, List[str]] = {}
        ignored = []
        for name in sorted(os.listdir(folder)):
            if has_ending(name) and not is_hidden(name):
                self._names.setdefault(osp.splitext(name)[0], []).append(name)
            elif osp.isfile(osp.join(folder, name)):
                ignored.append(name)
        if not self._names:
            raise InputError(f'folder {folder} holds no images: incomplete '
                             'download? Their names end in '
                             f'{", ".join(IMAGE_ENDINGS)}')
        rest = ', ...' if len(ignored) > _MAX_NAMED else ''
        if ignored:
            warn(f'{len(ignored)} files of {folder} are no images or hidden, '
                 f'passed over: {", ".join(ignored[:_MAX_NAMED])}{rest}')

    @property
    def stems(self) -> List[str]:
        """The sorted names of the pictures, without ending, each once."""
        return sorted(self._names)

    def require(self, stem: str) -> Tuple[str, Tuple[int, int]]:
        """Find a picture and check that it can be read.

        Args:
            stem (str): Name without ending.

        Returns:
            tuple[str, tuple[int, int]]: Its path, and its width and height in
            pixels, see :func:`image_size`.

        Raises:
            InputError: If it is missing, cannot be read, is cut off, or if
                there are several pictures of that name: they would share
                their label maps.
        """
        names = self._names.get(stem, [f'{stem}.jpg'])
        path = osp.join(self.folder, names[0])
        if len(names) > 1:
            raise InputError(f'{path} and {" and ".join(names[1:])} would '
                             'share one label map: only one picture may be '
                             f'called {stem}')
        if stem not in self._names:
            raise InputError(f'{path} is missing')
        return path, image_size(path)


def list_stems(folder: str, ending: str) -> List[str]:
    """List the files of a kind in a folder.

    Args:
        folder (str): Folder to list.
        ending (str): What their names end in, in lower case.

    Returns:
        list[str]: Sorted names without ending; hidden files are left out.

    Raises:
        InputError: If there is no such folder, or no such file in it.
    """
    if not osp.isdir(folder):
        raise InputError(f'folder {folder} does not exist: incomplete '
                         'download?')
    stems = sorted(
        osp.splitext(name)[0] for name in os.listdir(folder)
        if has_ending(name, (ending, )) and not is_hidden(name))
    if not stems:
        raise InputError(f'folder {folder} holds no {ending} files: '
                         'incomplete download?')
    return stems


def image_size(path: str) -> Tuple[int, int]:
    """Decode an image, roughly, to learn its size and that it is whole.

    Args:
        path (str): File to read.

    Returns:
        tuple[int, int]: Width and height as OpenCV reads it, i.e. after the
        rotation that the camera noted in the file.

    Raises:
        InputError: If it cannot be read, is cut off or above 179 megapixels.
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
