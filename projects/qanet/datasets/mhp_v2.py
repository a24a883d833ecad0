# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from mmseg.registry import DATASETS

from .human_parsing import HumanParsingDataset
from .metainfo import default_palette


@DATASETS.register_module()
class MHPv2ParsingDataset(HumanParsingDataset):
    """Multi-Human Parsing v2: 59 classes, 2 to 26 persons per image.

    15,403 training, 5,000 validation and 5,000 test images. Left and right
    are the person's own sides. It comes without colours, so these are the
    VOC colour map's. Arguments: see :class:`HumanParsingDataset`;
    ``tools/dataset_converters/mhp_v2.py`` makes its files from the download.
    """

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
