# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Optional

from mmseg.registry import DATASETS

from projects.qanet.utils.errors import InputError
from .human_parsing import HumanParsingDataset
from .metainfo import LABEL_ORDERS, RELEASED_ORDER, default_palette


@DATASETS.register_module()
class PPPParsingDataset(HumanParsingDataset):
    """PASCAL-Person-Part: 7 classes, one or more persons per image.

    1,716 training and 1,817 validation images of PASCAL VOC. No class is left
    or right. Two orders of the labels are in circulation
    (``docs/protocol.md``, section 6): *official* 1 Head 2 Torso 3 Upper-arms
    4 Lower-arms 5 Upper-legs 6 Lower-legs, and that of the files which the
    published weights were trained on, *released* 1 Lower-arms 2 Head 3
    Upper-legs 4 Torso 5 Lower-legs 6 Upper-arms.
    ``tools/dataset_converters/pascal_person_part.py`` makes either from the
    downloads and notes the order in the annotation file.

    Args:
        label_order (str): 'official' or 'released': names and colours follow
            the labels. Defaults to 'official'.
        metainfo (dict, optional): As in :class:`HumanParsingDataset`;
            entries given here win. Defaults to None.
        kwargs: See :class:`HumanParsingDataset`.

    Raises:
        InputError: If ``label_order`` is neither of them, or the annotation
            file notes the other order.
    """

    METAINFO = dict(
        classes=('Background', 'Head', 'Torso', 'Upper-arms', 'Lower-arms',
                 'Upper-legs', 'Lower-legs'),
        palette=default_palette(7),  # VOC's own colours
        flip_pairs=[])

    def __init__(self,
                 *args,
                 label_order: str = 'official',
                 metainfo: Optional[dict] = None,
                 **kwargs) -> None:
        if label_order not in LABEL_ORDERS:
            raise InputError(f'label_order must be one of {LABEL_ORDERS}, got '
                             f'{label_order!r}')
        self.label_order = label_order
        if label_order == 'released':
            permuted = {
                key: [self.METAINFO[key][label] for label in RELEASED_ORDER]
                for key in ('classes', 'palette')
            }
            metainfo = dict(permuted, **(metainfo or {}))
        super().__init__(*args, metainfo=metainfo, **kwargs)

    def _check_document(self, document: dict) -> None:
        """Refuse the other label order."""
        info = document.get('info') or {}
        noted = info.get('label_order', self.label_order)
        if noted != self.label_order:
            raise InputError(
                f'{self.ann_file} has labels in the {noted} order, but the '
                f'data set was built with label_order={self.label_order!r}')
