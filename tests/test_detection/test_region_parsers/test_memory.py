# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How much memory a crowded image takes beyond the network's."""
import tracemalloc
import weakref

import torch
from mmengine.structures import InstanceData
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from projects.qanet.detection.region_parsers.pasting import (LABEL_THR,
                                                             pad_maps,
                                                             paste_boxes)
from projects.qanet.models import PersonProbs, QualityAwareModule
from projects.qanet.quality import SemanticMap

WIDTH, HEIGHT, CLASSES = 1333, 800, 59


class Peak(TorchDispatchMode):
    """Most bytes that new tensors held at once; views hold none."""

    def __init__(self):
        super().__init__()
        self.held, self.peak, self.known = 0, 0, set()

    def free(self, pointer, size):
        self.held -= size
        self.known.discard(pointer)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                storage = leaf.untyped_storage()
                pointer, size = storage.data_ptr(), storage.nbytes()
                if size and pointer not in self.known:
                    self.known.add(pointer)
                    self.held += size
                    weakref.finalize(storage, self.free, pointer, size)
        self.peak = max(self.peak, self.held)
        return out


def post_process(count, classes, fuses):
    """Bytes that persons take who fill the image, the most they can."""
    box = torch.tensor([0., 0., WIDTH - 1., HEIGHT - 1.])
    generator = torch.Generator().manual_seed(0)
    scene = SemanticMap(
        torch.rand(classes, 200, 336, generator=generator),
        (0, 0, 1344, HEIGHT), .2)

    def persons():
        for _ in range(count):
            probs = torch.rand(classes, 128, 128, generator=generator)
            yield PersonProbs([pad_maps(probs)],
                              [*paste_boxes(box[None], 128)], (WIDTH, HEIGHT),
                              torch.tensor(.5),
                              label_thr=LABEL_THR,
                              semantic=scene if fuses else None)

    proposals = InstanceData(
        bboxes=box.repeat(count, 1), scores=torch.ones(count))
    tracemalloc.start()
    with Peak() as memory, torch.no_grad():
        found = QualityAwareModule()(persons(), proposals, (WIDTH, HEIGHT),
                                     classes, 1)
    arrays = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == count and found.part_maps[0].any()
    return memory.peak + arrays


def test_a_hundred_persons_take_300_megabytes():
    """Classes cost memory while one is pasted, persons when all are."""
    crowd = 2 * post_process(50, 2, fuses=False)
    pasting = post_process(1, 59, fuses=True)
    maps = 100 * WIDTH * HEIGHT  # the result itself
    assert maps < crowd < 300e6
    assert maps + pasting < 300e6
