# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Photos from files."""
from contextlib import suppress

import cv2
import numpy as np

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.jpeg import is_cut_jpeg


def read_photo(path: str) -> np.ndarray:
    """A picture, BGR, (H, W, 3) uint8, turned as its EXIF says.

    Raises an InputError if it cannot be read, or not wholly.
    """
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except OSError as error:
        raise InputError(f'{path} cannot be read: {error}') from error
    image = None
    if content and not is_cut_jpeg(content):
        with suppress(cv2.error):
            image = cv2.imdecode(
                np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f'{path} is no image that can be read; it may be '
                         'cut off')
    return image
