# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pickle
import tracemalloc

import numpy as np
import pytest
from scipy.io import savemat

from projects.qanet.densepose.evaluation import Surface
from projects.qanet.utils.errors import InputError
from .conftest import condense, write_charts


def naive_closest(mesh, patch, u, v):
    best, found = np.inf, -1
    for k in range(len(mesh.u)):
        if mesh.patches[k] == patch:
            distance = np.hypot(mesh.u[k] - u, mesh.v[k] - v)
            if distance < best:
                best, found = distance, mesh.vertices[k]
    return found


def test_closest_vertices(mesh, eval_data):
    surface = Surface.load(eval_data)
    rng = np.random.default_rng(0)
    patches = rng.integers(0, 25, 60)
    u, v = rng.random((2, 60))
    expected = [naive_closest(mesh, *point) for point in zip(patches, u, v)]
    found = surface.closest_vertices(patches, u, v)
    np.testing.assert_array_equal(found, expected)
    assert (found[patches == 0] == -1).all()
    # More points than are compared at once.
    many = surface.closest_vertices(*(np.tile(a, 200)
                                      for a in (patches, u, v)))
    np.testing.assert_array_equal(many, np.tile(expected, 200))
    # Both sides of a seam are the same vertex.
    np.testing.assert_array_equal(
        surface.closest_vertices(*np.array([[4, 5], [1, 0], [.5, .5]])),
        [naive_closest(mesh, 4, 1, .5)] * 2)


def test_equally_near_vertices():
    """Of four corners the first, which is the last of the mesh."""
    u, v = np.tile([[0, 0, 1, 1], [0, 1, 0, 1]], 24)
    vertices = np.tile([3, 1, 2, 0], 24)
    surface = Surface(u, v, np.repeat(np.arange(1, 25), 4), vertices,
                      np.ones(6))
    found = surface.closest_vertices(
        np.full(4, 9), np.array([.5, .5, .5, 1]), np.array([.5, 0, 1, .5]))
    assert found.tolist() == [3, 3, 1, 2]


def test_distances(mesh, eval_data):
    surface = Surface.load(eval_data)
    first, second = np.random.default_rng(1).integers(-1, 1015, (2, 500))
    second[:50], second[50:60] = first[:50], -1
    expected = [
        np.inf if min(i, j) < 0 else mesh.distances[i, j]
        for i, j in zip(first, second)
    ]
    found = surface.distances(first, second)
    assert found.dtype == np.float64 and np.isinf(found).any()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize('kind', ['row', 'pkl', 'mat', 'hdf5'])
def test_kinds_of_files(mesh, tmp_path, kind):
    values = condense(mesh.distances)
    write_charts(tmp_path, mesh)
    if kind == 'row':
        np.save(tmp_path / 'Pdist_matrix.npy', values[None])
    elif kind == 'pkl':
        with open(tmp_path / 'Pdist_matrix.pkl', 'wb') as file:
            pickle.dump(dict(Pdist_matrix=values[:, None]), file, 2)
    elif kind == 'mat':
        savemat(tmp_path / 'Pdist_matrix.mat',
                dict(Pdist_matrix=values[:, None]))
    else:
        h5py = pytest.importorskip('h5py')
        with h5py.File(tmp_path / 'Pdist_matrix.mat', 'w') as file:
            file['Pdist_matrix'] = values[None]
    pairs = np.random.default_rng(2).integers(0, 1015, (2, 100))
    np.testing.assert_array_equal(
        Surface.load(str(tmp_path)).distances(*pairs), mesh.distances[*pairs])


