# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the studies share."""
from pathlib import Path
from typing import Any, List

from projects.qanet.utils.files import write_text
from projects.qanet.utils.json_values import write_json

#: The columns of the paper's Tables 2 and 3.
KEYS = ('mIoU', 'APp', 'APp_50', 'PCP_50', 'APr', 'APr_50')


def data_options(data: Path, **evaluator: Any) -> List[str]:
    """Settings that point a config to a drawn data set."""
    return [
        *(f'{part}_dataloader.dataset.data_root={data}/'
          for part in ('train', 'val', 'test')),
        *(f'{part}_evaluator.{key}={value}' for part in ('val', 'test')
          for key, value in evaluator.items())
    ]


def write_report(stem: Path, document: Any, text: str) -> None:
    """Leave the figures as ``stem.json`` and the tables as ``stem.md``."""
    write_json(f'{stem}.json', document, indent=1)
    write_text(f'{stem}.md', text)
