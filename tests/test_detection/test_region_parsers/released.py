# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Numbers of the released region parsers, and how to compare with them.

The authors' code has computed them in float64, from weights and inputs that
are functions of names and seeds; ``digests.json`` keeps five of each tensor.
"""
import gzip
import json
import zlib
from pathlib import Path

import numpy as np
import torch

from projects.qanet.released_weights import convert_region_parser
from tests.test_released_weights import formula

DATA = Path(__file__).parents[2] / 'data/region_parsers'
#: By network: stage of the head -> digest, and more.
GOLDEN = json.loads((DATA / 'digests.json').read_text())
#: By network (``_small`` has a narrow head only): released name -> shape.
SHAPES = json.loads(gzip.decompress((DATA / 'shapes.json.gz').read_bytes()))
NETWORKS = ('parsing_rcnn', 'rp_rcnn')
_RELEASED = {
    'neck.': 'Conv_Body_FPN.',
    'semantic_head.': 'SemSeg.',
    'roi_head.mask_head.': 'Parsing_RCNN.'
}
_MARK = 'Parsing_RCNN.Output.parsing_score_lowres.'


def normal(seed, *shape):
    """Standard normal numbers, float64."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def blobs(seed, num, height, width, num_classes=20):
    """Smooth label maps (num, height, width), int64."""
    return torch.nn.functional.interpolate(
        normal(seed, num, num_classes, 8, 8),
        size=(height, width),
        mode='bilinear',
        align_corners=False).argmax(1)


def weights(network):
    """All entries of a released file, in float64."""
    found = formula.state_dict(SHAPES[network], 1., np.float64)
    for name, shape in SHAPES[network].items():
        if name.endswith('running_var'):  # normal numbers are drawn before
            rng = np.random.default_rng(zlib.crc32(name.encode()))
            rng.standard_normal(shape)
            found[name] = torch.from_numpy(.5 + rng.random(shape))
    return found


def fill(module, part, network):
    """A part of our network, in float64, with the released weights."""
    chosen = {
        name: shape
        for name, shape in SHAPES[network].items()
        if name.startswith((_RELEASED[part], _MARK))
    }
    report = convert_region_parser(formula.state_dict(chosen, 1., np.float64))
    module.double().eval().load_state_dict({
        name.removeprefix(part): value
        for name, value in report.state_dict.items() if name.startswith(part)
    })
    return module


def digest(tensor):
    """Mean, deviation, extremes, and a sum that knows the places."""
    flat = tensor.detach().double().flatten().numpy()
    return [
        flat.mean(),
        flat.std(),
        flat.min(),
        flat.max(), (flat * np.cos(np.arange(flat.size))).sum()
    ]


def assert_digest(tensor, expected, tolerance=1e-8):
    np.testing.assert_allclose(
        digest(tensor), expected, rtol=tolerance, atol=tolerance)
