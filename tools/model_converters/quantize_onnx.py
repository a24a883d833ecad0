# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write a parser's ONNX file with 8-bit weights and activations.

Their ranges come from the persons that an exported detector finds in some
images, which should not be those of an evaluation. Needs no torch.
"""
import argparse
import os.path as osp
import sys
from itertools import chain, islice
from tempfile import TemporaryDirectory
from typing import Dict, Iterator, Optional

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '..', '..')))

import numpy as np

from projects.qanet.runtime.person_detector import PersonDetector
from projects.qanet.runtime.person_parser import PersonParser
from projects.qanet.runtime.photos import read_photo
from projects.qanet.runtime.session import Session
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable, write_bytes
from projects.qanet.utils.optional import import_optional
from tools.common.cli import plain_parser, run_tool


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('parser', 'ONNX file of a parser'),
        ('out', 'ONNX file to write'),
        ('images', 'photos for the ranges', dict(metavar='IMAGE', nargs='+')),
        ('--detector', 'ONNX file of a detector', dict(required=True)),
        ('--bbox-thr', 'lowest score of a detected box', 0.3),
        ('--max-persons', 'so many at most', 256),
    ]).parse_args()


def persons_of(args: argparse.Namespace) -> Iterator[Dict[str, np.ndarray]]:
    """What the network gets of each person, at the first scale."""
    parser = PersonParser(Session(args.parser))
    detector = PersonDetector(Session(args.detector))
    for path in args.images:
        image = read_photo(path)
        for box in detector(image, args.bbox_thr):
            yield dict(crops=parser.crop(image, parser.pad(box[None])[:, 0]))


def quantize(args: argparse.Namespace) -> bytes:
    onnx = import_optional('onnx', 'quantizing')
    tools = import_optional('onnxruntime.quantization', 'quantizing')
    import_optional('sympy', 'quantizing')
    persons = islice(persons_of(args), args.max_persons)
    first = next(persons, None)
    if first is None:
        raise InputError(f'{args.detector} finds nobody in the images')
    persons = chain([first], persons)

    class Persons(tools.CalibrationDataReader):

        def get_next(self) -> Optional[Dict[str, np.ndarray]]:
            return next(persons, None)

    with TemporaryDirectory() as folder:
        prepared, out = osp.join(folder, 'a.onnx'), osp.join(folder, 'b.onnx')
        tools.quant_pre_process(args.parser, prepared)
        # Unsigned activations are what CPUs multiply fastest.
        tools.quantize_static(
            prepared,
            out,
            Persons(),
            per_channel=True,
            activation_type=tools.QuantType.QUInt8)
        return onnx.load(out).SerializeToString()


def main() -> None:
    args = parse_args()
    if not args.out.endswith('.onnx'):
        raise InputError(f'{args.out} must end with .onnx')
    check_writable(args.out)
    model = quantize(args)
    write_bytes(args.out, model)
    print(f'{args.out} is written: {len(model) / 2**20:.1f} MiB')


if __name__ == '__main__':
    run_tool(main)
