# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Convert results of human parsing; needs no torch.

``to-dump`` paints a results file (JSON) as the challenges want it: a folder
with global_parsing/, instance_segmentation/ and instance_parsing/, and with
``--zip`` the archive to submit.

``to-json`` makes a results file of a dump, of what the format has kept: the
pixels of each person that no better one covers, and the scores. Lost are
covered pixels, persons who were suppressed, covered or scored too low, the
ingredients of the scores, the global map and images in which nobody is
visible. So AP^r and AP^h stay the same (if every image shows somebody and at
most 254 parts), but mIoU, AP^p and PCP do not, and scores cannot be fused
again. To evaluate a dump, give it to eval_parsing.py as it is.
"""
import argparse
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.qanet.evaluation.dumps import (DUMP_FOLDERS, dump_to_records,
                                             find_dumped_images,
                                             make_submission, paint_dump,
                                             read_dump, write_dump)
from projects.qanet.evaluation.functional import Thresholds, get_protocol
from projects.qanet.ground_truth import (ImageInfo, check_label_names,
                                         load_persons)
from projects.qanet.structures import read_results_document, write_results
from projects.qanet.utils.errors import InputError
from tools.common.cli import add_arguments, make_parser, run_tool
from tools.common.evaluation_arguments import (IMG_SUBDIR, PROTOCOL, WEIGHTS,
                                               numbered)

IMAGE_KEYS = ('id', 'file_name', 'width', 'height')


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    dump = commands.add_parser('to-dump', help='results file to dump')
    add_arguments(dump, [
        ('source', 'results file'),
        ('target', 'folder to write the dump to'),
        ('--ann-file', 'COCO style annotations with the images; without it '
         'the results file must list them'),
        *PROTOCOL,
        WEIGHTS,
        ('--all-images', 'write empty maps for images without predictions, '
         'which the released system leaves out', False),
        ('--zip', 'also pack what the multi-person challenge wants; '
         'mp_results.zip beside the dump if no file is said',
         dict(nargs='?', const='', metavar='FILE')),
    ])
    dump.set_defaults(function=convert_to_dump)
    results = commands.add_parser('to-json', help='dump to results file')
    add_arguments(results, [
        ('source', 'folder of the dump'),
        ('target', 'results file to write'),
        ('--ann-file', None, dict(required=True)),
        ('--num-classes', 'with the background', dict(type=int,
                                                      required=True)),
    ])
    results.set_defaults(function=convert_to_json)
    for command in (dump, results):
        add_arguments(command, [IMG_SUBDIR])
    return parser.parse_args()


def list_images(images: Sequence[Dict[str, Any]]) -> Dict[int, ImageInfo]:
    """Names and sizes by id, ids ascending; persons do not matter here."""
    rows = sorted([image[key] for key in IMAGE_KEYS] for image in images)
    return {row[0]: ImageInfo(*row, ()) for row in rows}


def convert_to_dump(args: argparse.Namespace) -> None:
    info, records, listed = read_results_document(args.source)
    if args.ann_file:
        listed = load_persons(args.ann_file, ('image_id', ))['images']
    elif listed is None:
        raise InputError(f'{args.source} does not list its images, '
                         '--ann-file is needed')
    images = list_images(listed)
    for name in DUMP_FOLDERS:
        if (Path(args.target) / name).exists():
            raise InputError(f'{args.target} holds a dump already, files of '
                             'both would mix')
    groups: Dict[int, List[int]] = {}
    for position, record in enumerate(records):
        if record['image_id'] not in images:
            raise InputError(
                f'{args.source}: results[{position}]: the image id '
                f'{record["image_id"]} is not in '
                f'{args.ann_file or "the list of images"}')
        groups.setdefault(record['image_id'], []).append(position)
    chosen = images if args.all_images else sorted(groups)
    check_label_names((images[image_id].file_name for image_id in chosen),
                      args.ann_file or args.source)
    for image_id in chosen:
        mine = groups.get(image_id, [])
        dump = paint_dump(images[image_id], [records[i] for i in mine],
                          info['num_classes'], args.quality_weights,
                          get_protocol(args.protocol),
                          Thresholds(nms_iou=args.nms_thr),
                          [f'{args.source}: results[{i}]' for i in mine])
        write_dump(args.target, images[image_id], dump, args.img_subdir)
    print(f'Wrote {len(chosen)} images to {args.target}')
    if args.zip is not None:
        path = args.zip or str(Path(args.target).parent / 'mp_results.zip')
        count = make_submission(args.target, path)
        print(f'Packed {count} files into {path}')


def convert_to_json(args: argparse.Namespace) -> None:
    images = list_images(load_persons(args.ann_file, ('image_id', ))['images'])
    found = find_dumped_images(args.source, images, img_subdir=args.img_subdir)
    if not found:
        raise InputError(f'{args.source} has no image of {args.ann_file}')
    records: List[Dict[str, Any]] = []
    for image_id in found:
        dump = read_dump(
            args.source,
            images[image_id],
            args.num_classes,
            img_subdir=args.img_subdir)
        records += dump_to_records(images[image_id], dump, args.num_classes)
    write_results(
        args.target,
        records,
        numbered(args.num_classes),
        quality_weights=None,
        pixel_score_thr=None,
        images=[dict(zip(IMAGE_KEYS, images[image_id])) for image_id in found])
    print(f'Wrote {len(records)} persons of {len(found)} images to '
          f'{args.target}\nLost: covered pixels and persons, suppressed '
          'persons, the ingredients of the scores, the global map. mIoU, '
          'AP^p and PCP of this file are not those of the dumped system.')


def main() -> None:
    args = parse_args()
    args.function(args)


if __name__ == '__main__':
    run_tool(main)
