# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""No tool runs what is inside a checkpoint, wherever it is given."""
import pytest
import torch

from projects.qanet.utils.checkpoint import read_checkpoint
from .conftest import CONFIG, ROOT

DETECTOR = 'configs/demo/fcos_r18_fpn_1xb8-10e_synthetic-person.py'
STARTS = """
_base_ = '{base}'
model = dict(
    backbone=dict(
        init_cfg=dict(
            _delete_=True,
            type='Pretrained',
            prefix='backbone.',
            checkpoint='{checkpoint}')))
"""


def config_of(folder, checkpoint):
    """A config whose backbone starts from a checkpoint."""
    path = folder / 'starts.py'
    path.write_text(STARTS.format(base=ROOT / CONFIG, checkpoint=checkpoint))
    return path


@pytest.mark.parametrize('booby_trap', ['getattr'], indirect=True)
@pytest.mark.parametrize('command', [
    'tools/train.py {c} --work-dir {w} {o} load_from={bad}',
    'tools/train.py {c} --work-dir {w} --resume {o} load_from={bad}',
    'tools/train.py {c} --work-dir {w} --resume {o}',
    'tools/train.py {starts} --work-dir {w} {o}',
    'tools/test.py {c} {bad} --work-dir {w}',
    'tools/test.py {c} {good} {c} {bad} --work-dir {w} {o}',
    'tools/infer.py {w} --model {c} --weights {bad} --out-dir {w}',
    'tools/infer.py {w} --model {c} --weights {good} --det-model {d} '
    '--det-weights {bad} --out-dir {w}',
    'tools/model_converters/qanet_to_mmseg.py {bad} {w}/ours.pth',
    'tools/model_converters/mmseg_to_qanet.py {bad} {w}/released.pth',
    'tools/model_converters/rcnn_to_mmdet.py {bad} {w}/ours.pth',
    'tools/model_converters/export_onnx.py {c} {bad} {w}/x.onnx',
])
def test_booby_traps_are_refused(command, trained, options, run_tool, tmp_path,
                                 booby_trap):
    good, bad = trained / 'epoch_1.pth', tmp_path / 'bad.pth'
    torch.save(dict(torch.load(good), param_schedulers=booby_trap), bad)
    (tmp_path / 'last_checkpoint').write_text(str(bad))
    places = dict(c=CONFIG, d=DETECTOR, good=good, bad=bad, w=tmp_path)
    places.update(starts=config_of(tmp_path, bad), o=' '.join(options))
    words = command.format(**places).split()
    done = run_tool(*words, code=2)
    assert f'checkpoint {bad} was refused: ' in done.stderr.splitlines()[-1]


def test_good_files_are_read(trained, options, run_tool, tmp_path):
    """As a start of all and of the backbone; steps of 0 change nothing."""
    good = trained / 'epoch_1.pth'
    run_tool('tools/train.py', config_of(tmp_path, good), '--work-dir',
             tmp_path, *options, 'train_cfg.max_epochs=1', f'load_from={good}',
             'optim_wrapper.optimizer.lr=0.')
    weights, started = (
        read_checkpoint(path)['state_dict']
        for path in (tmp_path / 'epoch_1.pth', good))
    names = [name for name in weights if name.endswith('weight')]
    assert len(names) > 9
    assert all(torch.equal(weights[name], started[name]) for name in names)
