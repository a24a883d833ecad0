# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Names of output files that no two inputs share."""
import itertools
import os.path as osp
from typing import Dict, Hashable


def unique_name(name: str, owner: Hashable, taken: Dict[str, Hashable]) -> str:
    """``a.png``, or the first of ``a_2.png``, ``a_3.png``, ... that is free.

    An owner who asks again gets the same. ``taken`` has the owner of each name
    given away, in lower case, and takes the new one.
    """
    stem, ending = osp.splitext(name)
    for count in itertools.count(2):
        if taken.setdefault(name.casefold(), owner) == owner:
            return name
        name = f'{stem}_{count}{ending}'
