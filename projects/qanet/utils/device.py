# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Where a model runs."""
import os
from typing import Optional

import torch
from mmengine.device import get_device

from .errors import InputError


def choose_device(device: Optional[str] = None) -> str:
    """Check a device, or choose one.

    Args:
        device (str, optional): 'cpu', 'cuda', 'cuda:1' and the like. None is
            this machine's accelerator, or 'cpu' where it has none.

    Returns:
        str: The device.

    Raises:
        InputError: If there is no such device on this machine; the message
            lists those there are.
    """
    if device is None:
        return get_device()
    try:
        # A meta device takes every tensor and computes nothing.
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, TypeError) as error:
        known = list(dict.fromkeys(('cpu', get_device())))
        known += [f'cuda:{k}' for k in range(torch.cuda.device_count())]
        raise InputError(f'device {device!r} is not available here, allowed '
                         f'are {", ".join(known)}: '
                         f'{str(error).splitlines()[0]}') from error
    return str(torch.device(device))


def count_processes() -> int:
    """How many processes a launcher has started for the same work.

    Returns:
        int: ``WORLD_SIZE``, which torchrun sets; 1 without it.
    """
    return int(os.environ.get('WORLD_SIZE', 1))
