# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest

from projects.qanet.utils.configs import read_config
from projects.qanet.utils.device import choose_device
from projects.qanet.utils.errors import InputError


def test_a_config_is_read_from_all_its_places(tmp_path):
    (tmp_path / 'base.py').write_text('a = 1\nb = dict(c=2)')
    path = tmp_path / 'own.py'
    path.write_text("_base_ = './base.py'\nb = dict(d=3)")
    config = read_config(path)
    assert config.a == 1 and config.b == dict(c=2, d=3)
    assert read_config(config) is config
    packaged = read_config('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py')
    assert packaged.model.type == 'FCOS'
    named = 'mmseg::sem_fpn/fpn_r50_4xb4-160k_ade20k-512x512.py'
    path.write_text(f'_base_ = {named!r}')
    for config in (read_config(named), read_config(path)):
        assert config.model.decode_head.num_classes == 150


@pytest.mark.parametrize('path, error, message', [
    *((path, FileNotFoundError, f'config {path} not found')
      for path in ('nothing.py', 'mmdet::fcos/nothing.py', 'nopackage::x.py')),
    ('epoch_1.pth', InputError,
     r'epoch_1.pth is no config file, allowed are .py, .json'),
    ('broken.py', InputError, 'broken.py is no config: .*line 1'),
])
def test_what_is_no_config(path, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('epoch_1.pth', 'broken.py'):
        (tmp_path / name).write_text('a = (')
    with pytest.raises(error, match=message):
        read_config(path)


def test_devices(monkeypatch):
    assert choose_device('cpu') == 'cpu'
    monkeypatch.setattr('projects.qanet.utils.device.get_device',
                        lambda: 'npu')
    assert choose_device() == 'npu'
    for device in ('nonsense', 'meta', 'cuda:99', 1.5):
        with pytest.raises(InputError) as error:
            choose_device(device)
        assert str(error.value).startswith(
            f'device {device!r} is not available here, allowed are cpu, npu')
