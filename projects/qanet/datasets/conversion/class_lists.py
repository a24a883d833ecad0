# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Class lists of data sets that bring none of their own."""
import os.path as osp
from typing import List, Optional, Sequence, Tuple

from projects.qanet.ground_truth import IGNORE_LABEL
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import read_text, write_text
from projects.qanet.utils.json_values import is_whole

_BACKGROUND_NAMES = ('background', '_background_', '__background__')
_IGNORE_NAMES = ('ignore', '__ignore__')


def special_label(name: str) -> Optional[int]:
    """The label of a name that is no class of its own.

    Args:
        name (str): Name of a class or a shape.

    Returns:
        int | None: 0 for background, 255 for what is left out of training
        and evaluation, None for all other names.
    """
    if name.lower() in _BACKGROUND_NAMES:
        return 0
    return IGNORE_LABEL if name.lower() in _IGNORE_NAMES else None


def check_num_classes(num_classes: int) -> None:
    """Refuse a number of classes that 8-bit label maps cannot hold.

    Args:
        num_classes (int): Number of classes, background included.

    Raises:
        InputError: If it is not 2..255; the value 255 is ignored.
    """
    if not is_whole(num_classes, 2, IGNORE_LABEL):
        raise InputError(f'num_classes is {num_classes}, allowed are 2 to '
                         f'{IGNORE_LABEL}, background included')


def with_background(names: Sequence[str]) -> Tuple[str, ...]:
    """Put the background first.

    Args:
        names (Sequence[str]): Names of classes, with or without background
            and names of what is to be ignored.

    Returns:
        tuple[str, ...]: 'Background', then the others in their order, without
        those to be ignored.

    Raises:
        InputError: If a name is there twice, no class is left or there are
            too many.
    """
    parts = [name for name in names if special_label(name) is None]
    if not parts:
        raise InputError('there is no class besides the background')
    repeated = sorted({name for name in parts if parts.count(name) > 1})
    if repeated:
        raise InputError(
            f'the classes {", ".join(repeated)} stand there twice')
    check_num_classes(len(parts) + 1)
    return ('Background', *parts)


def read_classes(path: str) -> Tuple[str, ...]:
    """Read a list of classes.

    Args:
        path (str): Text file in UTF-8, one name per line; empty lines are
            skipped.

    Returns:
        tuple[str, ...]: See :func:`with_background`.

    Raises:
        InputError: If the file is missing, lists no class or one twice.
    """
    if not osp.isfile(path):
        raise InputError(f'list of classes {path} does not exist')
    lines = [' '.join(line.split()) for line in read_text(path).splitlines()]
    names = [line for line in lines if line]
    try:
        return with_background(names)
    except InputError as error:
        raise InputError(f'{path}: {error}') from None


def write_classes(path: str, classes: Sequence[str]) -> None:
    """Write a list of classes, one name per line.

    Args:
        path (str): Text file to write.
        classes (Sequence[str]): Names.
    """
    write_text(path, ''.join(f'{name}\n' for name in classes))


def suggest_flip_pairs(classes: Sequence[str]) -> List[Tuple[int, int]]:
    """Pair classes whose names differ in left and right only.

    A suggestion to be checked: names like 'l_arm' are not recognised.

    Args:
        classes (Sequence[str]): Names, background first.

    Returns:
        list[tuple[int, int]]: (left, right) class indices.
    """
    index = {name.lower(): label for label, name in enumerate(classes)}
    pairs = []
    for name, label in index.items():
        partner = index.get(name.replace('left', 'right'))
        if 'left' in name and partner is not None:
            pairs.append((label, partner))
    return pairs
