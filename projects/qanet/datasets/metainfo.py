# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a parsing data set must say about itself, checked once."""
from typing import Any, Container, List, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import IGNORE_LABEL
from projects.qanet.utils.errors import InputError

#: PASCAL-Person-Part's released label -> official label: the official classes
#: in released order.
RELEASED_ORDER = (0, 4, 1, 5, 2, 6, 3)
LABEL_ORDERS = ('official', 'released')
_KEYS = ('classes', 'palette', 'flip_pairs')


def _are_whole(values: Any, count: int, low: int, high: int) -> bool:
    """Whether these are so many whole numbers of a range."""
    return (isinstance(values, (list, tuple)) and len(values) == count and all(
        isinstance(value, (int, np.integer)) and low <= value <= high
        for value in values))


def check_flip_pairs(flip_pairs: Sequence[Sequence[int]],
                     num_classes: int) -> List[Tuple[int, int]]:
    """The (left, right) class pairs that a mirrored image swaps, as integers.

    Raises an InputError if an entry is no pair of two different foreground
    classes (1 ... num_classes - 1), or a class stands in two pairs.
    """
    if not isinstance(flip_pairs, (list, tuple)):
        raise InputError(f'flip_pairs is {flip_pairs!r}, expected a list of '
                         '(left, right) class indices')
    pairs, seen = [], set()
    for pair in flip_pairs:
        if not _are_whole(pair, 2, 1, num_classes - 1) or pair[0] == pair[1]:
            raise InputError(
                f'flip_pairs: {pair!r} is not a pair of two different '
                f'foreground classes, allowed are 1 to {num_classes - 1}')
        if seen.intersection(pair):
            raise InputError(
                f'flip_pairs: a class of {pair!r} stands in two pairs')
        seen.update(pair)
        pairs.append((int(pair[0]), int(pair[1])))
    return pairs


def flip_lookup_table(flip_pairs: Sequence[Sequence[int]]) -> np.ndarray:
    """Table (256,), uint8, that swaps left and right: ``new = table[old]``."""
    table = np.arange(256, dtype=np.uint8)
    for left, right in flip_pairs:
        table[left], table[right] = right, left
    return table


def default_palette(num_classes: int) -> List[List[int]]:
    """The VOC colour map, one RGB colour (0 ... 255) for each class."""
    labels, channels = np.arange(num_classes)[:, None], np.arange(3)
    palette = np.zeros((num_classes, 3), int)
    for bit in range(8):
        palette |= (labels >> (3 * bit + channels) & 1) << (7 - bit)
    return palette.tolist()


def _check_palette(palette: Sequence[Sequence[int]],
                   num_classes: int) -> List[List[int]]:
    if hasattr(palette, 'tolist'):  # an array or a tensor
        palette = palette.tolist()
    if not isinstance(palette, (list, tuple)):
        raise InputError(f'metainfo: palette is {palette!r:.80}, expected a '
                         'list of RGB colours')
    if len(palette) != num_classes:
        raise InputError(f'metainfo: palette has {len(palette)} colours for '
                         f'{num_classes} classes')
    for color in palette:
        if not _are_whole(color, 3, 0, 255):
            raise InputError(f'metainfo: palette colour {color!r} is not '
                             'three whole numbers from 0 to 255')
    return [[int(value) for value in color] for color in palette]


def _plain(value: Any) -> Any:
    """A copy without the config's own kinds of dictionaries and lists."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return list(map(_plain, value)) if isinstance(value, list) else value


def check_keys(metainfo: dict, own: Container[str]) -> None:
    """Refuse a misspelt key, which would leave the data set's own value."""
    for key in metainfo:
        if key not in _KEYS and key not in own:
            raise InputError(f'metainfo has no key {key!r}, allowed are '
                             f'{", ".join(_KEYS)}')


def complete_metainfo(metainfo: dict) -> dict:
    """Check ``classes``, ``palette`` and ``flip_pairs`` and fill the gaps.

    ``classes`` are names, background first; ``palette`` (RGB per class) and
    ``flip_pairs`` may be missing; other keys pass. Gives a copy, of plain
    dictionaries and lists as it goes into checkpoints: a tuple of names, a
    list of RGB lists, a list of integer pairs. Raises an InputError if one of
    them is wrong, or there are left/right classes but no flip pairs.
    """
    metainfo = _plain(metainfo)
    classes = metainfo.get('classes')
    if (not isinstance(classes, (list, tuple)) or len(classes) < 2
            or not all(isinstance(name, str) for name in classes)):
        raise InputError(
            "metainfo: 'classes' must list at least two class names, the "
            f'background first, got {classes!r}')
    if len(set(classes)) != len(classes):
        raise InputError(f"metainfo: 'classes' has repeated names: {classes}")
    if len(classes) > IGNORE_LABEL:
        raise InputError(f'metainfo: {len(classes)} classes do not fit into '
                         f'8-bit label maps where {IGNORE_LABEL} is ignored')
    palette = metainfo.get('palette')
    if palette is None:
        palette = default_palette(len(classes))
    flip_pairs = metainfo.get('flip_pairs')
    if flip_pairs is None:
        # Mirrored training images with unswapped labels would silently teach
        # the network that left is right, so this is not guessed.
        sided = [
            name for name in classes
            if 'left' in name.lower() or 'right' in name.lower()
        ]
        if sided:
            raise InputError(
                "metainfo: 'flip_pairs' is missing though there are left/right"
                f' classes ({", ".join(sided)}); give their (left, right) '
                'index pairs, or [] if they must not be swapped')
        flip_pairs = []
    return dict(
        metainfo,
        classes=tuple(classes),
        palette=_check_palette(palette, len(classes)),
        flip_pairs=check_flip_pairs(flip_pairs, len(classes)))


def checkpoint_meta(checkpoint: dict) -> Optional[dict]:
    """What a checkpoint says of its data set, keys in lower case, or None."""
    meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
    return {key.lower(): value for key, value in meta.items()} or None
