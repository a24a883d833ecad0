# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Iterator, Optional, Sequence

from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import ConfigType, SampleList
from torch import Tensor

from projects.qanet.models import TopDownParser
from projects.qanet.models.parsers import CropSettings
from projects.qanet.models.parsers.person_crops import MapsAndIoU
from projects.qanet.utils.errors import InputError
from .crop_maps import unmirror_surface
from .labels import NUM_PATCHES
from .paste import PersonSurface
from .symmetry import UVSymmetry
from .uv_head import UVHead


@MODELS.register_module()
class DensePoseParser(TopDownParser):
    """Top-down dense pose: crop each person, find the surface, paste, score.

    Like a :class:`TopDownParser`, whose classes are the 24 patches; its
    results have ``uv_maps`` besides.

    Args:
        decode_head (dict): Config of a :class:`UVHead`.
        symmetry_file (str, optional): How U and V change in a mirrored
            picture, see :class:`UVSymmetry`; it is read when the first person
            is flipped, and needed for nothing else.
        kwargs: Those of :class:`TopDownParser`.

    Raises:
        InputError: If the head is another, or ``test_cfg.flip`` is set and
            there is no ``symmetry_file``.
    """

    def __init__(self,
                 *,
                 decode_head: ConfigType,
                 symmetry_file: Optional[str] = None,
                 **kwargs) -> None:
        self.symmetry_file = symmetry_file  # `settings` asks for it
        super().__init__(decode_head=decode_head, **kwargs)
        if not isinstance(self.decode_head, UVHead):
            raise InputError('DensePoseParser needs a UVHead as decode_head, '
                             f'but got {type(self.decode_head).__name__}')
        self.num_classes = NUM_PATCHES
        self._symmetry: Optional[UVSymmetry] = None

    @property
    def settings(self) -> CropSettings:
        """CropSettings: What ``test_cfg`` says now."""
        settings = super().settings
        if settings.flip and self.symmetry_file is None:
            raise InputError(
                'DensePoseParser: test_cfg.flip needs symmetry_file, the path '
                'of UV_symmetry_transforms.mat: U and V change in a mirrored '
                'picture')
        return settings

    def predict_persons(self, images: Sequence[Tensor],
                        data_samples: SampleList) -> Iterator[PersonSurface]:
        """See the function :func:`predict_persons`."""
        persons = super().predict_persons(images, data_samples)
        return map(PersonSurface._make, persons)

    def predict_crops(self, crops: Tensor) -> MapsAndIoU:
        """Maps (N, 90, h, w), see :meth:`UVHead.activate`, and IoU scores."""
        maps, iou = self._forward(crops)
        maps = self.decode_head.activate(maps.float())
        return maps, None if iou is None else iou.float()

    def unmirror(self, maps: Tensor, sample: SegDataSample) -> Tensor:
        """Maps (90, H, W) of a crop from those of its mirror image."""
        if self._symmetry is None:
            self._symmetry = UVSymmetry(self.symmetry_file)
        return unmirror_surface(maps, self._symmetry)
