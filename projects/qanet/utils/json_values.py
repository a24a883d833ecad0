# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Json files and what stands in them."""
import json
import math
import sys
from pathlib import Path
from typing import Any, Callable, Optional

from .errors import InputError
from .files import write_text

#: Gets a file's content, from the local disk or from elsewhere.
ByteReader = Callable[[str], bytes]


def read_bytes(path: str) -> bytes:
    """Read a file of the local disk."""
    return Path(path).read_bytes()


def is_whole(value: Any,
             low: float = -math.inf,
             high: float = math.inf) -> bool:
    """Whether it is a whole number in a range; True and 1.0 are none."""
    return (isinstance(value, int) and not isinstance(value, bool)
            and low <= value <= high)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a finite number; True and False are none."""
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and abs(value) <= sys.float_info.max)


def plain_number(value: Any) -> Any:
    """A scalar of numpy or torch as a number of Python; the rest as it is."""
    return value.item() if getattr(value, 'ndim', None) == 0 else value


def load_json(path: str, read: ByteReader = read_bytes) -> Any:
    """Read a json file; raises FileNotFoundError or InputError."""
    try:
        data = read(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'annotation file {path} does not exist') from None
    except IsADirectoryError:
        raise FileNotFoundError(
            f'annotation file {path} is a folder') from None
    try:
        return json.loads(data)
    except ValueError as error:
        raise InputError(f'{path} is not valid json: {error}') from None


def write_json(path: str, document: Any, indent: Optional[int] = None) -> None:
    """Write a json file in one step; its folder is made if it is missing.

    The document may have numpy arrays; NaN becomes null. Raises an OSError if
    the file cannot be written, a ValueError if a number is infinite.
    """
    text = json.dumps(_to_plain(document), indent=indent, allow_nan=False)
    write_text(path, text + '\n')


def _to_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _to_plain(item) for key, item in value.items()}
    if hasattr(value, 'tolist'):  # of numpy
        return _to_plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_to_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
