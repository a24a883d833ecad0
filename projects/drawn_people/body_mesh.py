# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The drawn body at rest as a mesh, and ways along its surface in metres.

No body but that of the drawn people goes into it: it measures how far apart
two of their points are, for the evaluation of dense poses, in the files that
DensePose has for its own body.
"""
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Dict, List, Tuple, Union

import numpy as np
from scipy.io import savemat
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import cdist

from projects.qanet.utils.files import write_bytes
from .body import SIDES, Build, Pose, solve
from .body_surface import CHARTS, symmetry_tables
from .labels import Limb
from .tubes import tubes_of

#: A head in metres.
HEAD = .23
#: A grown-up, and how it rests: arms and legs apart.
BUILD = Build(False, .67, .65, .535, .64, 1.08, 1., 1.2)
POSE = Pose(0., 0., 0., 0., 0., np.array([[.8, 0.]] * 2),
            np.array([[.8, 0.]] * 2), np.array([[.15, 0.]] * 2), np.zeros(2))
#: Cells around half a limb; along one, and along a hand or foot.
_AROUND = 6
_ALONG = {Limb.TRUNK: 12, Limb.HEAD: 9, Limb.LEFT_ARM: 6, Limb.LEFT_LEG: 8}
_ALONG_END = 4
#: Where limbs grow together: limb and position, and the limb to join.
_JOINTS = ((Limb.TRUNK, 1.1, Limb.HEAD), (Limb.LEFT_ARM, 0., Limb.TRUNK),
           (Limb.RIGHT_ARM, 0., Limb.TRUNK), (Limb.LEFT_LEG, 0., Limb.TRUNK),
           (Limb.RIGHT_LEG, 0., Limb.TRUNK))
#: They join what is no further than so many times the nearest.
_NEAR = 1.25


@dataclass(frozen=True)
class Mesh:
    """N nodes of the charts on M vertices, which charts share at seams."""
    uv: np.ndarray  # (N, 2) U, V in [0, 1]
    patch: np.ndarray  # (N, ) 1 to 24
    vertex: np.ndarray  # (N, ) from 0
    points: np.ndarray  # (M, 3) metres
    edges: np.ndarray  # (E, 2) vertices

    def distances(self) -> np.ndarray:
        """Lengths of the shortest ways along edges, (M, M), metres."""
        first, second = self.edges.T
        steps = np.linalg.norm(
            self.points[first] - self.points[second], axis=1)
        graph = coo_matrix((steps, (first, second)), (len(self.points), ) * 2)
        return shortest_path(graph.tocsr(), directed=False)


def body_mesh() -> Mesh:
    """The mesh of the body, one connected piece."""
    nodes: Dict[Tuple, int] = {}  # limb, position, azimuth -> vertex
    uv, patches, vertices, edges = [], [], [], []
    for chart in CHARTS:
        halves = round(chart.span / np.pi)
        rows = _ALONG[chart.limb] if halves == 1 else _ALONG_END
        v, u = np.meshgrid(
            np.linspace(0, 1, rows + 1),
            np.linspace(0, 1, halves * _AROUND + 1),
            indexing='ij')
        along, outwards = chart.point(u, v)
        for i, patch in enumerate(chart.patches):
            limb = chart.limb + (i if chart.limb != Limb.HEAD else 0)
            steps = np.rint(outwards * SIDES[i] * _AROUND / np.pi).astype(int)
            steps %= 2 * _AROUND
            grid = np.array([
                nodes.setdefault((limb, round(at, 6), step), len(nodes))
                for at, step in zip(along.flat, steps.flat)
            ]).reshape(u.shape)
            uv.append(np.stack([u.ravel(), v.ravel()], axis=1))
            patches.append(np.full(u.size, patch))
            vertices.append(grid.ravel())
            edges += _edges(grid)
    points = _place(list(nodes))
    edges += _joints(list(nodes), points)
    edges = np.unique(np.sort(np.concatenate(edges), axis=1), axis=0)
    return Mesh(
        np.concatenate(uv), np.concatenate(patches), np.concatenate(vertices),
        points, edges)


def _edges(grid: np.ndarray) -> List[np.ndarray]:
    """Sides and diagonals of the cells of a grid of vertices, (E, 2) each."""
    pairs = ((grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1]),
             (grid[1:, 1:], grid[:-1, :-1]), (grid[1:, :-1], grid[:-1, 1:]))
    return [np.stack([a.ravel(), b.ravel()], axis=1) for a, b in pairs]


def _place(nodes: List[Tuple]) -> np.ndarray:
    """Vertices of the body at rest, (M, 3), metres."""
    tubes, keys = tubes_of(BUILD, solve(BUILD, POSE, 0.)), np.array(nodes)
    points = np.zeros((len(keys), 3))
    for limb, tube in tubes.items():
        own = keys[:, 0] == limb
        _, along, steps = keys[own].T
        points[own] = tube.place(along, steps * np.pi / _AROUND)
    return points * HEAD


def _joints(nodes: List[Tuple], points: np.ndarray) -> List[np.ndarray]:
    """Edges, (E, 2) each, from the rings at joints to what they join."""
    keys, edges = np.array(nodes), []
    for limb, at, other in _JOINTS:
        ring = np.flatnonzero((keys[:, 0] == limb) & (keys[:, 1] == at))
        target = np.flatnonzero(keys[:, 0] == other)
        gaps = cdist(points[ring], points[target])
        # A limit instead of a number: ties are the same on both sides.
        a, b = np.nonzero(gaps <= _NEAR * gaps.min(axis=1, keepdims=True))
        edges.append(np.stack([ring[a], target[b]], axis=1))
    return edges


def write_surface(folder: Union[str, Path]) -> None:
    """Write the files with which DensePose evaluates and mirrors.

    In ``folder``, which is made if it is missing:

    - ``SMPL_subdiv.mat``: U, V and patch of each node of the charts;
    - ``SMPL_SUBDIV_TRANSFORM.mat``: its vertex, from 1; nodes share some;
    - ``Pdist_matrix.npy``: distances of vertices in metres, float32; those of
      vertices i > j, from 0, at i (i - 1) / 2 + j;
    - ``UV_symmetry_transforms.mat``: see
      :func:`~.body_surface.symmetry_tables`.

    Raises an OSError if they cannot be written.
    """
    mesh, folder = body_mesh(), Path(folder)
    distances = mesh.distances()[np.tril_indices(len(mesh.points), -1)]
    data = BytesIO()
    np.save(data, distances.astype(np.float32))
    write_bytes(str(folder / 'Pdist_matrix.npy'), data.getvalue())
    _write_mat(
        folder / 'SMPL_subdiv.mat',
        U_subdiv=mesh.uv[:, :1],
        V_subdiv=mesh.uv[:, 1:],
        Part_ID_subdiv=mesh.patch[:, None].astype(np.uint8))
    _write_mat(
        folder / 'SMPL_SUBDIV_TRANSFORM.mat',
        index=mesh.vertex[:, None].astype(np.int32) + 1)
    cells = {}
    for name, tables in zip('UV', symmetry_tables()):
        cells[f'{name}_transforms'] = np.empty((1, len(tables)), object)
        for patch, table in enumerate(tables):
            cells[f'{name}_transforms'][0, patch] = table
    _write_mat(folder / 'UV_symmetry_transforms.mat', **cells)


def _write_mat(path: Path, **variables: np.ndarray) -> None:
    data = BytesIO()
    savemat(data, variables, do_compression=True)
    write_bytes(str(path), data.getvalue())
