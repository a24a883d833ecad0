# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy.io import loadmat

from projects.drawn_people.body_mesh import body_mesh, write_surface
from projects.drawn_people.body_surface import symmetry_tables
from projects.qanet.densepose.labels import PATCH_FLIP_PAIRS


@pytest.fixture(scope='module')
def mesh():
    return body_mesh()


@pytest.fixture(scope='module')
def ways(mesh):
    return mesh.distances()


def nearest(mesh, patch, u, v):
    """Vertex of a patch's node that is closest to U, V."""
    own = np.flatnonzero(mesh.patch == patch)
    gaps = np.linalg.norm(mesh.uv[own] - [u, v], axis=1)
    return mesh.vertex[own[gaps.argmin()]]


def test_nodes_and_vertices(mesh):
    assert set(mesh.patch) == set(range(1, 25))
    assert mesh.uv.min() == 0 and mesh.uv.max() == 1
    assert 800 < len(mesh.points) < 1500 and len(mesh.uv) > len(mesh.points)
    assert np.array_equal(np.unique(mesh.vertex), np.arange(len(mesh.points)))
    for patch in range(1, 25):
        corners = [(u, v) for u in (0, 1) for v in (0, 1)]
        own = mesh.uv[mesh.patch == patch]
        assert len(np.unique(own, axis=0)) == len(own)
        assert set(corners) <= set(map(tuple, own))


def test_ways_are_a_metric(ways):
    assert np.isfinite(ways).all() and np.allclose(ways, ways.T)
    assert (ways.diagonal() == 0).all()
    assert ways[~np.eye(len(ways), dtype=bool)].min() > 0
    a, b, c = np.random.default_rng(0).integers(len(ways), size=(3, 5000))
    assert (ways[a, c] <= ways[a, b] + ways[b, c] + 1e-9).all()


@pytest.mark.parametrize(
    'one, other',
    [
        ((2, 1., .5), (1, 0., .5)),  # front and back of the trunk, both sides
        ((2, 0., .5), (1, 1., .5)),
        ((24, 0., .6), (23, 0., .6)),  # nose
        ((24, 1., .6), (23, 1., .6)),
        ((15, .5, 1.), (19, .5, 0.)),  # left elbow, outside and inside
        ((17, 1., 1.), (21, 1., 0.)),
        ((17, 0., .4), (15, 1., .4)),  # along the arm
        ((19, .5, 1.), (4, .25, 0.)),  # left wrist
        ((22, .5, 1.), (3, .75, 0.)),
        ((3, 0., .5), (3, 1., .5)),  # around a hand and a foot
        ((6, 0., .5), (6, 1., .5)),
        ((9, .5, 1.), (13, .5, 0.)),  # right knee
        ((7, 0., .3), (9, 1., .3)),
        ((12, .5, 1.), (5, 0., 0.)),  # left heel
    ])
def test_charts_share_their_seams(mesh, one, other):
    assert nearest(mesh, *one) == nearest(mesh, *other)


@pytest.mark.parametrize(
    'one, other, low, high',
    [
        ((22, .5, 0.), (22, .5, 1.), .25, .27),  # a forearm of 1.12 heads
        ((10, .5, 0.), (10, .5, 1.), .39, .41),  # a thigh of 1.72 heads
        ((9, 0., .5), (9, 1., .5), .17, .24),  # half around it
        ((23, .5, .5), (24, .5, .5), .25, .4),  # from ear to ear
        ((3, .5, 1.), (4, .5, 1.), 1.5, 2.),  # from hand to hand
        ((23, .5, 0.), (6, .5, 1.), 1.7, 2.2),  # from crown to toe
        ((1, .5, .3), (2, .5, .3), .3, .5),  # around the chest
    ])
def test_lengths_are_those_of_a_grown_up(mesh, ways, one, other, low, high):
    assert low < ways[nearest(mesh, *one), nearest(mesh, *other)] < high


def test_left_and_right_are_mirror_images(mesh, ways):
    names = np.arange(25)
    for pair in PATCH_FLIP_PAIRS:
        names[list(pair)] = pair[::-1]
    row, column = (255 * mesh.uv[:, ::-1]).astype(int).T
    u, v = (table[mesh.patch - 1, row, column] for table in symmetry_tables())
    other = np.zeros(len(mesh.points), int)
    for vertex, patch, *uv in zip(mesh.vertex, names[mesh.patch], u, v):
        other[vertex] = nearest(mesh, patch, *uv)
    assert np.allclose(mesh.points[other], mesh.points * [-1, 1, 1])
    assert np.allclose(ways[np.ix_(other, other)], ways, atol=.01)


def test_files(mesh, ways, tmp_path):
    write_surface(tmp_path / 'eval_data')
    write_surface(tmp_path / 'again')
    files = {path.name: path for path in tmp_path.glob('eval_data/*')}
    assert set(files) == {
        'SMPL_subdiv.mat', 'SMPL_SUBDIV_TRANSFORM.mat', 'Pdist_matrix.npy',
        'UV_symmetry_transforms.mat'
    }
    nodes = loadmat(files['SMPL_subdiv.mat'])
    assert nodes['Part_ID_subdiv'].dtype == np.uint8
    assert np.array_equal(nodes['Part_ID_subdiv'].squeeze(), mesh.patch)
    assert np.allclose(nodes['U_subdiv'].squeeze(), mesh.uv[:, 0])
    assert np.allclose(nodes['V_subdiv'].squeeze(), mesh.uv[:, 1])
    index = loadmat(files['SMPL_SUBDIV_TRANSFORM.mat'])['index'].squeeze()
    assert index.min() == 1 and np.array_equal(index - 1, mesh.vertex)
    flat = np.load(files['Pdist_matrix.npy'])
    number = len(mesh.points)
    assert flat.shape == (number * (number - 1) // 2, )
    assert flat.dtype == np.float32
    for i, j in ((1, 0), (2, 1), (700, 3), (number - 1, number - 2)):
        assert flat[i * (i - 1) // 2 + j] == np.float32(ways[i, j])
    tables = loadmat(files['UV_symmetry_transforms.mat'])
    for name, expected in zip('UV', symmetry_tables()):
        cells = tables[f'{name}_transforms']
        assert cells.shape == (1, 24)
        assert np.allclose(np.stack(cells[0]), expected)
    assert (np.load(tmp_path / 'again/Pdist_matrix.npy') == flat).all()
