# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw people with dense poses as DensePose-COCO has them: no download needed.

    python tools/dataset_converters/synthetic_densepose.py OUT --images 400

writes OUT/{train,val}/*.jpg, OUT/annotations/densepose_{train,val}.json and,
for evaluation and mirroring, the surface of the drawn body to OUT/eval_data.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.drawn_people import write_densepose_dataset
from tools.common.cli import run_tool
from tools.common.drawing_arguments import draw, drawing_parser


def main() -> None:
    """Draw the data set."""
    parser = drawing_parser(
        'Draw a dense pose data set in the DensePose-COCO format.', (400, 300),
        (2, 4))
    draw(write_densepose_dataset, parser)


if __name__ == '__main__':
    run_tool(main)
