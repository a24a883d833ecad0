# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Left and right in a mirrored picture."""
from typing import List, Sequence, Tuple

from .errors import InputError


def flip_permutation(num_classes: int,
                     flip_pairs: Sequence[Tuple[int, int]]) -> List[int]:
    """Order of C channels after mirroring: entry k becomes channel k."""
    order = list(range(num_classes))
    for left, right in flip_pairs:
        if not (0 <= left < num_classes and 0 <= right < num_classes):
            raise InputError(f'flip pair ({left}, {right}) names a class '
                             f'outside 0..{num_classes - 1}')
        order[left], order[right] = right, left
    return order
