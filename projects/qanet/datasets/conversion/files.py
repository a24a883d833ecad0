# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import os.path as osp
import shutil
from typing import List, Optional, Sequence, Tuple

from PIL import Image

from ..errors import DataError

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png', '.JPG', '.JPEG', '.PNG')


def find_root(raw: str, markers: Sequence[str], depth: int = 3) -> str:
    """Find the folder that holds the data, below folders from unpacking.

    Args:
        raw (str): Where the download was unpacked.
        markers (Sequence[str]): Names of which the folder has at least one.
        depth (int): How many levels down to look. Defaults to 3.

    Returns:
        str: The folder nearest to ``raw``.

    Raises:
        DataError: If ``raw`` is no folder or has no such folder.
    """
    if not osp.isdir(raw):
        raise DataError(f'{raw} is not a folder')
    level = [raw]
    for _ in range(depth + 1):
        for folder in level:
            if any(osp.isdir(osp.join(folder, name)) for name in markers):
                return folder
        level = [
            entry.path for folder in level
            for entry in sorted(os.scandir(folder), key=lambda e: e.name)
            if entry.is_dir()
        ]
    raise DataError(f'{raw} has none of the folders {", ".join(markers)}, '
                    'not in its sub-folders either: incomplete download?')


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
        DataError: If the file is missing or empty.
    """
    if not osp.isfile(path):
        raise DataError(f'image list {path} does not exist')
    with open(path) as file:
        names = [osp.basename(line.strip()) for line in file if line.strip()]
    if not names:
        raise DataError(f'image list {path} is empty')
    stems = [
        osp.splitext(name)[0] if name.endswith(IMAGE_ENDINGS) else name
        for name in names
    ]
    return list(dict.fromkeys(stems))


def list_stems(folder: str) -> List[str]:
    """List the images of a folder.

    Args:
        folder (str): Folder to list.

    Returns:
        list[str]: The sorted names of its images, without ending.

    Raises:
        DataError: If there is no such folder, or no image in it.
    """
    if not osp.isdir(folder):
        raise DataError(f'folder {folder} does not exist: incomplete '
                        'download?')
    stems = sorted(
        osp.splitext(name)[0] for name in os.listdir(folder)
        if name.endswith(IMAGE_ENDINGS))
    if not stems:
        raise DataError(f'folder {folder} holds no images: incomplete '
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


def image_size(path: str) -> Tuple[int, int]:
    """Decode an image, roughly, to learn its size and that it is whole.

    Args:
        path (str): File to read.

    Returns:
        tuple[int, int]: Width and height as OpenCV reads it, i.e. after the
        rotation that the camera noted in the file.

    Raises:
        DataError: If the image cannot be read or is cut off.
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
        raise DataError(f'unreadable image: {error}') from error
    return width, height
