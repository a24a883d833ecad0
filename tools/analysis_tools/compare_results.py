# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Compare methods on the same images: metrics, intervals and pictures.

Takes results files (JSON) and dumps (folders), the first of which the others
are compared with. Prints a table and writes OUT/comparison.json (all figures),
OUT/comparison.html (table and pictures) and OUT/comparison.png (the pictures).

Intervals come from a paired bootstrap: images are drawn with replacement, the
same for all methods, and the metrics computed again from what each image
contributes. Pictures (photo, ground truth, each method's global map) are
sorted by where the methods differ most: by the spread, largest minus smallest,
of the mean IoU over the parts that truth or prediction show in the image.
"""
import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.evaluation.analysis.comparison import (Method,
                                                           compare_methods,
                                                           comparison_document,
                                                           format_comparison,
                                                           warn_of_images)
from projects.qanet.evaluation.analysis.comparison_report import (
    ReadMaps, build_comparison_page, draw_figure, draw_rows, paint_records,
    read_dumped_maps)
from projects.qanet.evaluation.analysis.pictures import PictureBook
from projects.qanet.evaluation.dumps import DUMP_METRICS, reduce_dump
from projects.qanet.evaluation.functional import draw_counts
from projects.qanet.structures import read_results
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable, write_bytes, write_text
from projects.qanet.utils.json_values import write_json
from tools.common.cli import make_parser, run_tool
from tools.common.evaluation_arguments import (RESULTS, TRUTH, check_classes,
                                               make_dump_evaluator,
                                               make_file_evaluator)

Loaded = Dict[str, Tuple[dict, List[dict]]]  # info and records by path


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__, [
        ('results', 'results files (JSON) or dumps (folders), two at least',
         dict(nargs='+', metavar='RESULTS')),
        *TRUTH,
        ('--out-dir', 'folder to write to', dict(required=True)),
        ('--names', 'of the methods; by default those of their files',
         dict(nargs='+', metavar='NAME')),
        ('--num-images', 'images to show', 12),
        ('--bootstrap', 'samples of the bootstrap', 1000),
        ('--seed', 'of the bootstrap', 0),
        *RESULTS,
    ])
    args = parser.parse_args()
    if len(args.results) < 2:
        parser.error('there must be two results at least')
    if args.num_images < 0:
        parser.error(f'--num-images must be >= 0, not {args.num_images}')
    return args


def name_methods(args: argparse.Namespace) -> Dict[str, str]:
    """Paths by name: what was said, else names of files, or with folders."""
    paths = [Path(path).absolute() for path in args.results]
    stems = [p.name if p.is_dir() else p.stem for p in paths]
    names = args.names or stems
    if not args.names and len(set(stems)) < len(stems):
        names = [f'{path.parent.name}/{s}' for path, s in zip(paths, stems)]
    if len(names) != len(paths) or len(set(names)) < len(names):
        raise InputError(f'--names must give {len(paths)} different names, '
                         f'not {", ".join(names)}')
    return dict(zip(names, args.results))


def find_classes(args: argparse.Namespace,
                 loaded: Loaded) -> Optional[Sequence[str]]:
    """The classes of all results files, those with names first; or None."""
    classes, first = None, None
    # Files that name their classes come first.
    for path, (info, _) in sorted(
            loaded.items(), key=lambda item: not item[1][0].get('classes')):
        mine = check_classes(args, path, info)
        if first is None:
            classes, first = mine, path
        if len(mine) != len(classes):
            raise InputError(f'{path} has {len(mine)} classes, but {first} '
                             f'has {len(classes)}: they cannot be compared')
        if info.get('classes') and list(mine) != list(classes):
            raise InputError(f'{path} and {first} have classes of other '
                             'names: they cannot be compared')
    return classes


def measure_file(args: argparse.Namespace, path: str, records: List[dict],
                 classes: Sequence[str]) -> Tuple[Method, ReadMaps]:
    evaluator = make_file_evaluator(args, classes)
    if not records:
        print(f'warning: {path} has no person', file=sys.stderr)
    statistics = evaluator.reduce(
        records, args.num_workers, source=f'{path}: results')
    mine = {image_id: found for image_id, found, _ in evaluator.group(records)}
    return Method(evaluator, statistics), lambda image_id: paint_records(
        evaluator, mine[image_id], image_id)


def measure_dump(args: argparse.Namespace, path: str,
                 classes: Optional[Sequence[str]]) -> Tuple[Method, ReadMaps]:
    evaluator = make_dump_evaluator(args, path, classes)
    if 'mIoU' not in evaluator.metrics:
        raise InputError(f'{path} has no folder {DUMP_METRICS["mIoU"]}, which '
                         'the images are sorted by and the pictures show')
    statistics = reduce_dump(evaluator, path, args.num_workers)
    return Method(evaluator, statistics), partial(read_dumped_maps, evaluator,
                                                  path)


def main() -> None:
    args = parse_args()
    out = Path(args.out_dir)
    check_writable(str(out / 'comparison.json'))
    draw_counts(1, args.bootstrap, args.seed)  # refuses what is wrong at once
    sources = name_methods(args)
    loaded = {
        path: read_results(path)
        for path in args.results if not os.path.isdir(path)
    }
    classes = find_classes(args, loaded)
    methods, readers, predicted = {}, {}, {}
    for name, path in sources.items():
        methods[name], readers[name] = (
            measure_file(args, path, loaded[path][1], classes)
            if path in loaded else measure_dump(args, path, classes))
        predicted[name] = {
            image.image_id
            for image in methods[name].statistics if image.has_predictions
        }
    comparison = compare_methods(methods, args.bootstrap, args.seed)
    print(f'Protocol: {args.protocol}\n{format_comparison(comparison)}')
    book = PictureBook(next(iter(methods.values())).evaluator, [])
    warning = warn_of_images(comparison, book.evaluator.protocol)
    if warning:
        print(f'warning: {warning}', file=sys.stderr)
    rows = draw_rows(comparison, readers, predicted, book, args.num_images)
    page = build_comparison_page(comparison, rows, book,
                                 f'Comparison of {", ".join(sources)}',
                                 sources)
    write_json(
        str(out / 'comparison.json'),
        dict(
            protocol=args.protocol,
            methods=sources,
            **comparison_document(comparison)), 1)
    write_text(str(out / 'comparison.html'), page)
    if rows:
        write_bytes(str(out / 'comparison.png'), draw_figure(comparison, rows))
    print(f'Wrote {out / "comparison.json"}, {out / "comparison.html"}' +
          (f' and {out / "comparison.png"}' if rows else ''))


if __name__ == '__main__':
    run_tool(main)
