# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Files that are either whole or not there."""
import os


def write_text(path: str, text: str) -> None:
    """Write a text file in one step: an interruption leaves no half of it.

    Args:
        path (str): File to write. Its folder is made if it is missing.
        text (str): Its content, written as UTF-8.

    Raises:
        OSError: If it cannot be written.
    """
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    partial = f'{path}.partial'
    with open(partial, 'w', encoding='utf-8') as file:
        file.write(text)
    os.replace(partial, path)
