# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Where a model runs."""
import os
from typing import Optional

import torch
from mmengine.device import get_device

from .errors import InputError


def choose_device(device: Optional[str] = None) -> str:
    """Check a device (else InputError), or choose this machine's best."""
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
    """How many processes torchrun started for the same work; 1 without."""
    return int(os.environ.get('WORLD_SIZE', 1))
