# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Writing downloads in miniature."""
import json

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from projects.qanet.ground_truth import read_label_map

SIZE = (40, 30)  # width, height


def matlab_structs(records, *names):
    """A 1 x N struct array; Matlab leaves an empty one without fields."""
    if not records:
        return np.zeros((0, 0))
    array = np.zeros((1, len(records)), [(name, object) for name in names])
    for i, record in enumerate(records):
        array[0, i] = record
    return array


class Miniature:
    """Writes the files of a download and reads those of a conversion."""

    def __init__(self, root) -> None:
        self.raw = root / 'raw'
        self.out = root / 'out'
        self.raw.mkdir()

    def photo(self, path, size=SIZE, mode='RGB', broken=False):
        """A noisy picture, or one that was cut off while downloading."""
        path = self.raw / path
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)
        Image.fromarray(pixels).convert(mode).save(path)
        if broken:
            path.write_bytes(path.read_bytes()[:300])

    def labels(self, path, labels, kind='gray'):
        """A label PNG: gray, palette, or with its indices in red."""
        path = self.raw / path
        path.parent.mkdir(parents=True, exist_ok=True)
        labels = np.asarray(labels, np.uint8)
        if kind == 'red':
            labels = np.stack([labels, 0 * labels, 0 * labels], axis=2)
        image = Image.fromarray(labels)
        if kind == 'palette':
            image.putpalette([value * 37 % 256 for value in range(768)])
        image.save(path)

    def text(self, path, text):
        path = self.raw / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def mat(self, path, objects):
        """PASCAL-Part's annotation of (class, mask, [(part, mask)])."""
        path = self.raw / path
        path.parent.mkdir(parents=True, exist_ok=True)
        records = [(name, 15, mask, matlab_structs(parts, 'part_name', 'mask'))
                   for name, mask, parts in objects]
        records = matlab_structs(records, 'class', 'class_ind', 'mask',
                                 'parts')
        savemat(path, dict(anno=dict(imname=path.stem, objects=records)))

    def document(self, name):
        """A written annotation file."""
        return json.loads((self.out / f'annotations/{name}.json').read_text())

    def maps(self, split, stem):
        """Written classes, persons, part instances and their table."""
        folder = self.out / split
        maps = [
            read_label_map(str(folder / name / f'{stem}.png'))
            for name in ('Category_ids', 'Human_ids', 'Instance_ids')
        ]
        lines = (folder / f'Instance_ids/{stem}.txt').read_text().splitlines()
        return (*maps, [tuple(map(int, line.split())) for line in lines])


@pytest.fixture
def mini(tmp_path):
    return Miniature(tmp_path)


@pytest.fixture
def messages(monkeypatch):
    """What a conversion prints, warnings too."""
    found = []

    def collect(text, file=None):
        found.append(text.removeprefix('warning: '))

    monkeypatch.setattr('builtins.print', collect)
    return found
