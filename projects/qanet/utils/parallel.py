# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The same work on many items, in this process or in several."""
import contextlib
import gc
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
    with contextlib.ExitStack() as stack:
        results: Iterator[Result] = map(function, items)
        if num_workers > 0 and len(items) > 1:
            # What a process inherits it must not finalize: an ONNX session
            # would wait for ever for threads that only the parent has.
            pool = stack.enter_context(
                ProcessPoolExecutor(num_workers, initializer=gc.freeze))
            # Few chunks, since a function may be large; more than one for
            # each process, so that all end at about the same time.
            chunk = -(-len(items) // (4 * num_workers))
            results = pool.map(function, items, chunksize=chunk)
        if title is not None:
            results = track(
                results, title, len(items), console=Console(stderr=True))
        yield from results
