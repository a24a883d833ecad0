# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""docs/architecture.md is true: the arrows go down, the walk is as told."""
import re
import runpy
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS, METRICS, MODELS

import projects.qanet.plugin  # noqa: F401
from projects.drawn_people import write_dataset
from projects.qanet.structures import read_results

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'projects' / 'qanet'
CONFIG = ROOT / 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py'


@pytest.fixture(scope='module')
def drawing():
    return runpy.run_path(str(ROOT / 'tools/misc/draw_architecture.py'))


def test_all_arrows_go_down(drawing):
    imports = drawing['read_imports']()
    assert drawing['upward'](imports) == []
    # Libraries that somebody could use without the rest.
    assert imports['quality'] == imports['structures'] == {'utils'}
    assert imports['utils'] == set()
    assert set(drawing['ROOMS']) == set(imports)
    for path in PACKAGE.rglob('*.py'):
        assert 'drawn_people' not in path.read_text(), path


def test_implied_arrows_are_left_out(drawing):
    imports = dict(a={'b', 'c', 'utils'}, b={'c', 'utils'}, c={'utils'})
    imports['utils'] = set()
    assert drawing['direct'](imports) == dict(
        a={'b'}, b={'c'}, c=set(), utils=set())


def test_the_drawing_has_every_room_and_arrow(drawing):
    imports = drawing['read_imports']()
    axes, = drawing['draw'](imports).axes
    arrows = sum(len(found) for found in drawing['direct'](imports).values())
    texts = [text.get_text() for text in axes.texts]
    assert texts.count('') >= arrows > 10
    assert set(drawing['ROOMS']) <= set(texts)
    with pytest.raises(ValueError, match='utils imports apis, which stands'):
        drawing['draw'](dict(imports, utils={'apis'}))


def stations():
    """Modules of each station inside the package, as the page lists them."""
    text = (ROOT / 'docs/architecture.md').read_text()
    walk = re.search(r'## The walk of one crop\n(.*?)\n## ', text, re.S)
    found = []
    for item in re.split(r'\n\d\. ', walk.group(1))[1:]:
        names = re.findall(r'`([a-z_/]+(?:\.py|/))`', item.split('\n\n')[0])
        folder = names.pop(0) if names[0].endswith('/') else ''
        found.append([
            name if (PACKAGE / name).exists() else folder + name
            for name in names
        ])
    return found


def trace_of_one_crop(tmp_path):
    """Our modules in the order in which one image first comes to them."""
    write_dataset(tmp_path, num_train=1, num_val=1, size=(120, 90), seed=3)
    cfg = Config.fromfile(CONFIG)
    model = MODELS.build(cfg.model).eval()
    cfg.test_dataloader.dataset.data_root = str(tmp_path)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    cfg.test_evaluator.update(
        ann_file=str(tmp_path / 'annotations/CIHP_val.json'),
        data_root=str(tmp_path / 'Validation'),
        out_file=str(tmp_path / 'results.json'))
    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = dataset.metainfo
    visited = []

    def note(frame, event, _):
        path = Path(frame.f_code.co_filename)
        # `forward` of the Quality-Aware Module only asks for the persons.
        if (event == 'call' and PACKAGE in path.parents
                and frame.f_code.co_name != 'forward'):
            name = path.relative_to(PACKAGE).as_posix()
            if name not in visited:
                visited.append(name)

    sys.setprofile(note)
    try:
        samples = model.test_step(pseudo_collate([dataset[0]]))
        metric.process({}, [sample.to_dict() for sample in samples])
        metric.compute_metrics(metric.results)
    finally:
        sys.setprofile(None)
    return visited


def test_the_walk_is_as_told(tmp_path):
    told = stations()
    assert len(told) <= 8 and told[0] == ['tools/test.py']
    visited = trace_of_one_crop(tmp_path)
    assert read_results(str(tmp_path / 'results.json'))[1]
    places = []
    for names in told[1:]:
        for name in names:
            assert (PACKAGE / name).is_file(), name
            if name != 'datasets/human_parsing.py':  # lists before, once
                assert name in visited, name
        places.append(min(visited.index(n) for n in names if n in visited))
    assert places == sorted(places)
