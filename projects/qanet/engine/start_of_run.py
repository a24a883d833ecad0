# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The weights that a run starts from."""
from typing import Any, Dict

from torch import nn

from projects.qanet.utils.checkpoint import check_any_weight, check_state_dict


def check_start(model: nn.Module, state_dict: Dict[str, Any], filename: str,
                finetunes: bool) -> None:
    """Refuse weights that a run cannot start from.

    Args:
        model (nn.Module): The model to be filled.
        state_dict (dict): The weights.
        filename (str): Name of the checkpoint, for the message.
        finetunes (bool): Whether a training begins, which may leave out what
            does not fit, but not all. A test, or a training that goes on,
            needs every weight.

    Raises:
        InputError: If they do not fit.
    """
    if finetunes:
        check_any_weight(model.state_dict(), state_dict, filename)
    else:
        check_state_dict(model, state_dict, filename)
