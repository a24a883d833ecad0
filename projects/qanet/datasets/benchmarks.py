# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The data sets that ``tools/dataset_converters`` make from downloads."""
from typing import Optional

from mmseg.registry import DATASETS

from projects.qanet.utils.errors import InputError
from .human_parsing import HumanParsingDataset
from .metainfo import LABEL_ORDERS, RELEASED_ORDER, default_palette


@DATASETS.register_module()
class CIHPParsingDataset(HumanParsingDataset):
    """Crowd Instance-level Human Parsing: 20 classes, many persons."""

    METAINFO = dict(
        classes=('Background', 'Hat', 'Hair', 'Glove', 'Sunglasses',
                 'Upper-clothes', 'Dress', 'Coat', 'Socks', 'Pants',
                 'Torso-skin', 'Scarf', 'Skirt', 'Face', 'Left-arm',
                 'Right-arm', 'Left-leg', 'Right-leg', 'Left-shoe',
                 'Right-shoe'),
        palette=[[0, 0, 0], [128, 0, 0], [255, 0, 0], [0, 85, 0], [170, 0, 51],
                 [255, 85, 0], [0, 0, 85], [0, 119, 221], [85, 85, 0],
                 [0, 85, 85], [85, 51, 0], [52, 86, 128], [0, 128, 0],
                 [0, 0, 255], [51, 170, 221], [0, 255, 255], [85, 255, 170],
                 [170, 255, 85], [255, 255, 0], [255, 170, 0]],
        flip_pairs=[(14, 15), (16, 17), (18, 19)])


@DATASETS.register_module()
class LIPParsingDataset(HumanParsingDataset):
    """Look Into Person: one person each, CIHP's classes but for one."""

    METAINFO = dict(
        CIHPParsingDataset.METAINFO,
        classes=tuple('Jumpsuits' if name == 'Torso-skin' else name
                      for name in CIHPParsingDataset.METAINFO['classes']))


@DATASETS.register_module()
class ATRParsingDataset(HumanParsingDataset):
    """Active Template Regression: 18 classes, one person per image."""

    METAINFO = dict(
        classes=('Background', 'Hat', 'Hair', 'Sunglasses', 'Upper-clothes',
                 'Skirt', 'Pants', 'Dress', 'Belt', 'Left-shoe', 'Right-shoe',
                 'Face', 'Left-leg', 'Right-leg', 'Left-arm', 'Right-arm',
                 'Bag', 'Scarf'),
        palette=default_palette(18),
        flip_pairs=[(9, 10), (12, 13), (14, 15)])


@DATASETS.register_module()
class MHPv2ParsingDataset(HumanParsingDataset):
    """Multi-Human Parsing v2: 59 classes, 2 to 26 persons per image."""

    METAINFO = dict(
        classes=('Background', 'Cap/hat', 'Helmet', 'Face', 'Hair', 'Left-arm',
                 'Right-arm', 'Left-hand', 'Right-hand', 'Protector',
                 'Bikini/bra', 'Jacket/windbreaker/hoodie', 'Tee-shirt',
                 'Polo-shirt', 'Sweater', 'Singlet', 'Torso-skin', 'Pants',
                 'Shorts/swim-shorts', 'Skirt', 'Stockings', 'Socks',
                 'Left-boot', 'Right-boot', 'Left-shoe', 'Right-shoe',
                 'Left-highheel', 'Right-highheel', 'Left-sandal',
                 'Right-sandal', 'Left-leg', 'Right-leg', 'Left-foot',
                 'Right-foot', 'Coat', 'Dress', 'Robe', 'Jumpsuit',
                 'Other-full-body-clothes', 'Headwear', 'Backpack', 'Ball',
                 'Bats', 'Belt', 'Bottle', 'Carrybag', 'Cases', 'Sunglasses',
                 'Eyewear', 'Glove', 'Scarf', 'Umbrella', 'Wallet/purse',
                 'Watch', 'Wristband', 'Tie', 'Other-accessary',
                 'Other-upper-body-clothes', 'Other-lower-body-clothes'),
        palette=default_palette(59),
        flip_pairs=[(5, 6), (7, 8), (22, 23), (24, 25), (26, 27), (28, 29),
                    (30, 31), (32, 33)])


@DATASETS.register_module()
class PPPParsingDataset(HumanParsingDataset):
    """PASCAL-Person-Part: 7 classes, none left or right, of PASCAL VOC.

    Names and colours follow ``label_order``, 'official' or 'released', that of
    the published weights (``docs/protocol.md``, section 6); a file that notes
    the other one is refused. Entries of ``metainfo`` win.
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
        noted = (document.get('info') or {}).get('label_order',
                                                 self.label_order)
        if noted != self.label_order:
            raise InputError(
                f'{self.ann_file} has labels in the {noted} order, but the '
                f'data set was built with label_order={self.label_order!r}')
