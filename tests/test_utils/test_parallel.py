# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import gc
import os

from projects.qanet.utils.parallel import map_in_order


class Session:
    """In a cycle, so that garbage collection finalizes it."""
    finalized_by = []

    def __init__(self):
        self.itself = self

    def __del__(self):
        self.finalized_by.append(os.getpid())


def collect(item):
    gc.collect()
    return item, os.getpid(), list(Session.finalized_by)


def test_processes_do_not_finalize_what_they_inherit():
    gc.disable()
    try:
        Session()
        results = list(map_in_order(collect, range(8), num_workers=2))
    finally:
        gc.enable()
    items, processes, finalized = zip(*results)
    assert items == tuple(range(8)) and os.getpid() not in processes
    assert not any(finalized)
    gc.collect()
    assert Session.finalized_by == [os.getpid()]
