# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Table 3 of the paper on drawn people: what does each step bring?

Trains the small configs of configs/ablation, tests each with the boxes of the
demo's detector, and writes a table with mean and spread over the seeds. Run
`make demo` first. What is finished already is not done again.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from studies.common import Row, TableStudy
from tools.common.cli import run_tool

_CONFIG = 'configs/ablation/{}_r18_fpn_1xb16-18e_synthetic-{}.py'.format
_WHOLE = _CONFIG('qanet-no-qam', '128x96')
ROWS = {
    'SimpleNet':
    Row('configs/ablation/simple-baseline_r18_1xb16-18e_synthetic-64x48.py'),
    '+ S-FPN':
    Row(_CONFIG('sfpn', '64x48')),
    '+ Lovasz':
    Row(_CONFIG('sfpn-lovasz', '64x48')),
    '+ IoU':
    Row(_CONFIG('sfpn-lovasz-iou', '64x48')),
    '+ large input':
    Row(_WHOLE),
    '+ QAM':
    Row(_WHOLE, (1., 0.5, 3.)),
}


def main() -> None:
    TableStudy(__doc__, 'ablation', ROWS).work()


if __name__ == '__main__':
    run_tool(main)
