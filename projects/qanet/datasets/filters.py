# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The ``filter_cfg`` of a data set."""
from typing import Any, Dict, List

from mmengine.logging import MMLogger

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number

_FILTERS = ('filter_empty_gt', 'min_size')


def check_filters(filters: Dict[str, Any]) -> None:
    """Refuse what is no filter.

    Args:
        filters (dict): ``filter_cfg`` of :class:`HumanParsingDataset`.

    Raises:
        InputError: Names the unknown keys, or a size that is no number.
    """
    unknown = sorted(set(filters).difference(_FILTERS))
    if unknown:
        raise InputError(f'filter_cfg has the keys {unknown}, allowed are '
                         f'{", ".join(_FILTERS)}')
    min_size = filters.get('min_size', 0)
    if not is_number(min_size):
        raise InputError(f'filter_cfg: min_size is {min_size!r}, expected a '
                         'number of pixels')


def _passes(sample: dict, filters: Dict[str, Any]) -> bool:
    if 'bbox' not in sample:  # an image with all its boxes
        return len(sample['bboxes']) > 0 or not filters.get('filter_empty_gt')
    sides = sample['bbox'][2:] - sample['bbox'][:2]
    return min(sides) >= filters.get('min_size', 0)


def filter_samples(samples: List[dict], filters: Dict[str, Any],
                   source: str) -> List[dict]:
    """Leave out what the filters say, and log how much.

    Args:
        samples (list[dict]): Of :class:`HumanParsingDataset`.
        filters (dict): Its ``filter_cfg``.
        source (str): The annotation file, for messages.

    Returns:
        list[dict]: The samples that are left.

    Raises:
        InputError: If none is left.
    """
    kept = [sample for sample in samples if _passes(sample, filters)]
    if not kept:
        raise InputError(f'filter_cfg {filters} leaves none of '
                         f'{len(samples)} samples of {source}')
    if len(kept) < len(samples):
        MMLogger.get_current_instance().info(
            f'filter_cfg {filters} leaves {len(kept)} of {len(samples)} '
            f'samples of {source}')
    return kept
