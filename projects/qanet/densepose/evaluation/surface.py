# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The body's surface: which vertex a point is nearest to, and how far two are.
"""
import os
from typing import Union

import numpy as np
from scipy.spatial.distance import cdist

from projects.qanet.utils.errors import InputError
from ..labels import NUM_PATCHES
from .pdist import KEY, DistanceFile, open_distances, read_mat

_CHART, _TRANSFORM = 'SMPL_subdiv.mat', 'SMPL_SUBDIV_TRANSFORM.mat'
# The first stays on disk, the others are read into the memory.
_DISTANCES = tuple(f'{KEY}{ending}' for ending in ('.npy', '.pkl', '.mat'))
# Points that are compared with all vertices of their patch at once.
_CHUNK = 4096

Distances = Union[np.ndarray, DistanceFile]


class Surface:
    """A mesh with charts: each patch has vertices at coordinates U and V.

    Vertices of charts are on seams of patches the same vertices of the mesh.

    Args:
        u, v (np.ndarray): Coordinates of K vertices of charts, (K,).
        patches (np.ndarray): Patches that they are of, (K,), 1..24, each of
            which has one vertex at least.
        mesh_vertices (np.ndarray): Vertices of the mesh that they are, (K,),
            0..M - 1.
        distances (np.ndarray | DistanceFile): Distances in metres of each
            two vertices of the mesh, (M * (M - 1) / 2,): that of i > j is at
            i * (i - 1) / 2 + j.
        source (str): What messages call the distances.

    Raises:
        InputError: If the numbers do not fit together.
    """

    def __init__(self,
                 u: np.ndarray,
                 v: np.ndarray,
                 patches: np.ndarray,
                 mesh_vertices: np.ndarray,
                 distances: Distances,
                 source: str = 'distances') -> None:
        number = int(np.max(mesh_vertices)) + 1
        if len(distances) != number * (number - 1) // 2:
            raise InputError(
                f'{source} has {len(distances)} distances, but a mesh of '
                f'{number} vertices has {number * (number - 1) // 2}')
        self.source = source
        self._distances = distances
        self._charts = []
        points = np.stack([u, v], axis=1).astype(np.float64)
        for patch in range(1, NUM_PATCHES):
            own = np.flatnonzero(patches == patch)
            self._charts.append((points[own], mesh_vertices[own]))

    @classmethod
    def load(cls, folder: str) -> 'Surface':
        """Load the evaluation data of COCO DensePose.

        A folder with ``SMPL_subdiv.mat``, ``SMPL_SUBDIV_TRANSFORM.mat`` and
        ``Pdist_matrix.npy``, of which only the distances that are asked for
        are read, or ``Pdist_matrix.pkl`` or ``.mat``, which are read whole:
        ``tools/dataset_converters/densepose_pdist.py`` converts them.

        Raises an OSError, or an InputError that names the file.
        """
        chart = _find(folder, _CHART)
        u, v, patches = (
            _read(chart, name)
            for name in ('U_subdiv', 'V_subdiv', 'Part_ID_subdiv'))
        if not len(u) == len(v) == len(patches):
            raise InputError(
                f'{chart} has {len(u)} numbers in U_subdiv, {len(v)} in '
                f'V_subdiv and {len(patches)} in Part_ID_subdiv, expected as '
                'many in each')
        missing = np.setdiff1d(np.arange(1, NUM_PATCHES), patches)
        if len(missing) or not np.isin(patches, range(1, NUM_PATCHES)).all():
            wrong = np.setdiff1d(patches, np.arange(1, NUM_PATCHES))
            problem = (f'the patch {wrong[0]:g}'
                       if len(wrong) else f'no vertex of patch {missing[0]}')
            raise InputError(f'{chart} has {problem} in Part_ID_subdiv, '
                             f'expected all of 1..{NUM_PATCHES - 1}')
        transform = _find(folder, _TRANSFORM)
        index = _read(transform, 'index')
        if len(index) != len(u):
            raise InputError(f'{transform} has {len(index)} numbers in index, '
                             f'but {chart} has {len(u)} vertices')
        if index.min() < 1 or (index != np.floor(index)).any():
            raise InputError(f'{transform} has a number in index that is not '
                             'whole or below 1: vertices are counted from 1')
        path = _find(folder, *_DISTANCES)
        return cls(u, v, patches,
                   index.astype(np.int64) - 1, _load(path), path)

    def closest_vertices(self, patches: np.ndarray, u: np.ndarray,
                         v: np.ndarray) -> np.ndarray:
        """The mesh vertex nearest to each point in its patch's chart.

        Patches (P,) are 0..24, ``u`` and ``v`` (P,) in [0, 1]. Gives (P,)
        int64, -1 where the patch is 0; of equally near vertices the first.
        """
        found = np.full(len(patches), -1)
        points = np.stack([u, v], axis=1).astype(np.float64)
        for patch, (nodes, vertices) in enumerate(self._charts, 1):
            own = np.flatnonzero(patches == patch)
            for start in range(0, len(own), _CHUNK):
                some = own[start:start + _CHUNK]
                nearest = cdist(points[some], nodes).argmin(axis=1)
                found[some] = vertices[nearest]
        return found

    def distances(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Distances in metres of P pairs of mesh vertices, (P,) float64.

        Infinite where a vertex is -1. Raises an InputError if the file has
        something else than a distance there.
        """
        low, high = np.minimum(first, second), np.maximum(first, second)
        found = np.where(low < 0, np.inf, 0.)
        read = np.flatnonzero((low >= 0) & (low < high))
        low, high = low[read], high[read]
        found[read] = self._distances[high * (high - 1) // 2 + low]
        if not (found >= 0).all():
            raise InputError(f'{self.source} has a distance that is negative '
                             'or no number')
        return found


def _find(folder: str, *names: str) -> str:
    """The first of some files that is there."""
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    raise InputError(
        f'{folder} has no {" or ".join(names)}; it must be the folder of the '
        "evaluation data of COCO DensePose (densepose_eval_data.tar.gz)")


def _read(path: str, key: str) -> np.ndarray:
    """A variable as a row of finite numbers, float64."""
    values = read_mat(path, key)
    if (values.dtype.kind not in 'iuf' or values.size == 0
            or max(values.shape) != values.size
            or not np.isfinite(values).all()):
        raise InputError(f'{path}: {key} must be a row or column of finite '
                         f'numbers, got {values.dtype} of the shape '
                         f'{values.shape}')
    return values.reshape(-1).astype(np.float64)


def _load(path: str) -> Distances:
    """Distances, (M,): left in the file if it is a ``.npy``."""
    if path.endswith('.npy'):
        return DistanceFile(path)
    with open_distances(path) as found:
        values = np.empty(found.count, found.dtype)
        start = 0
        for chunk in found.chunks:
            values[start:start + len(chunk)] = chunk
            start += len(chunk)
    return values