def test_what_is_not_asked_for_is_not_read(tmp_path):
    """18 million distances, of which three are read."""
    number = 6000
    path = tmp_path / 'Pdist_matrix.npy'
    values = np.lib.format.open_memmap(path, 'w+', np.float32,
                                       (number * (number - 1) // 2, ))
    values[[0, 5999 * 5998 // 2 + 7, -1]] = 1.5, 2.5, 3.5
    del values  # is written now
    patches = np.arange(number) % 24 + 1
    savemat(
        tmp_path / 'SMPL_subdiv.mat',
        dict(
            U_subdiv=patches / 25,
            V_subdiv=patches / 25,
            Part_ID_subdiv=patches))
    savemat(tmp_path / 'SMPL_SUBDIV_TRANSFORM.mat',
            dict(index=np.arange(number) + 1))
    tracemalloc.start()
    try:
        found = Surface.load(str(tmp_path)).distances(
            np.array([0, 7, 5999]), np.array([1, 5999, 5998]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, [1.5, 2.5, 3.5])
    assert peak < 5e6


def test_charts_of_one_vertex():
    """Seams without end: all patches have the same two vertices, but one."""
    patches = np.repeat(np.arange(1, 25), 2)[1:]
    u = np.where(np.arange(47) % 2, 1., 0.)
    surface = Surface(u, u, patches,
                      np.arange(47) % 2, np.array([.25], np.float32))
    one = np.ones(1)
    assert surface.closest_vertices(one, 0 * one, one * .9) == 0
    assert surface.distances(np.array([1]), np.array([0])) == .25
    with pytest.raises(InputError, match='2 distances, but a mesh of 2 ver'):
        Surface(u, u, patches, np.arange(47) % 2, np.zeros(2))


@pytest.mark.parametrize('name, change, message', [
    ('SMPL_subdiv.mat', None, 'has no SMPL_subdiv.mat; it must be the folder'),
    ('Pdist_matrix.npy', None, 'no Pdist_matrix.npy or Pdist_matrix.pkl or'),
    ('SMPL_subdiv.mat', dict(U_subdiv=[1.]), "no variable 'V_subdiv'"),
    ('SMPL_subdiv.mat', dict(V_subdiv=np.ones(3)), r'SMPL_subdiv.mat has 1176 '
     'numbers in U_subdiv, 3 in V_subdiv and 1176 in Part_ID_subdiv'),
    ('SMPL_subdiv.mat', dict(U_subdiv=np.full(1176, np.nan)),
     'U_subdiv must be a row or column of finite'),
    ('SMPL_subdiv.mat', dict(U_subdiv='text'), 'U_subdiv must be a row'),
    ('SMPL_subdiv.mat', dict(Part_ID_subdiv=np.arange(1176) % 25),
     r'has the patch 0 in Part_ID_subdiv, expected all of 1\.\.24'),
    ('SMPL_subdiv.mat', dict(Part_ID_subdiv=np.arange(1176) % 23 + 1),
     'has no vertex of patch 24 in'),
    ('SMPL_SUBDIV_TRANSFORM.mat', dict(other=1), "no variable 'index'"),
    ('SMPL_SUBDIV_TRANSFORM.mat', dict(index=np.arange(1176)),
     'TRANSFORM.mat has a number in index that is not whole or below 1'),
    ('SMPL_SUBDIV_TRANSFORM.mat', dict(index=np.arange(1, 9)),
     '8 numbers in index, but .*SMPL_subdiv.mat has 1176'),
    ('Pdist_matrix.npy', np.zeros(514604, np.float32), 'Pdist_matrix.npy has '
     '514604 distances, but a mesh of 1015 vertices has 514605'),
    ('Pdist_matrix.npy', np.zeros((2, 2)), r'of the shape \(2, 2\), expected'),
    ('Pdist_matrix.npy', np.zeros(514605, int), 'of the type int64, allowed'),
    ('Pdist_matrix.npy', np.array([None]), 'no .npy file of numbers'),
    ('Pdist_matrix.npy', b'\x93NUMPY', 'no .npy file of numbers'),
    ('Pdist_matrix.npy', b'', 'Pdist_matrix.npy is empty'),
    ('Pdist_matrix.npy', b'PK\x05\x06'.ljust(22, b'\0'), 'is an archive'),
    ('SMPL_subdiv.mat', b'<html>', 'is a web page'),
    ('SMPL_subdiv.mat', b'x' * 999, 'SMPL_subdiv.mat is no readable .mat'),
])
def test_wrong_files(mesh, tmp_path, name, change, message):
    write_charts(tmp_path, mesh)
    np.save(tmp_path / 'Pdist_matrix.npy', condense(mesh.distances))
    path = tmp_path / name
    if change is None:
        path.unlink()
    elif isinstance(change, bytes):
        path.write_bytes(change)
    elif isinstance(change, dict):
        full = dict(
            U_subdiv=mesh.u, V_subdiv=mesh.v, Part_ID_subdiv=mesh.patches)
        keeps = name == 'SMPL_subdiv.mat' and len(
            change.get('U_subdiv', 'some')) != 1
        savemat(path, {**full, **change} if keeps else change)
    else:
        np.save(path, change)
    with pytest.raises(InputError, match=message):
        Surface.load(str(tmp_path))


def test_what_is_no_distance(mesh):
    values = condense(mesh.distances).copy()
    values[0] = np.nan
    surface = Surface(mesh.u, mesh.v, mesh.patches, mesh.vertices, values, 'x')
    assert surface.distances(np.array([2]), np.array([3])) > 0
    with pytest.raises(InputError, match='x has a distance that is negative'):
        surface.distances(np.array([0]), np.array([1]))
