# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert a checkpoint of the released Parsing R-CNN or RP R-CNN. The result
fits our configs with strict=True; entries without a counterpart are listed.
"""
import argparse
import os.path as osp
import sys

ROOT = osp.abspath(osp.join(osp.dirname(__file__), '../..'))
CONFIGS = osp.join(ROOT, 'configs')
sys.path.insert(0, ROOT)

import projects.qanet  # noqa: F401, operators for an mmcv without

# isort: split
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope

import projects.qanet.detection.region_parsers  # noqa: F401, registers them
import projects.qanet.plugin  # noqa: F401, registers every part
from projects.qanet.released_weights import (METAINFOS, convert_region_parser,
                                             fill_network,
                                             region_parser_config,
                                             training_data)
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.files import check_writable
from tools.common.cli import plain_parser, run_tool
from tools.common.converted_weights import save_converted

#: The data that the published files were trained on, by number of classes.
PUBLISHED = {20: 'cihp', 59: 'mhp-v2'}


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('src', 'released checkpoint'),
        ('dst', 'checkpoint to write'),
        ('--dataset', 'what it was trained on, if not on what the published '
         'files of as many classes were (cihp, mhp-v2)',
         dict(choices=METAINFOS)),
    ]).parse_args()


def main() -> None:
    args = parse_args()
    check_writable(args.dst)
    report = convert_region_parser(read_checkpoint(args.src), args.src)
    dataset = training_data(report, args.dataset
                            or PUBLISHED.get(report.num_classes), args.src)
    init_default_scope('mmdet')
    model = MODELS.build(region_parser_config(report, CONFIGS))
    fill_network(report, model, args.src)
    save_converted(report, dataset, args.src, args.dst, CONFIGS)


if __name__ == '__main__':
    run_tool(main)
