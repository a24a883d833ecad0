# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import torch
from torch import nn

from projects.qanet.engine import ChannelsLastHook


def test_same_numbers_in_the_other_format():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 1))
    images = torch.randn(2, 3, 9, 14)
    expected = model(images)
    ChannelsLastHook().before_run(SimpleNamespace(model=model))
    result = model(images)
    assert result.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(result, expected)
