# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from contextlib import contextmanager
from typing import Iterator

import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmseg.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Mixed precision of CPUs, where mmengine's AmpOptimWrapper has none.

    Convolutions and products of matrices are computed in bfloat16 by
    processors that have instructions for it (AVX512_BF16, AMX), which takes
    about 60 % of the time; elsewhere, on a GPU and with a torch that cannot
    tell, this is :class:`mmengine.optim.OptimWrapper`, since emulation is
    slow; the log says which. Weights, gradients and their steps stay in
    float32, and the range of bfloat16 is that of float32: no loss is scaled.

    Args:
        kwargs: Those of :class:`mmengine.optim.OptimWrapper`.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        device = self.optimizer.param_groups[0]['params'][0].device.type
        self.enabled = device == 'cpu' and _multiplies_in_bfloat16()
        reason = 'no AVX512_BF16 known' if device == 'cpu' else f'on {device}'
        precision = 'bfloat16' if self.enabled else f'float32 ({reason})'
        print_log(f'Convolutions are trained in {precision}', 'current')

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Where the forward pass and the losses are computed."""
        with super().optim_context(model), torch.autocast(
                'cpu', torch.bfloat16, enabled=self.enabled):
            yield


def _multiplies_in_bfloat16() -> bool:
    """Whether the processor does, as far as this torch can tell."""
    try:
        return (torch.cpu._is_avx512_bf16_supported()
                and torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except AttributeError:  # of an older torch, or one without oneDNN
        return False
