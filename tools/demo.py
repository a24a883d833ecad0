# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The main job on drawn people: data, detector, parser, test, pictures.

Runs the commands that a user would type, and prints each of them. Everything
is left in work_dirs/demo.
"""
import argparse
import json
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.common.cli import plain_parser, run_tool
from tools.common.jobs import Commands, num_threads

DETECTOR = 'configs/demo/fcos_r18_fpn_1xb8-10e_synthetic-person.py'
PARSER = 'configs/demo/qanet_r18_fpn_1xb8-20e_synthetic-128x96.py'
OUT = Path('work_dirs/demo')  # the demo configs read it
DATA, RESULTS = OUT / 'data', OUT / 'results.json'


def parse_args() -> argparse.Namespace:
    return plain_parser(__doc__, [
        ('--images', 'scenes to train on', 320),
        ('--val-images', 'held-out scenes', 48),
        ('--pictures', None, 12),
        ('--seed', None, 0),
    ]).parse_args()


def train_both(commands: Commands, seed: int, threads: int) -> Tuple[str, str]:
    """Train detector and parser side by side; return their checkpoints.

    Two networks with half of the cores each are faster than one after the
    other with all of them. The detector ends by detecting people.
    """

    def train(title: str, name: str, config: str, setting: str,
              **log: Any) -> None:
        commands.run(
            title,
            'tools/train.py',
            config,
            '--work-dir',
            OUT / name,
            '--cfg-options',
            f'randomness.seed={seed}',
            setting,
            threads=threads,
            **log)

    commands.run_jobs(
        [
            partial(
                train,
                'train the detector and detect people',
                'detector',
                DETECTOR,
                f'val_evaluator.outfile_prefix={OUT}/val',
                log=OUT / 'detector.log'),
            partial(train, 'train the parser', 'parser', PARSER,
                    'train_cfg.val_begin=1000'),  # what comes next tests it
        ],
        2)
    return tuple((OUT / name / 'last_checkpoint').read_text().strip()
                 for name in ('detector', 'parser'))


def test(commands: Commands, parser: str, threads: int) -> None:
    """Parse the detected people of the held-out scenes."""
    commands.run(
        'parse the detected people',
        'tools/test.py',
        PARSER,
        parser,
        '--work-dir',
        OUT / 'parser',
        '--out',
        RESULTS,
        '--cfg-options',
        f'test_dataloader.dataset.bbox_file={OUT}/val.bbox.json',
        threads=threads)


def paint(commands: Commands, detector: str, parser: str, count: int,
          threads: int) -> None:
    """Find, parse and draw the people of some held-out scenes."""
    photos, inferred = OUT / 'photos', OUT / 'inference'
    photos.mkdir()
    pictures = sorted((DATA / 'Validation/Images').glob('*.jpg'))
    for picture in pictures[:count]:
        shutil.copy(picture, photos)
    commands.run(
        'paint pictures',
        'tools/infer.py',
        photos,
        '--model',
        PARSER,
        '--weights',
        parser,
        '--det-model',
        DETECTOR,
        '--det-weights',
        detector,
        '--bbox-thr',
        0.2,
        '--out-dir',
        inferred,
        threads=threads,
        log=OUT / 'inference.log')
    shutil.move(str(inferred / 'vis'), str(OUT / 'vis'))


def evaluate(commands: Commands, ranking: str, name: str, *options:
             object) -> float:
    """Evaluate the results file, without a network; return AP^r."""
    out = OUT / name
    commands.run(f'the same results ranked by {ranking}',
                 'tools/analysis_tools/eval_parsing.py', RESULTS, '--ann-file',
                 DATA / 'annotations/CIHP_val.json', '--data-root',
                 DATA / 'Validation', '--out', out, *options)
    return json.loads(out.read_text())['parsing/APr']


def main() -> None:
    args = parse_args()
    commands = Commands()
    for name in ('data', 'photos', 'inference', 'vis'):
        shutil.rmtree(OUT / name, ignore_errors=True)
    commands.run('draw people', 'tools/dataset_converters/synthetic.py', DATA,
                 '--images', args.images, '--val-images', args.val_images,
                 '--seed', args.seed, '--people', 2, 4)
    share = max(1, num_threads() // 2)
    detector, parser = train_both(commands, args.seed, share)
    commands.run_jobs([
        partial(test, commands, parser, share),
        partial(paint, commands, detector, parser, args.pictures, share)
    ], 2)
    box_only = evaluate(commands, 'the box score only',
                        'metrics_box-score.json', '--quality-weights', 1, 0, 0)
    quality = evaluate(commands, 'quality (QAM)', 'metrics.json')

    print(
        f'\nAP^r {box_only:.1f} by the box score alone, {quality:.1f} by the '
        f'quality score\nnumbers:  {OUT}/metrics.json\nresults:  {RESULTS}\n'
        f'pictures: {OUT}/vis\n'
        f'done in {time.time() - commands.start:.0f} s')


if __name__ == '__main__':
    run_tool(main)
