# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Draw the rooms of the package, from what their modules really import.

    python tools/misc/draw_architecture.py docs/images/architecture.png

An arrow goes from a room to one that it imports. Arrows to ``utils``, which
everybody may use, and those that a longer way implies are left out. The
numbers are the stations of docs/architecture.md.
"""
import ast
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from matplotlib.figure import Figure

from projects.qanet.utils.errors import InputError
from tools.common.cli import run_tool
from tools.common.diagrams import (MARKED, NOTE, PLAIN, draw_arrow, draw_box,
                                   new_diagram, save_drawing)

PACKAGE = 'projects.qanet'
#: Where each room is drawn, what it is for, and its stations of the walk.
ROOMS: Dict[str, Tuple[float, float, str, str]] = {
    'apis': (0, 5, 'photos and videos\nin, results out', ''),
    'deployment': (4.6, 4, 'ONNX files', ''),
    'models': (-3, 3, 'networks, losses,\npost-processing', '3 4 5'),
    'detection': (-.9, 4, 'mmdet: person boxes, QAM,\nregion parsers', ''),
    'visualization': (2.4, 3, 'pictures', ''),
    'datasets': (0, 2, 'samples, transforms,\nconverters', '2'),
    'evaluation': (2.4, 2, 'metrics, reports,\ndumps', '8'),
    'runtime': (4.6, 2, 'parsing without\ntorch', ''),
    'quality': (-3, 1, 'pixel scores, pasting\n(torch only)', '6'),
    'ground_truth': (0, 1, 'annotations and\nlabel maps', ''),
    'structures': (2.4, 1, 'results in memory\nand on disk', '7'),
    'densepose': (-3, 4, 'dense pose: network, data,\nmetrics', ''),
    'engine': (4.6, 5, 'hooks', ''),
    'compat': (4.6, 1, "mmcv's operators\nby torchvision", ''),
    'released_weights': (2.4, 5, "the authors'\ncheckpoints", ''),
    'testing': (-3, 5, 'tiny data sets and\nnetworks for tests', ''),
    'utils': (.8, 0, 'errors, Equation 1, files, tables: for everybody', ''),
}


def _imported(path: Path, source: str) -> Iterator[str]:
    """Full names of what a module imports, inside functions too."""
    package = path.relative_to(ROOT).with_suffix('').parts[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) + 1 - node.level]
            start = '.'.join(base) + '.' if node.level else ''
            module = start + (node.module or '')
            yield from (f'{module.rstrip(".")}.{alias.name}'
                        for alias in node.names)


def read_imports() -> Dict[str, Set[str]]:
    folder = ROOT / PACKAGE.replace('.', '/')
    rooms = sorted(path.parent.name for path in folder.glob('*/__init__.py'))
    imports: Dict[str, Set[str]] = {room: set() for room in rooms}
    for room in rooms:
        for path in (folder / room).rglob('*.py'):
            for name in _imported(path, path.read_text(encoding='utf-8')):
                if name.startswith(PACKAGE + '.'):
                    imports[room].add(name.split('.')[2])
        imports[room].discard(room)
    return imports


def upward(imports: Dict[str, Set[str]]) -> List[Tuple[str, str]]:
    """Imports that do not go down in the drawing."""
    return [(room, other) for room, found in imports.items()
            for other in sorted(found) if ROOMS[room][1] <= ROOMS[other][1]]


def direct(imports: Dict[str, Set[str]]) -> Dict[str, Set[str]]:
    """Drop arrows to ``utils`` and those that a longer way implies."""

    def reached(room: str) -> Set[str]:
        return imports[room].union(*map(reached, imports[room]))

    return {
        room: {
            other
            for other in found - {'utils'}
            if not any(other in reached(third) for third in found)
        }
        for room, found in imports.items()
    }


def draw(imports: Dict[str, Set[str]]) -> Figure:
    if upward(imports):
        room, other = upward(imports)[0]
        raise InputError(f'{room} imports {other}, which stands above it in '
                         'ROOMS of this file')
    axes = new_diagram((8, 5.2), (-4.1, 5.7), (-.4, 5.5))
    label = dict(va='center', size=8, color=NOTE, weight='bold')
    for room, (x, y, text, stations) in ROOMS.items():
        wide = 9.2 if room == 'utils' else 1.7
        draw_box(axes, (x, y), (wide, .54), room, text,
                 MARKED if stations else PLAIN)
        axes.text(x - wide / 2 + .03, y + .17, stations, **label)
    for room, found in direct(imports).items():
        x, y = ROOMS[room][:2]
        for to_x, to_y in (ROOMS[other][:2] for other in found):
            side = max(-.7, min(.7, x - to_x))
            draw_arrow(axes, (x - side, y - .31),
                       (to_x + side / 2, to_y + .31))
    return axes.figure


def main() -> None:
    save_drawing(lambda: draw(read_imports()), __doc__)


if __name__ == '__main__':
    run_tool(main)
