# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw people and things with masks in the COCO format: no download needed.

    python tools/dataset_converters/synthetic_instances.py OUT --images 400

writes OUT/{train,val}/*.jpg and OUT/annotations/instances_{train,val}.json.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.drawn_people import write_instance_dataset
from tools.common.cli import run_tool
from tools.common.drawing_arguments import draw, drawing_parser


def main() -> None:
    """Draw the data set."""
    parser = drawing_parser(
        'Draw an instance segmentation data set in the COCO format.',
        (320, 240), (1, 2))
    parser.add_argument(
        '--things',
        type=int,
        nargs=2,
        default=(3, 6),
        metavar=('MIN', 'MAX'),
        help='balls, balloons, crates, bottles, umbrellas and signs per scene')
    draw(write_instance_dataset, parser)


if __name__ == '__main__':
    run_tool(main)
