# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How long things take."""
import time
from collections import defaultdict
from typing import Any, Callable, Dict, List


class Stopwatch:
    """Notes the ``seconds`` that each call takes, by name."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.seconds: Dict[str, List[float]] = defaultdict(list)

    def run(self, name: str, function: Callable, *args: Any,
            **kwargs: Any) -> Any:
        """Return what a function returns; note its time under a name."""
        start = self._clock()
        value = function(*args, **kwargs)
        self.seconds[name].append(self._clock() - start)
        return value
