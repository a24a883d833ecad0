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
        InputError: If there is no such device on this machine.
    """
    if device is None:
        return get_device()
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f'device {device!r} is not available here: '
                         f'{str(error).splitlines()[0]}') from error
    return str(device)


def count_processes() -> int:
    """How many processes a launcher has started for the same work.

    Returns:
        int: ``WORLD_SIZE``, which torchrun sets; 1 without it.
    """
    return int(os.environ.get('WORLD_SIZE', 1))
