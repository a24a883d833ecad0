# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw a data set of people in the CIHP layout: no download needed.

    python tools/dataset_converters/synthetic.py OUT --images 280 --seed 0

writes OUT/{Training,Validation}/{Images,Category_ids,Human_ids,Instance_ids}
and OUT/annotations/CIHP_{train,val}.json.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.drawn_people import write_dataset
from tools.common.cli import run_tool
from tools.common.drawing_arguments import draw, drawing_parser


def main() -> None:
    """Draw the data set."""
    parser = drawing_parser(
        'Draw a human parsing data set in the CIHP layout.', (400, 300),
        (2, 4))
    draw(write_dataset, parser)


if __name__ == '__main__':
    run_tool(main)
