# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers every part of the plugin.

Configs do it with ``custom_imports = dict(imports=['projects.qanet.plugin'],
allow_failed_imports=False)``, see ``configs/_base_/default_runtime.py``.
"""
from projects.qanet import (datasets, engine, models,  # noqa: F401
                            visualization)
from projects.qanet.evaluation import metrics  # noqa: F401
from projects.qanet.utils.checkpoint import allow_mmengine_checkpoints

allow_mmengine_checkpoints()
