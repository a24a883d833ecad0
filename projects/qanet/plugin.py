# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers every part of the plugin."""
from projects.qanet.compat.frameworks import check_frameworks

check_frameworks()  # before anything of them is imported

from projects.qanet import apis, engine, models
from projects.qanet.datasets import registered as datasets
from projects.qanet.densepose import registered as densepose
from projects.qanet.evaluation import metrics
from projects.qanet.utils import checkpoint  # noqa: F401, safe loaders
from projects.qanet.visualization import registered as visualization

__all__ = [
    'apis', 'datasets', 'densepose', 'engine', 'metrics', 'models',
    'visualization'
]
