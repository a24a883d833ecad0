# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every way in which mmengine takes a checkpoint runs nothing inside it."""
import pickle
import runpy
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader, load_checkpoint

from projects.qanet.utils import checkpoint as reading
from projects.qanet.utils import checkpoint_sources as sources
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.errors import InputError

WEIGHT = torch.tensor([3., 5., 7.])


class Backbone(BaseModule):

    def __init__(self, **init_cfg):
        super().__init__(dict(type='Pretrained', **init_cfg))
        self.weight = torch.nn.Parameter(torch.zeros(3))


class Quiet(SimpleHTTPRequestHandler):

    def log_message(self, *_):
        pass


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where each of ADDRESSES leads to: ``folder``, which has a ``url``."""
    folder = tmp_path / 'files'
    folder.mkdir()
    server = ThreadingHTTPServer(('127.0.0.1', 0),
                                 partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{server.server_port}'
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    monkeypatch.setenv('MMENGINE_HOME', str(folder))
    monkeypatch.setenv('HOME', str(folder))
    table = dict(far=f'{url}/x.pth', near='x.pth')
    for name in ('torchvision', 'external', 'mmcls'):
        monkeypatch.setattr(sources, f'get_{name}_models', lambda: table)
    monkeypatch.setattr(sources, 'get_deprecated_model_names',
                        lambda: dict(old='far'))
    monkeypatch.setattr(sources.fileio, 'get', lambda *_, **__:
                        (folder / 'x.pth').read_bytes())
    yield dict(folder=folder, url=url)
    server.shutdown()
    server.server_close()


def save(folder, **more):
    """A checkpoint, and a zip file with another one."""
    weights = {'weight': WEIGHT, 'backbone.weight': WEIGHT}
    torch.save(dict(state_dict=weights, **more), folder / 'x.pth')
    with zipfile.ZipFile(folder / 'x.zip', 'w') as archive:
        archive.write(folder / 'x.pth', 'inside.pth')


ADDRESSES = [
    '{folder}/x.pth', '~/x.pth', '{url}/x.pth', '{url}/x.zip', 's3://b/x.pth',
    'c:petrel://b/x.pth', 'torchvision://far', 'modelzoo://far',
    'open-mmlab://far', 'openmmlab://old', 'open-mmlab://near', 'mmcls://far'
]


def pretrained(address, prefix=None):
    backbone = Backbone(checkpoint=address, prefix=prefix)
    backbone.init_weights()
    return backbone.state_dict()


def loaded(address):
    backbone = Backbone()
    load_checkpoint(backbone, address)  # load_from and --resume
    return backbone.state_dict()


READERS = {
    'ours': lambda address: read_checkpoint(address)['state_dict'],
    "the runner's": loaded,
    'init_cfg': pretrained,
    'prefix': partial(pretrained, prefix='backbone.')
}
WAYS = [('ours', address)
        for address in ADDRESSES] + [(reader, address)
                                     for reader in list(READERS)[1:]
                                     for address in ADDRESSES[:3]]


@pytest.mark.parametrize('reader, address', WAYS)
def test_good_files_are_read(reader, address, place):
    save(place['folder'], message_hub=HistoryBuffer([1.], [1]))
    weights = READERS[reader](address.format(**place))
    assert weights['weight'].tolist() == [3, 5, 7]


@pytest.mark.parametrize('reader, address', WAYS)
def test_booby_traps_are_refused(reader, address, place, booby_trap):
    save(place['folder'], optimizer=booby_trap)
    address = address.format(**place)
    error = InputError if reader == 'ours' else pickle.UnpicklingError
    with pytest.raises(error, match='getattr|mkdir'):
        READERS[reader](address)


@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_importing_is_enough(monkeypatch):
    """Also of schemes that only a later mmengine has."""
    known = set(CheckpointLoader._schemes)
    monkeypatch.setattr(CheckpointLoader, '_schemes', {})
    runpy.run_module(reading.__name__)
    ours = CheckpointLoader._schemes
    assert set(ours) == known
    assert {loader.__module__
            for loader in ours.values()} == {sources.__name__}
