# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Tables for the terminal and for the documents."""
import math
from typing import Sequence

from prettytable import MARKDOWN, PrettyTable


def format_table(head: Sequence[str],
                 rows: Sequence[Sequence[str]],
                 markdown: bool = False) -> str:
    """Lay out a table, framed or in Markdown; the first column flush left."""
    # Columns may have equal names, which prettytable refuses as fields.
    table = PrettyTable(
        [title + ' ' * head[:k].count(title) for k, title in enumerate(head)])
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
    """Write a number for a table; a dash for NaN, what was not measured."""
    return '-' if math.isnan(value) else f'{value:.{digits}f}'
