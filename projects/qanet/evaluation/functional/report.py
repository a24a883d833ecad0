# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metric values as text tables and as ``metrics.json``."""
import json
import math
import os
from typing import Dict, List, Sequence

from .protocols import Protocol

PREFIX = 'parsing'
SUMMARY_KEYS = ('mIoU', 'pixAcc', 'mAcc', 'APp', 'APp_50', 'PCP_50', 'APr',
                'APr_50', 'APh', 'APh_50')
_CLASS_KEYS = ('IoU', 'Acc', 'APr')


def format_tables(values: Dict[str, float], classes: Sequence[str],
                  protocol: Protocol) -> str:
    """Write metrics as a per-class table and a summary table.

    Args:
        values (dict[str, float]): What :func:`summarize` gives, in percent.
        classes (Sequence[str]): Names of all classes, background first.
        protocol (Protocol): The one that was used.

    Returns:
        str: Both tables under a line that names the protocol.
    """
    blocks = [f'Protocol: {protocol.name} ({protocol.description})']
    columns = [
        key for key in _CLASS_KEYS
        if any(f'{key}.{name}' in values for name in classes)
    ]
    if columns:
        rows = [[name] +
                [format_value(values, f'{key}.{name}') for key in columns]
                for name in classes]
        blocks.append(format_table(['class'] + columns, rows))
    keys = [key for key in SUMMARY_KEYS if key in values]
    blocks.append(
        format_table(keys, [[format_value(values, key) for key in keys]]))
    return '\n'.join(blocks)


def write_metrics(path: str, values: Dict[str, float]) -> None:
    """Write ``metrics.json`` (ARCHITECTURE 4).

    Args:
        path (str): File to write. Its folder is made if it is missing.
        values (dict[str, float]): Metrics without a prefix. Undefined ones
            (NaN) become ``null``.
    """
    document = {
        f'{PREFIX}/{key}': None if math.isnan(value) else value
        for key, value in values.items()
    }
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(json.dumps(document, indent=2) + '\n')


def format_value(values: Dict[str, float], key: str) -> str:
    """Write a metric with two digits.

    Args:
        values (dict[str, float]): Metrics in percent.
        key (str): Which one.

    Returns:
        str: A dash for what is undefined or not measured.
    """
    value = values.get(key, float('nan'))
    return '-' if math.isnan(value) else f'{value:.2f}'


def format_table(head: List[str], rows: List[List[str]]) -> str:
    """Lay out a table with a rule above and below the head.

    Args:
        head (list[str]): Names of the columns.
        rows (list[list[str]]): Their cells; the first column is set flush
            left, the others flush right.

    Returns:
        str: The table, without a line break at its end.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    rule = '+'.join([''] + ['-' * (width + 2) for width in widths] + [''])
    lines = [rule, _line(head, widths), rule]
    lines += [_line(row, widths) for row in rows]
    return '\n'.join(lines + [rule])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first column flush left, numbers flush right."""
    texts = [
        f' {cell:<{width}} ' if i == 0 else f' {cell:>{width}} '
        for i, (cell, width) in enumerate(zip(cells, widths))
    ]
    return '|'.join([''] + texts + [''])
