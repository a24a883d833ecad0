# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Text files and the names of pictures. Needs neither torch nor OpenMMLab."""
import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import Sequence

from projects.qanet.utils.errors import InputError

#: What the names of pictures end in, in lower case; see :func:`has_ending`.
IMAGE_ENDINGS = ('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.tif',
                 '.tiff', '.webp')
#: What the names of videos end in.
VIDEO_ENDINGS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg')


def has_ending(path: str, endings: Sequence[str] = IMAGE_ENDINGS) -> bool:
    """Whether a file's name has one of these endings, in any case."""
    return os.path.splitext(path)[1].lower() in endings


def read_text(path: str) -> str:
    """Read a text file, UTF-8 with or without mark, else InputError."""
    try:
        return Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise InputError(f'{path} is no text in UTF-8 (byte {error.start}); '
                         'save it as UTF-8') from None


def check_download(path: str, name: str) -> bytes:
    """Refuse a file that is empty, a web page or a pointer of git-lfs.

    Returns the first 64 bytes. Raises an OSError if it cannot be read, else an
    InputError; ``name`` is what messages call it.
    """
    with open(path, 'rb') as file:
        start = file.read(64)
    if not start:
        raise InputError(f'{name} is empty: fetch it again')
    if start.removeprefix(b'\xef\xbb\xbf').lstrip().startswith(b'<'):
        raise InputError(
            f'{name} is a web page: open its address in a browser, which '
            'shows what the download asked for')
    if start.startswith(b'version https://git-lfs'):
        raise InputError(f'{name} is a pointer of git-lfs: fetch the file '
                         'itself with git lfs pull')
    return start


def check_writable(path: str) -> None:
    """Refuse a file that could not be written; its folder is made."""
    if os.path.isdir(path):
        raise InputError(f'{path} is a folder, not a file to write')
    if not os.path.basename(path):
        raise InputError(f'{str(path)!r} names no file to write')
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f'{path} cannot be written: {error.strerror}') from error


def write_text(path: str, text: str) -> None:
    """Write a text file in UTF-8, see :func:`write_bytes`."""
    write_bytes(path, text.encode('utf-8'))


def write_bytes(path: str, data: bytes) -> None:
    """Write a file in one step: an interruption leaves no half of it.

    Its folder is made if it is missing. What stands there is replaced; a link
    is not written through. Raises an OSError if it cannot be written.
    """
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    partial = f'{path}.partial'
    Path(partial).write_bytes(data)
    os.replace(partial, path)
