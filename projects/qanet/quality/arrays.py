# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The same functions for numpy arrays and for tensors."""
import functools
import inspect
from typing import Any, Callable

import numpy as np
import torch


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


def accept_arrays(*names: str) -> Callable:
    """Let a function of tensors take numpy arrays as well.

    Args:
        *names (str): Its arguments that are tensors.

    Returns:
        Callable: A decorator. The function then answers arrays with arrays;
        both at once raise a TypeError.
    """

    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            kinds = [isinstance(given[name], np.ndarray) for name in names]
            if not any(kinds):
                return function(*args, **kwargs)
            if not all(kinds):
                raise TypeError(f'{function.__name__} takes tensors or numpy '
                                'arrays, not both at once')
            given.update({name: _to_tensor(given[name]) for name in names})
            return _to_array(function(**given))

        return wrapper

    return decorate
