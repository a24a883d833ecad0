# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Lets the tests of this folder import ``toy_networks``.

With pytest's import mode the folder of a test is not on ``sys.path``.
"""
import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    'toy_networks',
    Path(__file__).parent / 'toy_networks.py')
if _spec.name not in sys.modules:
    sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_spec.name])
