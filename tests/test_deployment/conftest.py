# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

import projects.qanet.plugin  # noqa: F401
from projects.drawn_people import draw_scene
from projects.qanet.runtime.person_parser import DOCUMENT

ROOT = Path(__file__).parents[2]


def spread_iou_scores(model):
    """IoU scores around .5 that differ from crop to crop."""
    regressor = model.decode_head.iou_branch.regressor
    regressor.weight.normal_(0, 1)
    crops = torch.nn.functional.interpolate(
        torch.randn(8, 3, 4, 3),
        model.settings.crop_size[::-1],
        mode='bilinear')
    iou = model.predict_crops(crops)[1]
    regressor.weight.mul_(.05 / iou.std())
    regressor.bias.sub_(model.predict_crops(crops)[1].mean() - .5)


@pytest.fixture(scope='session')
def export(run_tool):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    return partial(run_tool, 'tools/model_converters/export_onnx.py')


@pytest.fixture(scope='session')
def parser_files(tmp_path_factory):
    """Config and checkpoint of the debug parser, untrained but decided."""
    folder = tmp_path_factory.mktemp('parser')
    config = Config.fromfile(
        ROOT / 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py')
    config.model.test_cfg.update(
        flip=True, scales=(0.9, 1.1), max_instances_per_batch=4)
    config.model.post_processor.weights = (1., .5, 2.)
    config.dump(folder / 'parser.py')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(config.model)
    with torch.no_grad():
        set_statistics(model)
        model.decode_head.conv_seg.weight.mul_(8)
        spread_iou_scores(model.eval())
    torch.save(dict(state_dict=model.state_dict()), folder / 'parser.pth')
    return str(folder / 'parser.py'), str(folder / 'parser.pth')


def set_statistics(model):
    """Those of its batch normalisations, as after training."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, .1)
            module.running_var.uniform_(.5, 2)


@pytest.fixture(scope='session')
def detector_files(tmp_path_factory):
    """Config and checkpoint of the demo's detector: it finds what is not."""
    pytest.importorskip('mmdet')
    folder = tmp_path_factory.mktemp('detector')
    config = Config.fromfile(
        ROOT / 'configs/demo/fcos_r18_fpn_1xb8-10e_synthetic-person.py')
    config.model.test_cfg.update(nms_pre=150, max_per_img=60)
    config.dump(folder / 'detector.py')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(config.model)
    head = model.bbox_head
    with torch.no_grad():
        set_statistics(model)
        for layer, factor, bias in ((head.conv_cls, 12, 0), (head.conv_reg, 4,
                                                             1),
                                    (head.conv_centerness, 5, 0)):
            layer.weight.mul_(factor)
            layer.bias.fill_(bias)
    torch.save(dict(state_dict=model.state_dict()), folder / 'detector.pth')
    return str(folder / 'detector.py'), str(folder / 'detector.pth')


@pytest.fixture(scope='session')
def detector_file(detector_files, export, tmp_path_factory):
    """The same as an ONNX file, and what the tool has printed."""
    path = str(tmp_path_factory.mktemp('onnx') / 'detector.onnx')
    return path, export(*detector_files, path).stdout


@pytest.fixture(scope='session')
def onnx_file(parser_files, export, tmp_path_factory):
    """The same as an ONNX file, and what the tool has printed."""
    path = str(tmp_path_factory.mktemp('onnx') / 'folder' / 'parser.onnx')
    return path, export(*parser_files, path).stdout


@pytest.fixture
def rewrite(onnx_file, tmp_path):
    """Change the metadata document of the file; the new file's path."""

    def write(change):
        import onnx
        proto = onnx.load(onnx_file[0])
        entry, = [e for e in proto.metadata_props if e.key == DOCUMENT]
        document = json.loads(entry.value)
        change(document)
        entry.value = json.dumps(document)
        path = str(tmp_path / 'changed.onnx')
        onnx.save(proto, path)
        return path

    return write


@pytest.fixture
def image():
    """Drawn people, BGR, 150 wide and 110 high."""
    rng = np.random.default_rng(9)
    image = draw_scene(rng, (150, 110), (3, 3)).image
    return np.ascontiguousarray(image[..., ::-1])
