# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Table 6 of the paper on drawn people: QAM on region-based parsers.

Trains the small Parsing R-CNN and RP R-CNN and, to compare, the demo's QANet,
which takes the boxes of the demo's detector; ranks the results of the same
checkpoint without and with QAM, and writes a table with mean and spread over
the seeds. Run `make demo` first. What is finished already is not done again.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from studies.common import Row, TableStudy
from tools.common.cli import run_tool
from tools.demo import PARSER

_PARSING_RCNN = 'configs/demo/parsing-rcnn_r18_fpn_1xb4-600it_synthetic.py'
_RP_RCNN = 'configs/demo/rp-rcnn_r18_fpn-gn_1xb4-600it_synthetic.py'
ROWS = {
    'Parsing R-CNN': Row(_PARSING_RCNN, (1, 0, 0), True),
    'Parsing R-CNN + QAM': Row(_PARSING_RCNN, (1, 0, 1), True),
    'RP R-CNN': Row(_RP_RCNN, (1, 1, 0), True),
    'RP R-CNN + QAM': Row(_RP_RCNN, (3, 1, 1), True),
    'QANet, box score': Row(PARSER, (1, 0, 0)),
    'QANet + QAM': Row(PARSER, (1, .5, 3)),
}


def main() -> None:
    TableStudy(__doc__, 'regions', ROWS).work()


if __name__ == '__main__':
    run_tool(main)
