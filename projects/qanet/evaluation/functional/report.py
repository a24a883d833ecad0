# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metric values as text tables and as ``metrics.json``."""
import math
from typing import Dict, Sequence

from projects.qanet.utils.json_values import write_json
from projects.qanet.utils.tables import format_number, format_table
from .protocols import Protocol

PREFIX = 'parsing'
#: Headline values of each metric.
SUMMARIES = dict(
    mIoU=('mIoU', 'pixAcc', 'mAcc'),
    APp=('APp', 'APp_50', 'PCP_50'),
    APr=('APr', 'APr_50'),
    APh=('APh', 'APh_50'))
SUMMARY_KEYS = tuple(key for keys in SUMMARIES.values() for key in keys)


def format_tables(values: Dict[str, float], classes: Sequence[str],
                  protocol: Protocol) -> str:
    """A per-class and a summary table under a line that names the protocol.

    ``values`` are what :func:`summarize` gives; ``classes`` all names.
    """
    blocks = [f'Protocol: {protocol.name} ({protocol.description})']
    columns = [
        key for key in ('IoU', 'Acc', 'APr')
        if any(f'{key}.{name}' in values for name in classes)
    ]
    if columns:
        rows = [[name] +
                [format_value(values, f'{key}.{name}') for key in columns]
                for name in classes]
        blocks.append(format_table(['class'] + columns, rows))
    keys = [key for key in SUMMARY_KEYS if key in values]
    rows = [[format_value(values, key) for key in keys]]
    return '\n'.join([*blocks, format_table(keys, rows)])


def format_value(values: Dict[str, float], key: str) -> str:
    """A metric with two digits, a dash if it is undefined or not measured."""
    return format_number(values.get(key, math.nan))


def write_metrics(path: str,
                  values: Dict[str, float],
                  prefix: str = PREFIX) -> None:
    """Write ``metrics.json`` (``docs/results_format.md``).

    Keys of ``values`` get the prefix; undefined values (NaN) become ``null``.
    Raises an OSError if it cannot be written.
    """
    document = {f'{prefix}/{key}': value for key, value in values.items()}
    write_json(path, document, indent=2)
