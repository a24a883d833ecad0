# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.io import savemat

from projects.qanet.densepose.symmetry import UVSymmetry
from projects.qanet.utils.errors import InputError
from .people import DATA, PERSON, symmetry_tables, write_mat


@pytest.fixture(scope='module')
def mat_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp('symmetry')
    return write_mat(folder / 'UV_symmetry_transforms.mat', symmetry_tables())


def test_maps_as_released(mat_file):
    golden = np.load(DATA / 'mirrored_maps.npz')
    u, v = UVSymmetry(mat_file).maps(*(torch.from_numpy(golden[name])
                                       for name in ('in_u', 'in_v')))
    np.testing.assert_array_equal(u.flip(-1), golden['out_u'])
    np.testing.assert_array_equal(v.flip(-1), golden['out_v'])
    assert u.dtype == torch.float32


def test_points_as_released(mat_file):
    patches, uv = UVSymmetry(mat_file).points(
        np.array(PERSON['dp_I'], int),
        np.stack([PERSON['dp_U'], PERSON['dp_V']], 1))
    with np.load(DATA / 'crops_48x64.npz') as golden:
        expected = golden['flip_points']
    assert patches.dtype == np.int64 and uv.dtype == np.float64
    np.testing.assert_array_equal(patches, expected[2])
    np.testing.assert_allclose(uv.T, expected[3:], atol=1e-7)


def test_points_and_maps_by_hand(tmp_path):
    tables = np.zeros((2, 24, 256, 256))
    # Patch 3: row int(255 * .9) = 229, column int(255 * .1) = 25.
    tables[:, 2, 229, 25] = .25, .625
    np.save(tmp_path / 'tables.npy', tables)
    symmetry = UVSymmetry(str(tmp_path / 'tables.npy'))
    patches, uv = symmetry.points(
        np.array([3, 4, 2]), np.array([[.1, .9], [.1, .9], [.1, .9]]))
    assert patches.tolist() == [4, 3, 2]
    assert uv.tolist() == [[.25, .625], [0, 0], [0, 0]]
    u, v = (torch.full((25, 1, 2), value) for value in (.1, .9))
    u[3, 0, 0] = .5
    u, v = symmetry.maps(u, v)
    expected = torch.zeros(25, 1, 2)
    expected[4, 0, 1] = 1
    assert torch.equal(u, .25 * expected) and torch.equal(v, .625 * expected)


def test_twice_is_nothing(tmp_path):
    steps = np.arange(256) / 255 * (1 + 1e-6)  # not a hair below a step
    tables = np.stack([
        np.broadcast_to(steps[::-1], (24, 256, 256)),
        np.broadcast_to(steps[:, None], (24, 256, 256))
    ])
    np.savez(
        tmp_path / 'own.npz', U_transforms=tables[0], V_transforms=tables[1])
    symmetry = UVSymmetry(str(tmp_path / 'own.npz'))
    rng = np.random.default_rng(0)
    patches, uv = rng.integers(1, 25,
                               500), steps[rng.integers(0, 256, (500, 2))]
    once = symmetry.points(patches, uv.clip(0, 1))
    np.testing.assert_allclose(once[1], [1, 0] + uv * [-1, 1], atol=3e-6)
    twice = symmetry.points(*once)
    np.testing.assert_array_equal(twice[0], patches)
    np.testing.assert_allclose(twice[1], uv, atol=3e-6)
    maps = torch.from_numpy(steps[rng.integers(0, 256, (2, 25, 4, 3))])
    maps[:, 0] = 0
    np.testing.assert_allclose(
        torch.stack(symmetry.maps(*symmetry.maps(*maps))), maps, atol=3e-6)


def test_kinds_of_files(tmp_path, mat_file):
    tables = symmetry_tables()
    np.save(tmp_path / 'both.npy', tables)
    np.savez(
        tmp_path / 'two.npz', U_transforms=tables[0], V_transforms=tables[1])
    rng = np.random.default_rng(1)
    points = rng.integers(1, 25, 99), rng.random((99, 2))
    expected = UVSymmetry(mat_file).points(*points)
    for name in ('both.npy', 'two.npz'):
        found = UVSymmetry(str(tmp_path / name)).points(*points)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
    # A file is read once.
    (tmp_path / 'both.npy').unlink()
    UVSymmetry(str(tmp_path / 'both.npy'))


def test_wrong_files(tmp_path):
    source = ('; UV_symmetry_transforms.mat is part of '
              'https://dl.fbaipublicfiles.com/')

    def refused(name, pattern, error=InputError):
        with pytest.raises(error, match=f'{name} {pattern}.*{source}'):
            UVSymmetry(str(tmp_path / name))

    refused('none.mat', 'does not exist', FileNotFoundError)
    (tmp_path / 'text.mat').write_text('<html>' * 99)
    refused('text.mat', 'has no readable U_transforms and V_transforms')
    savemat(tmp_path / 'other.mat', dict(U_transforms=1))
    refused('other.mat', 'has no readable .*KeyError')
    (tmp_path / 'cut.npz').write_bytes(b'PK\x03\x04')
    refused('cut.npz', 'has no readable')
    np.save(tmp_path / 'small.npy', np.zeros((2, 24, 256, 255)))
    refused(
        'small.npy', r'has tables of shape \(2, 24, 256, 255\), expected '
        r'\(2, 24, 256, 256\)')
    np.save(tmp_path / 'bytes.npy', 255 * symmetry_tables())
    refused('bytes.npy', 'has values from 0.0 to 255.0, expected 0 to 1')
    np.save(tmp_path / 'gaps.npy', np.full((2, 24, 256, 256), np.nan))
    refused('gaps.npy', 'has values from nan to nan')
