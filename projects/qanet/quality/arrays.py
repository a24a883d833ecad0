# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The same functions for numpy arrays and for tensors."""
import functools
from typing import Any, Callable

import numpy as np
import torch
from torch import Tensor


def _to_tensor(value: Any) -> Any:
    """A tensor of an array's data, which may be a view or read-only."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.require(value, requirements=['C', 'W']))
    return value


def _to_array(value: Any) -> Any:
    """Arrays of a tensor, or of a tuple of them."""
    if isinstance(value, tuple):
        return tuple(_to_array(item) for item in value)
    return value.numpy()


def accept_arrays(function: Callable) -> Callable:
    """Let a function of tensors take numpy arrays as well.

    Args:
        function (Callable): Takes tensors, and returns one or a tuple of
            them.

    Returns:
        Callable: The same, which answers arrays with arrays. Both at once
        raise a TypeError.
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        values = [*args, *kwargs.values()]
        if not any(isinstance(value, np.ndarray) for value in values):
            return function(*args, **kwargs)
        if any(isinstance(value, Tensor) for value in values):
            raise TypeError(f'{function.__name__} takes tensors or numpy '
                            'arrays, not both at once')
        args = [_to_tensor(value) for value in args]
        kwargs = {key: _to_tensor(value) for key, value in kwargs.items()}
        return _to_array(function(*args, **kwargs))

    return wrapper
