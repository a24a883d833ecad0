# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from dataclasses import dataclass, fields
from typing import Any, Callable, Mapping, Optional, Tuple

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number, is_whole

# Further keys of test_cfg, which are mmseg's own; PointHead's are the last.
_MMSEG_KEYS = ('mode', 'scale_factor', 'subdivision_num_points',
               'subdivision_steps')


@dataclass(frozen=True)
class CropSettings:
    """How persons are cropped and augmented at test time.

    Attributes:
        crop_size (tuple[int, int]): Width and height of a crop.
        padding (float): Factor on the box.
        flip (bool): Average with the mirrored crop.
        scales (tuple[float, ...]): Scales of the padded box to average over.
        max_instances_per_batch (int): Crops in the network at once, one for
            each person and scale; mirrored crops have a pass of their own.

    Raises:
        InputError: If a value is wrong.
    """
    crop_size: Tuple[int, int]
    padding: float = 1.25
    flip: bool = False
    scales: Tuple[float, ...] = (1., )
    max_instances_per_batch: int = 32

    def __post_init__(self) -> None:
        for name in ('crop_size', 'scales'):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        allowed = dict(
            crop_size=(_are_all(_is_count, self.crop_size)
                       and len(self.crop_size) == 2,
                       'the (width, height) of a crop, two whole numbers'),
            padding=(_is_positive(self.padding), 'a positive number'),
            flip=(isinstance(self.flip, bool), 'True or False'),
            scales=(_are_all(_is_positive, self.scales),
                    'positive factors on the padded box'),
            max_instances_per_batch=(_is_count(self.max_instances_per_batch),
                                     'a whole number from 1'))
        for name, (valid, what) in allowed.items():
            if not valid:
                raise InputError(f'{name} must be {what}, but got '
                                 f'{getattr(self, name)!r}')

    @classmethod
    def from_cfg(cls, test_cfg: Optional[Mapping[str, Any]],
                 owner: str) -> 'CropSettings':
        """Read ``test_cfg``, where mmseg's own keys may stand, too.

        Messages call the parser ``owner``.
        """
        test_cfg = dict(test_cfg or {})
        mode = test_cfg.get('mode', 'whole')
        if mode != 'whole':
            raise InputError(f"{owner}: test_cfg.mode must be 'whole', since "
                             f'persons are cropped, but got {mode!r}')
        names = [field.name for field in fields(cls)]
        unknown = [k for k in test_cfg if k not in (*names, *_MMSEG_KEYS)]
        if unknown:
            raise InputError(f'{owner}: test_cfg has no key {unknown[0]!r}, '
                             f'allowed are {", ".join(names)}')
        if 'crop_size' not in test_cfg:
            raise InputError(f'{owner} needs test_cfg.crop_size, the (width, '
                             f'height) of a crop, but got {test_cfg}')
        try:
            return cls(**{k: v for k, v in test_cfg.items() if k in names})
        except InputError as error:
            raise InputError(f'{owner}: test_cfg.{error}') from error


def _are_all(check: Callable[[Any], bool], values: Any) -> bool:
    return isinstance(values, tuple) and values and all(map(check, values))


def _is_positive(value: Any) -> bool:
    return is_number(value) and value > 0


def _is_count(value: Any) -> bool:
    return is_whole(value, 1)
