# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write the network of a top-down parser (crops -> probabilities and IoU
scores), or of a one-stage person detector, as an ONNX file, with all that
parsing needs in its metadata, and compare it with torch.
"""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '..', '..')))

import projects.qanet.plugin  # noqa: F401, registers every part
from projects.qanet.apis.parser_builder import build_parser, checked_meta
from projects.qanet.deployment.export import (EXPORTERS, add_metadata,
                                              compare_with_torch,
                                              export_network)
from projects.qanet.deployment.metadata import write_metadata
from projects.qanet.runtime import person_detector, person_parser
from projects.qanet.utils.configs import read_config
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable, write_bytes
from tools.common.cli import plain_parser, run_tool


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('config', 'config of the parser, or of a detector'),
        ('checkpoint', 'its checkpoint'),
        ('out', 'ONNX file to write'),
        ('--det-cat-ids', 'labels of the detector that are persons',
         dict(type=int, nargs='+', default=[0])),
        ('--opset', 'version of the operator set, default: 17, with dynamo 18',
         int),
        ('--exporter', "which of torch's exporters. dynamo is slower, needs "
         'onnxscript and torch >= 2.6, and knows more operators; not for '
         'detectors', dict(choices=EXPORTERS, default='torchscript')),
        ('--fixed-batch', 'one crop at a time, for networks that do not take '
         'any number', False),
        ('--tolerance', 'largest allowed difference from torch; of boxes, in '
         'pixels, 100 times that', 1e-4),
        ('--no-check', 'do not compare with torch (nor need onnxruntime)',
         False),
    ]).parse_args()


def refuse(difference: float, tolerance: float, hint: str = '') -> None:
    if not difference <= tolerance:
        raise InputError(
            f'onnxruntime differs from torch by {difference:.2e}, more than '
            f'--tolerance {tolerance:g}; nothing is written{hint}')


def check(parser, model: bytes, tolerance: float, fixed_batch: bool) -> None:
    differences = compare_with_torch(parser, model)
    for row in differences:
        iou = 'no IoU scores' if row.iou_scores is None else (
            f'IoU scores {row.iou_scores:.2e}')
        print(f'largest difference from torch, {row.batch_size} crops: '
              f'probabilities {row.probs:.2e}, {iou}')
    hint = '' if fixed_batch else (
        '. If the network builds the batch size into the file, as '
        'SwinTransformer does, --fixed-batch helps')
    refuse(max(row.largest for row in differences), tolerance, hint)


def write_parser(args: argparse.Namespace) -> bytes:
    parser = build_parser(args.config, args.checkpoint, 'cpu')
    metadata = write_metadata(parser, checked_meta(parser))
    model = export_network(parser, args.exporter, args.opset, args.fixed_batch)
    model = add_metadata(model, person_parser.DOCUMENT, metadata)
    if not args.no_check:
        check(parser, model, args.tolerance, args.fixed_batch)
    return model


def write_detector(args: argparse.Namespace) -> bytes:
    # Here, for a parser needs no mmdet.
    from mmdet.utils import get_test_pipeline_cfg

    from projects.qanet.deployment.detector import (compare_detector,
                                                    export_detector,
                                                    write_detector_metadata)
    from projects.qanet.detection.person_detector import PersonDetector
    if args.exporter != 'torchscript' or args.fixed_batch:
        raise InputError('--exporter dynamo and --fixed-batch are for '
                         f'parsers, but {args.config} is a detector')
    detector = PersonDetector(args.config, args.checkpoint,
                              args.det_cat_ids).model
    model = add_metadata(
        export_detector(detector, args.opset), person_detector.DOCUMENT,
        write_detector_metadata(detector, get_test_pipeline_cfg(detector.cfg),
                                args.det_cat_ids))
    if not args.no_check:
        differences = compare_detector(detector, model)
        for row in differences:
            width, height = row.size
            print(f'largest difference from torch, {width}x{height} pixels: '
                  f'scores {row.scores:.2e}, boxes {row.boxes:.2e} pixels')
        refuse(
            max(max(row.scores, row.boxes / 100) for row in differences),
            args.tolerance)
    return model


def main() -> None:
    args = parse_args()
    if not args.out.endswith('.onnx'):
        raise InputError(f'{args.out} must end with .onnx')
    check_writable(args.out)
    network = read_config(args.config).get('model') or {}
    is_detector = 'bbox_head' in network or 'roi_head' in network
    model = (write_detector if is_detector else write_parser)(args)
    write_bytes(args.out, model)
    print(f'{args.out} is written: {len(model) / 2**20:.1f} MiB')


if __name__ == '__main__':
    run_tool(main)
