# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write the network of a top-down parser (crops -> probabilities and IoU
scores) as an ONNX file, with all that parsing needs in its metadata, and
compare it with torch.
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
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable, write_bytes
from tools.common.cli import plain_parser, run_tool


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('config', 'config of the parser'),
        ('checkpoint', 'its checkpoint'),
        ('out', 'ONNX file to write'),
        ('--opset', 'version of the operator set, default: 17, with dynamo 18',
         int),
        ('--exporter', "which of torch's exporters. dynamo is slower, needs "
         'onnxscript and torch >= 2.6, and knows more operators',
         dict(choices=EXPORTERS, default='torchscript')),
        ('--fixed-batch', 'one crop at a time, for networks that do not take '
         'any number', False),
        ('--tolerance', 'largest allowed difference from torch', 1e-4),
        ('--no-check', 'do not compare with torch (nor need onnxruntime)',
         False),
    ]).parse_args()


def check(parser, model: bytes, tolerance: float, fixed_batch: bool) -> None:
    differences = compare_with_torch(parser, model)
    for row in differences:
        iou = 'no IoU scores' if row.iou_scores is None else (
            f'IoU scores {row.iou_scores:.2e}')
        print(f'largest difference from torch, {row.batch_size} crops: '
              f'probabilities {row.probs:.2e}, {iou}')
    worst = max(row.largest for row in differences)
    if not worst <= tolerance:
        hint = '' if fixed_batch else (
            '. If the network builds the batch size into the file, as '
            'SwinTransformer does, --fixed-batch helps')
        raise InputError(f'onnxruntime differs from torch by {worst:.2e}, '
                         f'more than --tolerance {tolerance:g}; nothing is '
                         f'written{hint}')


def main() -> None:
    args = parse_args()
    if not args.out.endswith('.onnx'):
        raise InputError(f'{args.out} must end with .onnx')
    check_writable(args.out)
    parser = build_parser(args.config, args.checkpoint, 'cpu')
    metadata = write_metadata(parser, checked_meta(parser))
    model = export_network(parser, args.exporter, args.opset, args.fixed_batch)
    model = add_metadata(model, metadata)
    if not args.no_check:
        check(parser, model, args.tolerance, args.fixed_batch)
    write_bytes(args.out, model)
    print(f'{args.out} is written: {len(model) / 2**20:.1f} MiB')


if __name__ == '__main__':
    run_tool(main)
