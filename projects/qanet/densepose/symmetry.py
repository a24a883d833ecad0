# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""U and V in a mirrored picture, which no formula tells."""
import zlib
from functools import lru_cache
from typing import Dict, Tuple
from zipfile import BadZipFile

import numpy as np
import torch
import torch.nn.functional as F
from scipy.io import loadmat
from scipy.io.matlab import MatReadError
from torch import Tensor

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import has_ending
from projects.qanet.utils.flips import flip_permutation
from .labels import NUM_PATCHES, PATCH_FLIP_PAIRS

#: Variables of the file: new U, new V.
_NAMES = ('U_transforms', 'V_transforms')
_SHAPE = (2, NUM_PATCHES - 1, 256, 256)
_SOURCE = ('UV_symmetry_transforms.mat is part of https://dl.fbaipublicfiles.'
           'com/densepose/densepose_uv_data.tar.gz')
_READ_ERRORS = (BadZipFile, EOFError, KeyError, MatReadError,
                NotImplementedError, OSError, TypeError, ValueError,
                zlib.error)


@lru_cache(maxsize=None)
def read_tables(path: str) -> np.ndarray:
    """The tables of :class:`UVSymmetry`, read once; raises what it does."""
    try:
        if has_ending(path, ('.npy', )):
            tables = np.load(path)
        elif has_ending(path, ('.npz', )):
            with np.load(path) as content:
                tables = np.stack([content[name] for name in _NAMES])
        else:
            content = loadmat(path, variable_names=_NAMES)
            # Matlab's cells, each with a table.
            tables = np.stack(
                [np.stack(content[name].ravel()) for name in _NAMES])
        tables = tables.astype(np.float32)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'symmetry file {path} does not exist; {_SOURCE}') from None
    except _READ_ERRORS as error:
        raise InputError(
            f'{path} has no readable {" and ".join(_NAMES)} '
            f'({type(error).__name__}: {error}); {_SOURCE}') from error
    if tables.shape != _SHAPE:
        raise InputError(f'{path} has tables of shape {tables.shape}, expected'
                         f' {_SHAPE}; {_SOURCE}')
    # Tables are written with rounded numbers.
    if not (tables.min() > -.001 and tables.max() < 1.001):
        raise InputError(f'{path} has values from {tables.min()} to '
                         f'{tables.max()}, expected 0 to 1; {_SOURCE}')
    tables = tables.clip(0, 1)
    tables.setflags(write=False)
    return tables


class UVSymmetry:
    """U and V on the other side of the body, from DensePose's tables.

    Of a point (patch, U, V) the new U and V stand in row ``int(255 V)`` and
    column ``int(255 U)`` of its patch's two tables; only then does the patch
    change sides. They change in all patches, those of the torso too.

    ``path`` is ``UV_symmetry_transforms.mat``, or an ``.npz`` whose
    ``U_transforms`` and ``V_transforms`` are (24, 256, 256), or an ``.npy`` of
    (2, 24, 256, 256). A file is read once in a process.

    Raises a FileNotFoundError or an InputError, if it is something else; both
    say where to get the file.
    """

    def __init__(self, path: str) -> None:
        self._tables = read_tables(path)
        self._order = np.array(flip_permutation(NUM_PATCHES, PATCH_FLIP_PAIRS))
        self._on_device: Dict[torch.device, Tuple[Tensor, ...]] = {}

    def points(self, patches: np.ndarray,
               uv: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """What points are called in a mirrored picture.

        Patches (P,) are 1..24, ``uv`` (P, 2) in [0, 1]. Gives new ones, int64
        and float64.
        """
        columns, rows = (255 * uv).astype(np.int64).T
        found = self._tables[:, patches - 1, rows, columns].T
        return self._order[patches], found.astype(np.float64)

    def maps(self, u: Tensor, v: Tensor) -> Tuple[Tensor, Tensor]:
        """What maps of U and V are in a mirrored picture, before mirroring.

        Both are (..., 25, h, w), channels by patch, on any device. They are
        cut to [0, 1] and looked up, in steps of 1 / 255, left and right
        patches are exchanged, and the background becomes 0.
        """
        if u.device not in self._on_device:
            self._on_device[u.device] = (torch.tensor(
                self._tables,
                device=u.device), torch.tensor(self._order, device=u.device))
        tables, order = self._on_device[u.device]
        columns, rows = ((255 * one[..., 1:, :, :].float().clamp(0, 1)).long()
                         for one in (u, v))
        patches = torch.arange(len(order) - 1, device=u.device)[:, None, None]
        found = tables[:, patches, rows, columns].to(u.dtype)
        found = F.pad(found, (0, 0, 0, 0, 1, 0))
        new_u, new_v = found[..., order, :, :]
        return new_u, new_v
