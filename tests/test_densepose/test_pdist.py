# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Distances of every kind of file, and files that are not what they say."""
import pickle
import struct
import sys
import tracemalloc

import numpy as np
import pytest
from scipy.io import savemat

from projects.qanet.densepose.evaluation import convert_distances, pdist
from projects.qanet.utils.errors import InputError

TOOL = 'tools/dataset_converters/densepose_pdist.py'
VALUES = np.random.default_rng(0).random(5000).astype(np.float32)


def write_pickle(path, value, protocol=2):
    path.write_bytes(pickle.dumps(value, protocol))
    return str(path)


def write_python2_pickle(path, values):
    """As Python 2 writes it: the bytes of the array as they are."""
    data = values.tobytes()
    text = b'U\x01b'  # a string of one letter
    path.write_bytes(
        b'\x80\x02}q\x01U\x0cPdist_matrixq\x02' +
        b'cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04' +
        b'K\x00\x85' + text + b'\x87Rq\x05(K\x01' +
        struct.pack('<cicc', b'J', len(values), b'K', b'\x01') + b'\x86' +
        b'cnumpy\ndtype\nq\x06U\x02f4K\x00K\x01\x87Rq\x07(K\x03U\x01<NNN' +
        b'J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T' +
        struct.pack('<i', len(data)) + data + b'q\x08tbs.')
    return str(path)


@pytest.fixture
def check(tmp_path):
    """Convert a file and compare with what was written."""

    def convert(source, values=VALUES):
        out = tmp_path / 'new folder' / 'Pdist_matrix.npy'
        assert convert_distances(source, str(out)) == values.size
        found = np.load(out, allow_pickle=False)
        assert found.dtype == values.dtype.newbyteorder('<')
        np.testing.assert_array_equal(found, values.reshape(-1))
        assert [path.name for path in out.parent.iterdir()] == [out.name]

    return convert


@pytest.mark.parametrize('protocol', [1, 2, 3, 4])
@pytest.mark.parametrize('dtype', ['<f4', '>f8'])
def test_pickles(tmp_path, check, protocol, dtype, monkeypatch):
    """Of Python 3, whole and in pieces that end inside a number."""
    values = VALUES.astype(dtype)[:, None]
    path = write_pickle(tmp_path / 'a.pkl', dict(other=1, Pdist_matrix=values),
                        protocol)
    check(path, values)
    monkeypatch.setattr(pdist, '_CHUNK', 331)
    check(path, values)
    check(write_pickle(tmp_path / 'b.pkl', values, protocol), values)


def test_python2_pickle(tmp_path, check):
    path = write_python2_pickle(tmp_path / 'a.pkl', VALUES)
    with open(path, 'rb') as file:
        loaded = pickle.load(file, encoding='latin1')['Pdist_matrix']
    np.testing.assert_array_equal(loaded[:, 0], VALUES)
    check(path)


@pytest.mark.parametrize('shape', [(5000, 1), (1, 5000)])
def test_mat_and_npy(tmp_path, check, shape, monkeypatch):
    monkeypatch.setattr(pdist, '_CHUNK', 4 * 999)
    values = VALUES.reshape(shape)
    savemat(tmp_path / 'a.mat', dict(Pdist_matrix=values))
    check(str(tmp_path / 'a.mat'))
    np.save(tmp_path / 'a.npy', values)
    check(str(tmp_path / 'a.npy'))


@pytest.mark.parametrize('shape', [(5000, 1), (1, 5000)])
def test_hdf5(tmp_path, check, shape, monkeypatch):
    """As MATLAB writes it: behind a header, compressed."""
    h5py = pytest.importorskip('h5py')
    monkeypatch.setattr(pdist, '_CHUNK', 4 * 999)
    path = tmp_path / 'a.mat'
    with h5py.File(path, 'w', userblock_size=512) as file:
        file.create_dataset(
            'Pdist_matrix', data=VALUES.reshape(shape), compression='gzip')
    check(str(path))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError, match='a.mat is no whole HDF5 file'):
        convert_distances(str(path), str(tmp_path / 'a.npy'))
    with h5py.File(path, 'w') as file:
        file['other'] = VALUES
    with pytest.raises(InputError, match="no 'Pdist_matrix', only 'other'"):
        convert_distances(str(path), str(tmp_path / 'a.npy'))


def test_hdf5_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'h5py', None)
    path = tmp_path / 'a.mat'
    path.write_bytes(b'MATLAB 7.3'.ljust(512) + b'\x89HDF\r\n\x1a\n')
    with pytest.raises(
            InputError,
            match=r'a.mat is an HDF5 file; reading it, or converting it once '
            r'with tools/\S*densepose_pdist.py, needs h5py \(pip install h5py'
    ):
        convert_distances(str(path), str(tmp_path / 'a.npy'))


