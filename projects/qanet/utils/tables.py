# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Tables for the terminal and for the documents."""
import math
from typing import Sequence

from prettytable import MARKDOWN, PrettyTable


def format_table(head: Sequence[str],
                 rows: Sequence[Sequence[str]],
                 markdown: bool = False) -> str:
    """Lay out a table.

    Args:
        head (Sequence[str]): Names of the columns.
        rows (Sequence[Sequence[str]]): Their cells; the first column is set
            flush left, the others flush right.
        markdown (bool): Write Markdown instead of a framed table. Defaults
            to False.

    Returns:
        str: The table, without a line break at its end.
    """
    # Columns may have equal names, which prettytable refuses as fields.
    names = [
        title + ' ' * head[:k].count(title) for k, title in enumerate(head)
    ]
    table = PrettyTable(names)
    if markdown:
        table.set_style(MARKDOWN)
    else:
        table.header = False
        table.add_row(list(head), divider=True)
    table.add_rows([list(row) for row in rows])
    table.align = 'r'
    table.align[table.field_names[0]] = 'l'
    return table.get_string()


def format_number(value: float, digits: int = 2) -> str:
    """Write a number for a table.

    Args:
        value (float): The number.
        digits (int): After the point. Defaults to 2.

    Returns:
        str: A dash for NaN, what is undefined or was not measured.
    """
    return '-' if math.isnan(value) else f'{value:.{digits}f}'
