# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Measure how fast parts of the plugin are.

``benchmark.py metrics`` draws a data set of label maps and predictions (plain
shapes, the label set of CIHP) and evaluates it, from the results file to
``metrics.json``, in one process. ``--copies`` lists every image that many
times, so that thousands of images cost no drawing.
"""
import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# isort: off
from projects.qanet.evaluation.functional import (  # noqa: E402
    PROTOCOLS, SUMMARY_KEYS, ImageStatistics, ParsingEvaluator,
    image_statistics, measure_overlaps, read_scores, write_metrics)
from projects.qanet.evaluation.functional.label_maps import (  # noqa: E402
    read_label_runs)
from projects.qanet.evaluation.functional.segments import (  # noqa: E402
    cut_segments)
from projects.qanet.structures import read_results  # noqa: E402
from projects.qanet.structures.record_masks import (  # noqa: E402
    decode_records)
from benchmark_scenes import (  # noqa: E402
    LABEL_FOLDERS, NUM_CLASSES, draw_dataset)
# isort: on


class Stopwatch:
    """Adds up the time that is spent in each stage."""

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = {}

    def run(self, stage: str, function: Callable, *args: object) -> object:
        """Call a function and book its time.

        Args:
            stage (str): Name of the stage.
            function (Callable): What to call.
            *args (object): Its arguments.

        Returns:
            object: What the function returns.
        """
        start = time.perf_counter()
        value = function(*args)
        self.seconds[stage] = (
            self.seconds.get(stage, 0.) + time.perf_counter() - start)
        return value


def evaluate_at_once(folder: Path, protocol: str) -> Dict[str, float]:
    """From the results file to ``metrics.json``, as eval_parsing.py does it.

    Args:
        folder (Path): The drawn data set.
        protocol (str): ``released`` or ``strict``.

    Returns:
        dict[str, float]: The metrics.
    """
    info, records = read_results(str(folder / 'results.json'))
    evaluator = ParsingEvaluator(
        str(folder / 'val.json'),
        str(folder),
        info['classes'],
        protocol=protocol)
    values = evaluator.evaluate(records)
    write_metrics(str(folder / 'metrics.json'), values)
    return values


def evaluate_by_stage(folder: Path, protocol: str) -> Dict[str, float]:
    """The same work, stage by stage.

    Args:
        folder (Path): The drawn data set.
        protocol (str): ``released`` or ``strict``.

    Returns:
        dict[str, float]: Seconds of each stage.
    """
    watch = Stopwatch()
    info, records = watch.run('read and check results', read_results,
                              str(folder / 'results.json'))
    evaluator = watch.run(
        'read annotations', lambda: ParsingEvaluator(
            str(folder / 'val.json'),
            str(folder),
            info['classes'],
            protocol=protocol))
    statistics: List[ImageStatistics] = []
    for image_id, mine, places in evaluator.group(records):
        image = evaluator.images[image_id]
        size = (image.width, image.height)
        truth = watch.run('read label maps', read_label_runs, image,
                          str(folder), NUM_CLASSES)
        persons = watch.run('decode masks', decode_records, mine, size, places)
        segments = watch.run('cut segments', cut_segments, truth, persons,
                             len(mine), size[0] * size[1], NUM_CLASSES)
        overlaps = watch.run('IoU of persons', measure_overlaps, image, truth,
                             segments, NUM_CLASSES)
        scores = watch.run('scores', read_scores, mine, NUM_CLASSES)
        statistics.append(
            watch.run('suppress, paint, count', image_statistics, overlaps,
                      scores, evaluator.protocol))
    values = watch.run('summarize', evaluator.summarize, statistics)
    watch.run('write metrics', write_metrics, str(folder / 'metrics.json'),
              values)
    return watch.seconds


def decode_label_maps(folder: Path) -> None:
    """Only decode what has to be decoded: the floor of the evaluation.

    Args:
        folder (Path): The drawn data set.
    """
    document = json.loads((folder / 'val.json').read_text())
    for image in document['images']:
        for name in LABEL_FOLDERS:
            path = folder / name / image['file_name'].replace('.jpg', '.png')
            with Image.open(path) as file:
                np.asarray(file)


def fastest(repeat: int, function: Callable, *args: object) -> float:
    """Shortest of several runs, in seconds.

    Args:
        repeat (int): Number of runs.
        function (Callable): What to measure.
        *args (object): Its arguments.

    Returns:
        float: Seconds.
    """
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        function(*args)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def benchmark_metrics(args: argparse.Namespace) -> None:
    """Draw, measure and report.

    Args:
        args (argparse.Namespace): The command line.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(args.folder or name)
        if not (folder / 'results.json').is_file():
            draw_dataset(folder, args.images, args.persons, tuple(args.size),
                         args.copies, args.seed)
        floor = fastest(args.repeat, decode_label_maps, folder)
        total = fastest(args.repeat, evaluate_at_once, folder, args.protocol)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        stages = evaluate_by_stage(folder, args.protocol)
        values = json.loads((folder / 'metrics.json').read_text())
    print(f'{args.images * args.copies} images of {args.size[0]}x'
          f'{args.size[1]}, {args.persons * args.copies} persons, '
          f'{args.protocol}')
    for key in SUMMARY_KEYS:
        print(f'  {key:24s} {values[f"parsing/{key}"]:8.2f} %')
    print(f'{"results to metrics.json":26s} {total:8.3f} s')
    print(f'{"decoding the PNG files":26s} {floor:8.3f} s '
          f'(floor; factor {total / floor:.2f})')
    if args.reference:
        print(f'{"faster than the reference":26s} '
              f'{args.reference / total:8.1f} times ({args.reference} s)')
    for stage, seconds in stages.items():
        print(f'  {stage:24s} {seconds:8.3f} s')
    print(f'{"peak memory":26s} {peak:8.0f} MiB')


def parse_args() -> argparse.Namespace:
    """Read the command line.

    Returns:
        argparse.Namespace: The options.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    metrics = commands.add_parser('metrics', help='the offline evaluator')
    metrics.add_argument('--images', type=int, default=60)
    metrics.add_argument('--persons', type=int, default=225)
    metrics.add_argument(
        '--size', type=int, nargs=2, default=(600, 800), metavar=('W', 'H'))
    metrics.add_argument('--copies', type=int, default=1)
    metrics.add_argument('--seed', type=int, default=0)
    metrics.add_argument('--repeat', type=int, default=5)
    metrics.add_argument(
        '--protocol', default='released', choices=sorted(PROTOCOLS))
    metrics.add_argument(
        '--reference',
        type=float,
        default=0,
        help='seconds that another evaluator takes on such a set')
    metrics.add_argument(
        '--folder', help='keep the data set here and use it again')
    metrics.set_defaults(function=benchmark_metrics)
    return parser.parse_args()


def main() -> None:
    """Run the chosen benchmark."""
    args = parse_args()
    args.function(args)


if __name__ == '__main__':
    main()
