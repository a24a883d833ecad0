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
from pathlib import Path
from typing import List

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PIL import Image

from projects.qanet.evaluation.functional import (PROTOCOLS, SUMMARY_KEYS,
                                                  ParsingEvaluator,
                                                  read_scores, write_metrics)
from projects.qanet.evaluation.functional.image_statistics import (
    ImageStatistics, measure_overlaps, reduce_image)
from projects.qanet.ground_truth import read_label_runs
from projects.qanet.structures import ParsingInstances, read_results
from projects.qanet.testing.layout import model_output
from projects.qanet.utils.tables import format_table
from tools.common.benchmark_scenes import NUM_CLASSES, draw_dataset
from tools.common.cli import add_arguments, run_tool
from tools.common.stopwatch import Stopwatch


def make_evaluator(folder: Path, info: dict,
                   protocol: str) -> ParsingEvaluator:
    return ParsingEvaluator(
        str(folder / 'val.json'),
        str(folder),
        info['classes'],
        protocol=protocol)


def evaluate_at_once(folder: Path, protocol: str) -> None:
    """From the results file to ``metrics.json``, as in eval_parsing.py."""
    info, records = read_results(str(folder / 'results.json'))
    evaluator = make_evaluator(folder, info, protocol)
    write_metrics(str(folder / 'metrics.json'), evaluator.evaluate(records))


def evaluate_by_stage(folder: Path, protocol: str) -> Stopwatch:
    watch = Stopwatch()
    info, records = watch.run('read and check results', read_results,
                              str(folder / 'results.json'))
    evaluator = watch.run('read annotations', make_evaluator, folder, info,
                          protocol)
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
    return watch


def decode_label_maps(folder: Path) -> None:
    """Only decode what has to be decoded: the floor of the evaluation."""
    for path in folder.glob('*_ids/*.png'):
        with Image.open(path) as file:
            np.asarray(file)


def benchmark_metrics(args: argparse.Namespace, folder: Path) -> None:
    watch = Stopwatch()
    for _ in range(args.repeat):
        watch.run('floor', decode_label_maps, folder)
        watch.run('total', evaluate_at_once, folder, args.protocol)
    floor, total = (min(watch.seconds[name]) for name in ('floor', 'total'))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    stages = evaluate_by_stage(folder, args.protocol).seconds
    values = json.loads((folder / 'metrics.json').read_text())
    truth = json.loads((folder / 'val.json').read_text())
    images = truth['images']
    print(f'{len(images)} images of {images[0]["width"]}x'
          f'{images[0]["height"]}, {len(truth["annotations"])} persons, '
          f'{args.protocol}')
    rows = [(key, f'{values[f"parsing/{key}"]:.2f} %') for key in SUMMARY_KEYS]
    rows += [('results to metrics.json', f'{total:.3f} s'),
             ('decoding the PNG files (floor)', f'{floor:.3f} s'),
             ('factor over the floor', f'{total / floor:.2f}')]
    if args.reference:
        rows.append((f'faster than the reference ({args.reference} s)',
                     f'{args.reference / total:.1f} times'))
    rows += [(f'  {stage}', f'{sum(seconds):.3f} s')
             for stage, seconds in stages.items()]
    rows.append(('peak memory', f'{peak:.0f} MiB'))
    print(format_table(['', 'measured'], rows))


def benchmark_process(args: argparse.Namespace, folder: Path) -> None:
    """Measure what validation spends on an image in ``ParsingMetric``."""
    # Imported here: everything else works without OpenMMLab.
    from projects.qanet.evaluation.metrics import ParsingMetric
    info, records = read_results(str(folder / 'results.json'))
    evaluator = make_evaluator(folder, info, args.protocol)
    samples = []
    for image_id, mine, _ in evaluator.group(records):
        image = evaluator.images[image_id]
        persons = ParsingInstances.from_records(mine, image.size, NUM_CLASSES)
        samples.append(model_output(persons, image.file_name))
    for out_file in (None, str(folder / 'out.json')):
        metric = ParsingMetric(
            str(folder / 'val.json'),
            str(folder),
            protocol=args.protocol,
            out_file=out_file)
        metric.dataset_meta = dict(classes=info['classes'])
        watch = Stopwatch()
        for _ in range(args.repeat):
            for sample in samples:
                watch.run(sample['img_id'], metric.process, None, [sample])
        fastest = [min(seconds) for seconds in watch.seconds.values()]
        print(f'{"with" if out_file else "without"} out_file: '
              f'{1e3 * np.median(fastest):.2f} ms an image (median)')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    metrics = commands.add_parser('metrics', help='the offline evaluator')
    add_arguments(metrics, [
        ('--reference', 'seconds that another evaluator takes on such a set',
         0.0),
    ])
    metrics.set_defaults(function=benchmark_metrics)
    process = commands.add_parser('process', help='the metric in validation')
    process.set_defaults(function=benchmark_process)
    for command in (metrics, process):
        add_arguments(command, [
            ('--images', None, 60),
            ('--persons', None, 225),
            ('--copies', None, 1),
            ('--seed', None, 0),
            ('--repeat', None, 5),
            ('--size', None,
             dict(type=int, nargs=2, default=(600, 800), metavar=('W', 'H'))),
            ('--protocol', None,
             dict(default='released', choices=sorted(PROTOCOLS))),
            ('--folder', 'keep the data set here and use it again'),
        ])
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(args.folder or name)
        if not (folder / 'results.json').is_file():
            draw_dataset(folder, args.images, args.persons, tuple(args.size),
                         args.copies, args.seed)
        args.function(args, folder)


if __name__ == '__main__':
    run_tool(main)
