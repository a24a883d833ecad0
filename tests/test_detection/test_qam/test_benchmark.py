# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re
import time
from functools import partial

import numpy as np
import torch
from mmengine.config import Config

from studies import benchmark_qam as study


def test_measures_both_ways(factory, monkeypatch):
    model = factory.build(factory.config('ms-rcnn_r50_fpn_1x_coco_qam.py'))
    image = torch.randn(
        1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    study.lower_threshold(model, image, 30)
    # Each head takes 100 seconds more, and 200 where QAM is on.
    heads = study.find_heads(model)
    waited = [0]
    monkeypatch.setattr(study, 'now', lambda: time.process_time() + waited[0])

    def slow(head, original, *args, **kwargs):
        waited[0] += 100 if head.quality is None else 200
        return original(*args, **kwargs)

    for head in heads:
        monkeypatch.setattr(head, 'predict_by_feat',
                            partial(slow, head, head.predict_by_feat))
    found = study.measure(model, image, repeat=2)
    for key in ('total', 'post'):
        np.testing.assert_allclose(
            found[key], [[100 * len(heads), 200 * len(heads)]] * 2, atol=20)
    assert (found['total'] > found['post']).all()
    instances = found['instances']
    assert (instances == instances[0, 0]).all() and instances[0, 0] > 0


def test_report(factory, run_tool, tmp_path):
    """The whole study on a narrow network."""
    model = factory.config('mask-rcnn_r50_fpn_1x_coco_qam.py')
    Config(dict(model=model)).dump(tmp_path / 'narrow.py')
    done = run_tool('studies/benchmark_qam.py', tmp_path / 'narrow.py',
                    *'--size 128 96 --repeat 1'.split())
    rows = [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in done.stdout.splitlines() if line.startswith('|')]
    assert rows[0] == ['fastest of 1', 'without', 'with QAM']
    inference, post = rows[1:]
    assert (inference[0], post[0]) == ('inference', 'mask post-processing')
    without, with_qam = (float(cell.split()[0]) for cell in post[1:])
    added = float(re.search(r'QAM adds (\S+) ms', done.stdout)[1])
    assert abs(added - (with_qam - without)) < .11
