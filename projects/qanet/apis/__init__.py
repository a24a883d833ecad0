# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parse persons in photos and videos with one call."""
from projects.qanet.utils.errors import InputError
from .human_parsing_inferencer import HumanParsingInferencer
from .sources import ParsedImage

__all__ = ['HumanParsingInferencer', 'InputError', 'ParsedImage']