@pytest.mark.parametrize('kind', ['python2', 'python3'])
def test_little_memory(tmp_path, kind, monkeypatch):
    values = np.random.default_rng(1).random(10**6, np.float32)
    path = (
        write_python2_pickle(tmp_path / 'a.pkl', values) if kind == 'python2'
        else write_pickle(tmp_path / 'a.pkl', dict(Pdist_matrix=values)))
    monkeypatch.setattr(pdist, '_CHUNK', 2**16)
    tracemalloc.start()
    try:
        convert_distances(path, str(tmp_path / 'a.npy'))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(np.load(tmp_path / 'a.npy'), values)
    assert peak < values.nbytes / 4


def test_traps_are_refused(tmp_path, booby_trap):
    """Whatever is called, before, beside or instead of the array."""
    out = tmp_path / 'Pdist_matrix.npy'
    out.write_text('as it was')
    for i, value in enumerate((booby_trap, dict(Pdist_matrix=booby_trap),
                               dict(Pdist_matrix=VALUES,
                                    more=booby_trap), (booby_trap, VALUES))):
        path = write_pickle(tmp_path / f'{i}.pkl', value)
        with pytest.raises(
                InputError,
                match=rf'{i}.pkl was refused: it asks for .*\..*, which makes '
                'no array'):
            convert_distances(path, str(out))
    assert out.read_text() == 'as it was'
    assert not list(tmp_path.glob('*.partial'))


class Stateful:
    """What pickle would restore by its own ``__setstate__``."""

    def __reduce__(self):
        return np.dtype, ('f4', ), (3, '<', None)


@pytest.mark.parametrize('value, message', [
    (dict(other=VALUES), "has no 'Pdist_matrix', only 'other'"),
    ({}, "has no 'Pdist_matrix', only nothing"),
    (dict(Pdist_matrix=3), "has no array as 'Pdist_matrix'"),
    (dict(Pdist_matrix=Stateful()), "has no array as 'Pdist_matrix'"),
    ([VALUES], 'was refused: its command EMPTY_LIST makes no array'),
    (VALUES.astype(int), 'numbers of the type int64, allowed are float32'),
    (VALUES.astype(np.float16), 'of the type float16, allowed'),
    (VALUES.reshape(2, -1), r'array of the shape \(2, 2500\), expected one'),
    (np.array([None]), 'was refused|has no plain array'),
    (np.array('text'), 'has no plain array|of the type'),
    ({
        'Pdist_matrix': VALUES,
        3: VALUES
    }, 'is no whole pickle'),
])
def test_wrong_pickles(tmp_path, value, message):
    path = write_pickle(tmp_path / 'a.pkl', value)
    with pytest.raises(InputError, match=f'a.pkl .*({message})'):
        convert_distances(path, str(tmp_path / 'a.npy'))
    assert [path.name for path in tmp_path.iterdir()] == ['a.pkl']


def test_damaged_pickles(tmp_path):
    """Cut off anywhere, or with a byte changed, none gives an array."""
    for write in write_pickle, write_python2_pickle:
        value = VALUES[:150]
        path = tmp_path / 'a.pkl'
        write(path,
              dict(Pdist_matrix=value) if write is write_pickle else value)
        whole = path.read_bytes()
        for length in [*range(1, 240, 5), len(whole) - 30, len(whole) - 1]:
            path.write_bytes(whole[:length])
            with pytest.raises(InputError, match='a.pkl'):
                convert_distances(str(path), str(tmp_path / 'a.npy'))
        for place in range(0, 240, 3):
            changed = bytearray(whole)
            changed[place] ^= 0x15
            path.write_bytes(changed)
            try:
                convert_distances(str(path), str(tmp_path / 'a.npy'))
            except InputError as error:
                assert 'a.pkl' in str(error)


def test_tool(tmp_path, run_tool):
    source = write_pickle(tmp_path / 'a.pkl', dict(Pdist_matrix=VALUES))
    out = tmp_path / 'Pdist_matrix.npy'
    done = run_tool(TOOL, source, out)
    assert done.stdout == f'{out}: 5000 distances\n'
    np.testing.assert_array_equal(np.load(out), VALUES)
    for argv, message in (((tmp_path / 'no.pkl', out), 'no.pkl'),
                          ((source, tmp_path / 'a.txt'), 'must end in .npy'),
                          ((out.rename(tmp_path / 'x'), out),
                           'must end in .npy, .mat or .pkl'),
                          ((tmp_path / 'e.pkl', out), 'e.pkl is empty')):
        (tmp_path / 'e.pkl').touch()
        error = run_tool(TOOL, *argv, code=2).stderr
        assert error.startswith('error: ') and message in error
        assert error.count('\n') == 1
