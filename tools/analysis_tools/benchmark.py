# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Measure how fast parts of the plugin are.

``benchmark.py metrics`` draws a data set of label maps and predictions (plain
shapes, the label set of CIHP) and evaluates it, from the results file to
``metrics.json``, in one process. ``benchmark.py process`` gives the same
predictions to the metric of a validation run, image by image. ``--copies``
lists every image that many times, so that thousands of images cost no
drawing.
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

from benchmark_scenes import LABEL_FOLDERS, NUM_CLASSES, draw_dataset

from projects.qanet.evaluation.functional import (PROTOCOLS, SUMMARY_KEYS,
                                                  ParsingEvaluator,
                                                  read_scores, write_metrics)
from projects.qanet.evaluation.functional.image_statistics import (
    ImageStatistics, measure_overlaps, reduce_image)
from projects.qanet.ground_truth import read_label_runs
from projects.qanet.structures import ParsingInstances, read_results
from tools.common.cli import run_tool


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
        truth = watch.run('read label maps', read_label_runs, image,
                          str(folder), NUM_CLASSES)
        runs = watch.run('decode masks', evaluator.decode, image_id, mine,
                         places)
        overlaps = watch.run('cut segments, IoUs', measure_overlaps, image,
                             truth, runs, NUM_CLASSES)
        scores = watch.run('scores', read_scores, mine, NUM_CLASSES)
        statistics.append(
            watch.run('suppress, paint, count', reduce_image, overlaps, scores,
                      evaluator.protocol))
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


def draw_if_missing(args: argparse.Namespace, folder: Path) -> Path:
    """Draw the data set, unless the folder has one already.

    Args:
        args (argparse.Namespace): The command line.
        folder (Path): Where it is or will be.

    Returns:
        Path: The folder.
    """
    if not (folder / 'results.json').is_file():
        draw_dataset(folder, args.images, args.persons, tuple(args.size),
                     args.copies, args.seed)
    return folder


def benchmark_metrics(args: argparse.Namespace) -> None:
    """Draw, measure and report.

    Args:
        args (argparse.Namespace): The command line.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = draw_if_missing(args, Path(args.folder or name))
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


def benchmark_process(args: argparse.Namespace) -> None:
    """Measure what validation spends on an image in ``ParsingMetric``.

    Args:
        args (argparse.Namespace): The command line.
    """
    # Imported here: everything else works without OpenMMLab.
    from projects.qanet.evaluation.metrics import ParsingMetric
    with tempfile.TemporaryDirectory() as name:
        folder = draw_if_missing(args, Path(args.folder or name))
        info, records = read_results(str(folder / 'results.json'))
        ann_file = str(folder / 'val.json')
        evaluator = ParsingEvaluator(ann_file, str(folder), info['classes'])
        samples = []
        for image_id, mine, _ in evaluator.group(records):
            image = evaluator.images[image_id]
            persons = ParsingInstances.from_records(mine, image.size,
                                                    NUM_CLASSES)
            samples.append(
                dict(
                    img_id=image_id,
                    img_path=image.file_name,
                    ori_shape=image.size[::-1],
                    pred_instances=persons))
        for out_file in (None, str(folder / 'out.json')):
            metric = ParsingMetric(
                ann_file,
                str(folder),
                protocol=args.protocol,
                out_file=out_file)
            metric.dataset_meta = dict(classes=info['classes'])
            seconds = [
                fastest(args.repeat, metric.process, None, [sample])
                for sample in samples
            ]
            print(f'{"with" if out_file else "without"} out_file: '
                  f'{1e3 * np.median(seconds):.2f} ms an image (median)')


def parse_args() -> argparse.Namespace:
    """Read the command line.

    Returns:
        argparse.Namespace: The options.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    metrics = commands.add_parser('metrics', help='the offline evaluator')
    metrics.add_argument(
        '--reference',
        type=float,
        default=0,
        help='seconds that another evaluator takes on such a set')
    metrics.set_defaults(function=benchmark_metrics)
    process = commands.add_parser('process', help='the metric in validation')
    process.set_defaults(function=benchmark_process)
    for command in (metrics, process):
        command.add_argument('--images', type=int, default=60)
        command.add_argument('--persons', type=int, default=225)
        command.add_argument(
            '--size',
            type=int,
            nargs=2,
            default=(600, 800),
            metavar=('W', 'H'))
        command.add_argument('--copies', type=int, default=1)
        command.add_argument('--seed', type=int, default=0)
        command.add_argument('--repeat', type=int, default=5)
        command.add_argument(
            '--protocol', default='released', choices=sorted(PROTOCOLS))
        command.add_argument(
            '--folder', help='keep the data set here and use it again')
    return parser.parse_args()


def main() -> None:
    """Run the chosen benchmark."""
    args = parse_args()
    args.function(args)


if __name__ == '__main__':
    run_tool(main)
