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
from pathlib import Path
from typing import Dict, List, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.common.cli import run_tool
from tools.common.jobs import Commands

DETECTOR = 'configs/demo/fcos_r18_fpn_1xb8-10e_synthetic-person.py'
PARSER = 'configs/demo/qanet_r18_fpn_1xb16-18e_synthetic-128x96.py'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--images', type=int, default=320, help='scenes to train on')
    parser.add_argument(
        '--val-images', type=int, default=48, help='held-out scenes')
    parser.add_argument('--pictures', type=int, default=12)
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


class Demo:
    """The steps of the demo, in the order in which they run."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.out = Path('work_dirs/demo')  # the demo configs read it
        self.data = self.out / 'data'
        self.commands = Commands()

    def draw(self) -> None:
        """Draw the training and the held-out scenes."""
        if self.data.is_dir():
            shutil.rmtree(self.data)
        self.commands.run('draw people',
                          'tools/dataset_converters/synthetic.py', self.data,
                          '--images', self.args.images, '--val-images',
                          self.args.val_images, '--seed', self.args.seed,
                          '--people', 2, 4)

    def train(self, name: str, config: str) -> Path:
        """Train one of the two networks."""
        work_dir = self.out / name
        seed = f'randomness.seed={self.args.seed}'
        self.commands.run(f'train the {name}', 'tools/train.py', config,
                          '--work-dir', work_dir, '--cfg-options', seed)
        return Path((work_dir / 'last_checkpoint').read_text().strip())

    def test(self, detector: Path, parser: Path) -> None:
        """Two-stage test: detected boxes, then the parser on them."""
        boxes = self.out / 'val'
        self.commands.run('detect people', 'tools/test.py', DETECTOR, detector,
                          '--work-dir', self.out / 'detector', '--cfg-options',
                          f'test_evaluator.outfile_prefix={boxes}')
        self.commands.run(
            'parse the detected people', 'tools/test.py', PARSER, parser,
            '--work-dir', self.out / 'parser', '--out',
            self.out / 'results.json', '--cfg-options',
            f'test_dataloader.dataset.bbox_file={boxes}.bbox.json')

    def evaluate(self, title: str, out: Path,
                 weights: Sequence[float] = ()) -> Dict[str, float]:
        """Evaluate the results file, without a network."""
        arguments: List = [
            self.out / 'results.json', '--ann-file',
            self.data / 'annotations/CIHP_val.json', '--data-root',
            self.data / 'Validation', '--out', out
        ]
        if weights:
            arguments += ['--quality-weights', *weights]
        self.commands.run(title, 'tools/analysis_tools/eval_parsing.py',
                          *arguments)
        return json.loads(out.read_text())

    def paint(self, detector: Path, parser: Path) -> None:
        """Parse some held-out pictures as a user would."""
        photos, inferred = self.out / 'photos', self.out / 'inference'
        for folder in (photos, inferred, self.out / 'vis'):
            shutil.rmtree(folder, ignore_errors=True)
        photos.mkdir()
        pictures = sorted((self.data / 'Validation/Images').glob('*.jpg'))
        for picture in pictures[:self.args.pictures]:
            shutil.copy(picture, photos)
        self.commands.run('paint pictures', 'tools/infer.py', photos,
                          '--model', PARSER, '--weights', parser,
                          '--det-model', DETECTOR, '--det-weights', detector,
                          '--bbox-thr', 0.2, '--out-dir', inferred)
        shutil.move(str(inferred / 'vis'), str(self.out / 'vis'))


def main() -> None:
    """Run all steps."""
    demo = Demo(parse_args())
    demo.draw()
    detector = demo.train('detector', DETECTOR)
    parser = demo.train('parser', PARSER)
    demo.test(detector, parser)
    box_only = demo.evaluate('the same results ranked by the box score only',
                             demo.out / 'metrics_box-score.json', (1, 0, 0))
    metrics = demo.evaluate('the same results ranked by quality (QAM)',
                            demo.out / 'metrics.json')
    demo.paint(detector, parser)

    key = 'parsing/APr'
    print(f'\nAP^r {box_only[key]:.1f} by the box score alone, '
          f'{metrics[key]:.1f} by the quality score')
    print(f'numbers:  {demo.out}/metrics.json\nresults:  '
          f'{demo.out}/results.json\npictures: {demo.out}/vis\n'
          f'done in {time.time() - demo.commands.start:.0f} s')


if __name__ == '__main__':
    run_tool(main)
