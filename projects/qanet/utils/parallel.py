# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The same work on many items, in this process or in several."""
from concurrent.futures import ProcessPoolExecutor
from typing import Callable, Iterator, Optional, Sequence, TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar('Item')
Result = TypeVar('Result')


def map_in_order(function: Callable[[Item], Result],
                 items: Sequence[Item],
                 num_workers: int = 0,
                 title: Optional[str] = None) -> Iterator[Result]:
    """Apply a function to each item; yields the results in their order.

    With ``num_workers`` processes beside this one the function has to be
    picklable; each chunk of items carries a copy of it. With a ``title`` there
    is a progress bar on stderr.
    """
    items = list(items)
    if num_workers <= 0 or len(items) < 2:
        yield from _show(map(function, items), title, len(items))
        return
    # Few chunks, since a function may be large; more than one for each
    # process, so that all end at about the same time.
    chunk = -(-len(items) // (4 * num_workers))
    with ProcessPoolExecutor(num_workers) as pool:
        yield from _show(
            pool.map(function, items, chunksize=chunk), title, len(items))


def _show(results: Iterator[Result], title: Optional[str],
          total: int) -> Iterator[Result]:
    if title is None:
        return results
    return track(results, title, total, console=Console(stderr=True))
