# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Distances on the body's surface: read from what there is, in pieces.

They are a row of one number, in metres, for each two vertices of the mesh.
"""
import os
from contextlib import contextmanager
from typing import Iterator, NamedTuple

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_download, check_writable
from projects.qanet.utils.optional import import_optional
from .pickled_array import find_array

#: Name of the files, and of the variable in them.
KEY = 'Pdist_matrix'
TOOL = 'tools/dataset_converters/densepose_pdist.py'
_CHUNK = 2**24  # bytes
# Where the HDF5 part of a file may begin; MATLAB's header has 512 bytes.
_HDF5, _HDF5_STARTS = b'\x89HDF\r\n\x1a\n', (0, 512, 1024, 2048)
MAT_ERRORS = (MatReadError, NotImplementedError, ValueError, TypeError,
              KeyError, OSError)


class Distances(NamedTuple):
    """A row of distances that is read piece by piece."""
    dtype: np.dtype
    count: int
    chunks: Iterator[np.ndarray]  # (n,) each, once


class DistanceFile:
    """Distances in a ``.npy`` file, of which those asked for are read.

    One by one: of a mapped file, whole stretches around each would be mapped,
    1 GB after a thousand of them.
    """

    def __init__(self, path: str) -> None:
        mapped = map_distances(path)
        self._path = path
        self._length = len(mapped)
        self._dtype, self._start = mapped.dtype, mapped.offset

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, places: np.ndarray) -> np.ndarray:
        """Distances at places (P,) int64, (P,)."""
        places, inverse = np.unique(places, return_inverse=True)
        size, found = self._dtype.itemsize, []
        with open(self._path, 'rb', buffering=0) as file:
            for place in (self._start + size * places).tolist():
                file.seek(place)
                found.append(file.read(size))
        return np.frombuffer(b''.join(found), self._dtype)[inverse]


@contextmanager
def open_distances(path: str) -> Iterator[Distances]:
    """Open distances in a ``.npy``, ``.mat`` or ``.pkl`` file.

    A ``.mat`` is HDF5 (MATLAB 7.3), which needs h5py, or of version 5, which
    is read whole; nothing but an array is read from a pickle. Raises an
    OSError, or an InputError that names the file.
    """
    ending = os.path.splitext(path)[1].lower()
    if ending not in ('.npy', '.mat', '.pkl'):
        raise InputError(f'{path} must end in .npy, .mat or .pkl')
    check_download(path, path)
    if ending == '.pkl':
        found = find_array(path, KEY)
        yield Distances(found.dtype, found.count, found.chunks(_CHUNK))
    elif ending == '.npy':
        yield _split(map_distances(path), path)
    elif _is_hdf5(path):
        library = import_optional(
            'h5py', f'{path} is an HDF5 file; reading it, or converting it '
            f'once with {TOOL},')
        try:
            file = library.File(path, 'r')
        except OSError as error:
            raise InputError(
                f'{path} is no whole HDF5 file: {error}') from error
        with file:
            if KEY not in file:
                raise InputError(f'{path} has no {KEY!r}, only '
                                 f'{", ".join(map(repr, file))}')
            yield _split(file[KEY], path)
    else:
        yield _split(read_mat(path, KEY), path)


def read_mat(path: str, key: str) -> np.ndarray:
    """Read one variable of a ``.mat`` file of version 5."""
    check_download(path, path)
    try:
        content = loadmat(path, variable_names=[key])
    except MAT_ERRORS as error:
        raise InputError(f'{path} is no readable .mat file '
                         f'({type(error).__name__}: {error})') from error
    if key not in content:
        raise InputError(f'{path} has no variable {key!r}')
    return content[key]


def map_distances(path: str) -> np.ndarray:
    """Map a ``.npy`` file, (M,) float32 or float64; nothing is read yet."""
    check_download(path, path)
    try:
        array = np.load(path, mmap_mode='r', allow_pickle=False)
    except (EOFError, ValueError) as error:
        raise InputError(f'{path} is no .npy file of numbers: '
                         f'{error}') from None
    if not isinstance(array, np.ndarray):
        raise InputError(f'{path} is an archive, not a .npy file')
    _check(array, path)
    return array.reshape(-1)


def convert_distances(source: str, out: str) -> int:
    """Write distances as a ``.npy`` file, in one step; says how many.

    Holds a few pieces of 16 MB, but for a ``.mat`` of version 5. Raises an
    OSError, or an InputError as :func:`open_distances` does.
    """
    if os.path.splitext(out)[1].lower() != '.npy':
        raise InputError(f'{out} must end in .npy')
    check_writable(out)
    partial = f'{out}.partial'
    try:
        with open_distances(source) as found, open(partial, 'wb') as file:
            dtype = found.dtype.newbyteorder('<')
            header = np.lib.format.header_data_from_array_1_0(
                np.empty(0, dtype))
            np.lib.format.write_array_header_1_0(
                file, dict(header, shape=(found.count, )))
            for chunk in found.chunks:
                file.write(chunk.astype(dtype, copy=False).data)
        os.replace(partial, out)
    finally:
        if os.path.exists(partial):
            os.remove(partial)
    return found.count


def _is_hdf5(path: str) -> bool:
    with open(path, 'rb') as file:
        starts = []
        for start in _HDF5_STARTS:
            file.seek(start)
            starts.append(file.read(len(_HDF5)))
    return _HDF5 in starts


def _check(array: np.ndarray, path: str) -> None:
    """Refuse what is no row or column of numbers; also of h5py."""
    if array.dtype.kind != 'f' or array.dtype.itemsize not in (4, 8):
        raise InputError(f'{path} has numbers of the type {array.dtype}, '
                         'allowed are float32 and float64')
    if max(array.shape, default=0) != array.size:
        raise InputError(f'{path} has an array of the shape {array.shape}, '
                         'expected one row or column')


def _split(array: np.ndarray, path: str) -> Distances:
    """A row or column, of numpy or h5py, in pieces."""
    _check(array, path)
    step = _CHUNK // array.dtype.itemsize
    long = int(np.argmax(array.shape))

    def chunks() -> Iterator[np.ndarray]:
        for start in range(0, array.size, step):
            place = [slice(None)] * len(array.shape)
            place[long] = slice(start, start + step)
            yield np.asarray(array[tuple(place)]).reshape(-1)

    return Distances(array.dtype, array.size, chunks())
