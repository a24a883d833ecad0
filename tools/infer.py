# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parse the persons in photos, folders and videos.

Leaves OUT/vis/, OUT/results.json and, on request, label PNGs in
OUT/Category_ids and OUT/Human_ids, and OUT/densepose.json. The exit code is 1
if an input could not be decoded, or not wholly, and 2 if nothing can be done.
"""
import argparse
import os.path as osp
import signal
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '..')))

from projects.qanet.utils.errors import InputError
from tools.common.cli import plain_parser, run_tool

# Arguments of the inferencer, and of its call, that have their names.
SETTINGS = ('model', 'weights', 'det_model', 'det_weights', 'det_cat_ids',
            'bbox_thr', 'nms_thr', 'score_thr', 'device', 'quality_weights')
CALL = ('out_dir', 'batch_size', 'save_label_maps', 'save_densepose',
        'no_save_vis', 'show', 'wait_time')
# Arguments of the visualizer that not every parser has.
SURFACE = ('surface', 'atlas')


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('inputs', "image, video, folder of both, or quoted pattern ('*.jpg')",
         dict(metavar='INPUT', nargs='+')),
        ('--model', 'config of the parser, or its ONNX file',
         dict(required=True)),
        ('--weights', 'checkpoint of the parser; an ONNX file needs none'),
        ('--det-model', 'config of any mmdet detector; mmdet::... for one of '
         "mmdet's"),
        ('--det-weights', 'checkpoint of the detector'),
        ('--det-cat-ids', 'labels of the detector that are persons',
         dict(type=int, nargs='+', default=[0])),
        ('--bbox', 'box of a person in pixels, instead of a detector; once '
         'for each person of a single image',
         dict(
             type=float,
             nargs=4,
             action='append',
             metavar=('X1', 'Y1', 'X2', 'Y2'))),
        ('--out-dir', 'folder for pictures and results', dict(required=True)),
        ('--device', 'default: cuda if there is one'),
        ('--bbox-thr', 'lowest score of a detected box', 0.3),
        ('--score-thr', 'lowest quality score of a person that is drawn', 0.0),
        ('--nms-thr', 'persons who agree this much are drawn once', 0.6),
        ('--quality-weights', 'weights of box, IoU and pixel score, default: '
         "the config's", dict(type=float, nargs=3, metavar=('A', 'B', 'G'))),
        ('--batch-size', None, 1),
        ('--save-label-maps', 'write label PNGs', False),
        ('--save-densepose', "write dense poses in the challenge's format",
         False),
        ('--no-save-vis', 'write the results, but no pictures', False),
        ('--show', 'show each picture in a window', False),
        ('--wait-time', 'seconds that a window stays, 0 for ever', 0.0),
        ('--show-part-scores', 'write part scores into the legend', False),
        ('--surface', 'how dense pose is drawn: patches, the default, lines '
         'of equal U and V, or the texture of --atlas',
         dict(choices=['patches', 'contours', 'texture'])),
        ('--atlas', 'picture of 4 x 6 squares (across x down), one for each '
         'patch, laid out as the atlases of DensePose'),
    ]).parse_args()


def main() -> None:
    args = parse_args()
    # What is there when a cluster or a service ends the process is kept.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Here, for it takes seconds, in which Ctrl-C is no defect either.
    from projects.qanet.apis import HumanParsingInferencer
    from projects.qanet.apis.parser_builder import is_onnx
    if args.weights is None and not is_onnx(args.model):
        raise InputError('--weights is missing: only an ONNX file holds its '
                         f'own, and --model is {args.model}')
    if args.det_model is not None and args.det_weights is None:
        raise InputError('--det-model needs --det-weights')
    settings = vars(args)
    surface = {
        name: settings[name]
        for name in SURFACE if settings[name] is not None
    }
    inferencer = HumanParsingInferencer(
        visualizer=dict(show_part_scores=args.show_part_scores, **surface),
        **{name: settings[name]
           for name in SETTINGS})
    skipped = inferencer(
        args.inputs,
        bboxes=args.bbox,
        return_predictions=False,
        **{name: settings[name]
           for name in CALL})['skipped']
    if not args.no_save_vis:
        print(f'pictures are in {osp.join(args.out_dir, "vis")}')
    print(f'results are in {osp.join(args.out_dir, "results.json")}')
    if args.save_densepose:
        print(f'dense poses are in {osp.join(args.out_dir, "densepose.json")}')
    if skipped:
        print(
            f'error: {len(skipped)} inputs are missing there, or not whole; '
            f'the first: {skipped[0][1]}',
            file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    run_tool(main)
