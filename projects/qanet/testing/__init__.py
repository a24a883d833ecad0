# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Tiny data sets, inputs and networks for tests, ours and yours.

:mod:`.layout` writes labelled images to disk and needs neither torch nor
OpenMMLab; :mod:`.parsers` makes packed inputs, and parsers that are built and
run in a moment, :mod:`.region_parsers` those that find the persons themselves.
Nothing is downloaded.
"""
