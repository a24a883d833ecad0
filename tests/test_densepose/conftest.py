# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A drawn surface, and drawn persons that the released system evaluated."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import shortest_path

NUM_PATCHES, SIDE = 24, 7


def draw_mesh():
    """24 charts of 7 x 7 vertices side by side on a strip that winds up.

    Neighbours share the vertices of their seam. Coordinates and patches of
    the charts' vertices, the mesh's vertex of each (from 0, in no order) and
    distances along the edges of its triangles, in metres.
    """
    width = NUM_PATCHES * (SIDE - 1) + 1
    v, x = np.meshgrid(
        np.linspace(0, 1, SIDE), np.arange(width) / (SIDE - 1), indexing='ij')
    radius, angle = .16 * x, .12 * x
    points = np.stack([
        radius * np.cos(angle), radius * np.sin(angle),
        .22 * v + .05 * np.sin(3 * x) * v
    ], -1)
    number = np.random.default_rng(5).permutation(x.size).reshape(x.shape)
    edges = [(np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1]),
             (np.s_[:-1, 1:], np.s_[1:, :-1])]
    first, second, length = (
        np.concatenate([part.ravel() for part in parts])
        for parts in zip(*[(number[a], number[b],
                            np.linalg.norm(points[a] - points[b], axis=-1))
                           for a, b in edges]))
    graph = coo_matrix((length, (first, second)), shape=(x.size, x.size))
    distances = shortest_path(graph, directed=False).astype(np.float32)
    columns = np.arange(NUM_PATCHES)[:, None,
                                     None] * (SIDE - 1) + np.arange(SIDE)
    rows = np.arange(SIDE)[:, None]
    shape = NUM_PATCHES, SIDE, SIDE
    patches = np.broadcast_to(
        np.arange(1, NUM_PATCHES + 1)[:, None, None], shape)
    u, v = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))
    return SimpleNamespace(
        u=np.broadcast_to(u, shape).ravel(),
        v=np.broadcast_to(v, shape).ravel(),
        patches=patches.ravel(),
        vertices=number[rows, columns].ravel(),
        distances=np.maximum(distances, distances.T))


def condense(distances):
    """Of each two vertices, as the evaluation data has them."""
    return distances[np.tril_indices(len(distances), -1)]


def write_charts(folder, mesh):
    folder.mkdir(exist_ok=True)
    savemat(
        folder / 'SMPL_subdiv.mat',
        dict(
            U_subdiv=mesh.u[:, None],
            V_subdiv=mesh.v[:, None],
            Part_ID_subdiv=mesh.patches[:, None].astype(np.uint8)))
    savemat(folder / 'SMPL_SUBDIV_TRANSFORM.mat',
            dict(index=mesh.vertices[:, None].astype(np.int32) + 1))


@pytest.fixture(scope='session')
def mesh():
    return draw_mesh()


@pytest.fixture(scope='session')
def eval_data(mesh, tmp_path_factory):
    """A folder of evaluation data."""
    folder = tmp_path_factory.mktemp('eval_data')
    write_charts(folder, mesh)
    np.save(folder / 'Pdist_matrix.npy', condense(mesh.distances)[:, None])
    return str(folder)


@pytest.fixture(scope='session')
def golden(data_dir):
    """Nine images, 45 detections, and what the released system makes of them.

    It cannot evaluate those of image 14, which has no annotation.
    """
    folder = data_dir / 'densepose'
    records = []
    for half in range(2):
        arrays = np.load(folder / f'detections_{half}.npz')
        values = (
            arrays[key].tolist() for key in ('image_id', 'bbox', 'score'))
        for i, (image_id, bbox, score) in enumerate(zip(*values)):
            records.append(
                dict(
                    image_id=image_id,
                    category_id=1,
                    bbox=bbox,
                    score=score,
                    uv=arrays[f'uv_{i}']))
    ann_file = folder / 'annotations.json'
    return SimpleNamespace(
        ann_file=str(ann_file),
        document=json.loads(ann_file.read_text()),
        records=records,
        of_image=lambda i: [one for one in records if one['image_id'] == i],
        arrays=np.load(folder / 'expected.npz'),
        values=json.loads((folder / 'expected.json').read_text()),
        packing=np.load(folder / 'result_format.npz'))


@pytest.fixture
def edit(golden, tmp_path):
    """Write the golden annotations after a change; gives the path."""

    def write(change):
        document = json.loads(json.dumps(golden.document))
        change(document)
        path = tmp_path / 'edited.json'
        path.write_text(json.dumps(document))
        return str(path)

    return write
