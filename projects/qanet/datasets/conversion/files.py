# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import os.path as osp
import shutil
from typing import Iterator, List, Optional, Sequence, Tuple

from PIL import Image

from projects.qanet.utils.errors import InputError

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png', '.JPG', '.JPEG', '.PNG')


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
            if entry.is_dir()
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
        raw (str): See :func:`search_root`, also for the others.
        markers (Sequence[str]): Folders of which it has at least one.
        depth (int): How many levels down to look. Defaults to 5.

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


def read_stems(path: str) -> List[str]:
    """Read a list of images.

    Args:
        path (str): Text file with one name per line; folders and endings of
            images are dropped, empty lines skipped.

    Returns:
        list[str]: The names without ending, in the file's order, each once.

    Raises:
        InputError: If the file is missing or empty.
    """
    if not osp.isfile(path):
        raise InputError(f'image list {path} does not exist')
    with open(path) as file:
        names = [osp.basename(line.strip()) for line in file if line.strip()]
    if not names:
        raise InputError(f'image list {path} is empty')
    stems = [
        osp.splitext(name)[0] if name.endswith(IMAGE_ENDINGS) else name
        for name in names
    ]
    return list(dict.fromkeys(stems))


def list_stems(folder: str,
               endings: Tuple[str, ...] = IMAGE_ENDINGS) -> List[str]:
    """List the images, or other files, of a folder.

    Args:
        folder (str): Folder to list.
        endings (tuple[str]): Which files. Defaults to images.

    Returns:
        list[str]: The sorted names of its files, without ending.

    Raises:
        InputError: If there is no such folder, or no such file in it.
    """
    if not osp.isdir(folder):
        raise InputError(f'folder {folder} does not exist: incomplete '
                         'download?')
    stems = sorted(
        osp.splitext(name)[0] for name in os.listdir(folder)
        if name.endswith(endings))
    if not stems:
        what = 'images' if endings is IMAGE_ENDINGS else f'{endings[0]} files'
        raise InputError(f'folder {folder} holds no {what}: incomplete '
                         'download?')
    return stems


def find_image(folder: str, stem: str) -> Optional[str]:
    """Find an image by its name without ending.

    Args:
        folder (str): Folder to look in.
        stem (str): Name without ending.

    Returns:
        str | None: Its path, or None.
    """
    for ending in IMAGE_ENDINGS:
        path = osp.join(folder, stem + ending)
        if osp.isfile(path):
            return path
    return None


def require_image(folder: str, stem: str) -> Tuple[str, Tuple[int, int]]:
    """Find an image and check that it can be read.

    Args:
        folder (str): Folder to look in.
        stem (str): Name without ending.

    Returns:
        tuple[str, tuple[int, int]]: Its path, and its width and height in
        pixels, see :func:`image_size`.

    Raises:
        InputError: If the image is missing, cannot be read or is cut off.
    """
    path = find_image(folder, stem)
    if path is None:
        raise InputError(f'{osp.join(folder, stem)}.jpg is missing')
    return path, image_size(path)


def image_size(path: str) -> Tuple[int, int]:
    """Decode an image, roughly, to learn its size and that it is whole.

    Args:
        path (str): File to read.

    Returns:
        tuple[int, int]: Width and height as OpenCV reads it, i.e. after the
        rotation that the camera noted in the file.

    Raises:
        InputError: If the image cannot be read or is cut off.
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
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f'unreadable image {path}: {error}') from error
    return width, height
