# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

TOOL = 'tools/analysis_tools/perturb_boxes.py'
BOXES = np.array([[10., 20., 40., 100.], [200., 5., 30., 60.]] * 300)


def test_each_side_moves_by_up_to_the_amount(tmp_path, run_tool):
    ann_file, out = tmp_path / 'ann.json', tmp_path / 'out.json'
    annotations = [
        dict(id=k, image_id=7 + k % 2, category_id=3, bbox=box)
        for k, box in enumerate(BOXES.tolist())
    ]
    images = [
        dict(id=k, file_name=f'{k}.jpg', width=640, height=480) for k in (7, 8)
    ]
    document = dict(images=images, annotations=annotations)
    ann_file.write_text(json.dumps(document))
    done = run_tool(TOOL, ann_file, out, '--amount', .1, '--seed', 5)
    assert done.stdout == f'600 boxes are in {out}\n'
    records = json.loads(out.read_text())
    assert [(r['image_id'], r['category_id'], r['score'])
            for r in records] == [(7, 3, 1), (8, 3, 1)] * 300
    found = np.array([record['bbox'] for record in records])
    moves = found - BOXES
    moves[:, 2:] += moves[:, :2]
    shares = moves / BOXES[:, [2, 3, 2, 3]]
    # Of 600 even draws the ends are some thousandth away.
    assert shares.max(0) == pytest.approx(.1, abs=.004)
    assert shares.min(0) == pytest.approx(-.1, abs=.004)
    assert shares.mean(0) == pytest.approx(0, abs=.01)
    # No side says anything about another.
    np.testing.assert_allclose(np.corrcoef(shares.T), np.eye(4), atol=.15)

    run_tool(TOOL, ann_file, tmp_path / 'again', '--seed', 5)
    assert (tmp_path / 'again').read_text() == out.read_text()
    done = run_tool(TOOL, ann_file, out, '--amount', .5, code=2)
    assert done.stderr == 'error: --amount is 0.5, allowed are 0 to 0.4\n'
    ann_file.write_text(json.dumps(dict(images=images)))
    done = run_tool(TOOL, ann_file, out, code=2)
    assert done.stderr == f'error: {ann_file} has no annotations\n'
