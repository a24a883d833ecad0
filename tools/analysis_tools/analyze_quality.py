# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Is the quality score any good? A report on a results file.

Writes OUT/quality.html, one file with all plots in it, and OUT/quality.json
with the figures. Needs no network, except for --figure2.
"""
import argparse
import sys
from pathlib import Path
from typing import Dict

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.evaluation.analysis import QualityStudy, study_quality
from projects.qanet.evaluation.analysis.pictures import (PictureBook,
                                                         choose_persons,
                                                         plot_confidence)
from projects.qanet.evaluation.analysis.report import (build_report,
                                                       study_document)
from projects.qanet.evaluation.functional import Thresholds
from projects.qanet.structures import read_results
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable, write_text
from projects.qanet.utils.json_values import write_json
from tools.common.cli import add_arguments, plain_parser, run_tool
from tools.common.evaluation_arguments import (PROTOCOL, TRUTH, WEIGHTS,
                                               classes_of, make_evaluator)


def parse_args() -> argparse.Namespace:
    parser = plain_parser(__doc__, [
        ('results', 'results file, JSON'),
        *TRUTH,
        *PROTOCOL,
        WEIGHTS,
        ('--out-dir', 'folder to write to', dict(required=True)),
        ('--box-score-thr', 'leave persons with a lower box score out of '
         'correlation and calibration; AP keeps them', 0.0),
        ('--num-bins', 'of reliability diagrams', 10),
        ('--num-worst', 'persons in each gallery', 12),
        ('--figure1', 'show the part scores of persons of these images; by '
         'default of four persons with many parts',
         dict(type=int, nargs='+', metavar='IMAGE_ID')),
    ])
    group = parser.add_argument_group('high-confidence masks',
                                      'run the network on single images')
    add_arguments(group, [
        ('--figure2', 'show where the network is sure of a person of these '
         'images; the box comes from the results file',
         dict(type=int, nargs='+', metavar='IMAGE_ID')),
        ('--model', 'config of the parser'),
        ('--weights', 'checkpoint of the parser'),
        ('--device', 'default: cuda if there is one'),
        ('--confidence-thrs', 'thresholds of the masks',
         dict(type=float, nargs='+', default=[0.4, 0.6, 0.8], metavar='T')),
    ])
    args = parser.parse_args()
    if args.figure2 and not (args.model and args.weights):
        parser.error('--figure2 needs --model and --weights')
    return args


def draw_confidence(args: argparse.Namespace, study: QualityStudy,
                    book: PictureBook) -> Dict[str, bytes]:
    """Run the network; a PNG file for each ``--figure2``, by its caption."""
    if not args.figure2:
        return {}
    chosen = []
    for image_id in args.figure2:
        photo = book.read_photo(image_id)
        if photo is None:
            raise InputError(f'--figure2 {image_id}: there is no '
                             f'{book.evaluator.image_path(image_id)}')
        persons = choose_persons(study, image_ids=[image_id])
        if not len(persons):
            raise InputError(f'--figure2 {image_id}: the results file has '
                             'no person there that is annotated')
        chosen.append((image_id, int(persons[0].positions), photo))
    # Imported here: everything else works without torch and OpenMMLab.
    from projects.qanet.apis import HumanParsingInferencer
    from projects.qanet.apis.confidence import predict_confidence
    inferencer = HumanParsingInferencer(
        args.model, args.weights, device=args.device)
    pictures = {}
    for image_id, position, photo in chosen:
        box = np.array(book.records[image_id][position]['bbox'])
        box[2:] += box[:2]
        person, = predict_confidence(inferencer,
                                     np.ascontiguousarray(photo[..., ::-1]),
                                     box[None])
        pictures[f'image {image_id}, person {position + 1}'] = plot_confidence(
            photo, person, book.palette, args.confidence_thrs)
    return pictures


def main() -> None:
    args = parse_args()
    out = Path(args.out_dir)
    check_writable(str(out / 'quality.json'))
    info, records = read_results(args.results)
    scores = (record['bbox_score'] for record in records)
    if not any(score is None or score >= args.box_score_thr
               for score in scores):
        raise InputError(
            f'{args.results}: none of {len(records)} persons has a box score '
            f'of at least {args.box_score_thr}, there is nothing to study')
    evaluator = make_evaluator(
        args,
        classes_of(info),
        quality_weights=args.quality_weights,
        thresholds=Thresholds(nms_iou=args.nms_thr))
    study = study_quality(
        evaluator,
        records,
        args.num_worst,
        box_score_thr=args.box_score_thr,
        source=f'{args.results}: results')
    book = PictureBook(evaluator, records)
    page = build_report(study, book,
                        f'Quality scores of {Path(args.results).name}',
                        args.num_bins, args.figure1,
                        draw_confidence(args, study, book))
    write_json(
        str(out / 'quality.json'), study_document(study, args.num_bins), 1)
    write_text(str(out / 'quality.html'), page)
    print(f'the report is {out / "quality.html"}, the figures are in '
          f'{out / "quality.json"}')


if __name__ == '__main__':
    run_tool(main)
