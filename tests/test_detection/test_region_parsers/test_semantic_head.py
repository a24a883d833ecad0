# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from mmdet.registry import MODELS

from .released import GOLDEN, assert_digest, blobs, fill, normal

SIZES = ((32, 40), (16, 20), (8, 10), (4, 5), (2, 3))


def build(**kwargs):
    return MODELS.build(
        dict(type='GlobalSemanticHead', num_classes=20, **kwargs))


def pyramid():
    return [normal(60 + k, 1, 256, *size) for k, size in enumerate(SIZES)]


def test_released_numbers():
    golden = GOLDEN['rp_rcnn']['semantic']
    head = fill(build(), 'semantic_head.', 'rp_rcnn')
    fused = []
    head.convs[-1].register_forward_hook(
        lambda _, __, output: fused.append(output))
    with torch.no_grad():
        logits, embedding = head(pyramid())
        enhanced = head.enhance(pyramid(), embedding)
    assert_digest(fused[0], golden['fused'])
    assert_digest(logits, golden['logits'])
    assert len(enhanced) == len(golden['enhanced']) == 4
    for level, expected in zip(enhanced, golden['enhanced']):
        assert_digest(level, expected)


def test_fifth_level():
    """Halving each way four times is the mean of the middle four."""
    embedding = normal(1, 1, 256, 32, 48)
    levels = [torch.zeros(1, 256, 32 >> k, 48 >> k).double() for k in range(5)]
    *_, last = build(enhance_p6=True).enhance(levels, embedding)
    cells = embedding.unflatten(2, (2, 16)).unflatten(4, (3, 16))
    expected = cells[:, :, :, 7:9, :, 7:9].mean(dim=(3, 5))
    torch.testing.assert_close(last, expected)


def test_loss_with_padding_as_background():
    labels = torch.zeros(2, 1, 128, 160, dtype=torch.uint8)
    labels[0, :, :100, :150] = blobs(71, 1, 100, 150)
    labels[1, :, :128, :96] = blobs(72, 1, 128, 96)
    logits = normal(73, 2, 20, 32, 40)
    loss = build().loss(logits, labels)
    assert loss.item() == pytest.approx(
        GOLDEN['rp_rcnn']['semantic']['loss'], rel=1e-12)
    # What is ignored does not count, neither above nor below the line.
    labels[1] = 255
    alone = build().loss(logits[:1], labels[:1])
    assert build().loss(logits, labels).item() == pytest.approx(alone.item())
