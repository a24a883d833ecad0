# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def test_boxes_move_by_at_most_the_amount(tmp_path):
    boxes = [[10., 20., 40., 100.], [200., 5., 30., 60.]]
    annotations = [
        dict(id=k, image_id=7 + k, category_id=1, bbox=box)
        for k, box in enumerate(boxes)
    ]
    (tmp_path / 'ann.json').write_text(
        json.dumps(dict(images=[], annotations=annotations)))
    command = [
        sys.executable, 'tools/analysis_tools/perturb_boxes.py',
        str(tmp_path / 'ann.json'),
        str(tmp_path / 'out.json'), '--amount'
    ]
    subprocess.run([*command, '0.1'], cwd=ROOT, check=True)
    records = json.loads((tmp_path / 'out.json').read_text())
    assert [record['image_id'] for record in records] == [7, 8]
    for record, (x, y, w, h) in zip(records, boxes):
        left, top, width, height = record['bbox']
        moved = np.abs(
            [left - x, top - y, left + width - x - w, top + height - y - h])
        limit = np.array([w, h, w, h]) * .1 + .02
        assert (moved <= limit).all() and moved.max() > .5
    result = subprocess.run([*command, '0.5'],
                            cwd=ROOT,
                            capture_output=True,
                            text=True)
    assert result.returncode == 2
    assert result.stderr == 'error: --amount is 0.5, allowed are 0 to 0.4\n'
