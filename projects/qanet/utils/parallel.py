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
    """Apply a function to each item.

    Args:
        function (Callable): Takes one item. With processes it has to be
            picklable; each chunk of items carries a copy of it.
        items (Sequence): The items.
        num_workers (int): Processes that work beside this one. Defaults to
            0, all is done here.
        title (str, optional): What is being done, shown with a progress bar
            on stderr. Defaults to None, no progress bar.

    Yields:
        What the function returns, in the order of the items.
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
