# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from mmseg.registry import DATASETS

from .human_parsing import HumanParsingDataset
from .metainfo import default_palette


@DATASETS.register_module()
class ATRParsingDataset(HumanParsingDataset):
    """Active Template Regression: 18 classes, one person per image, fashion.

    About 17,700 images without an official split; the person's box is the
    whole image. The order of the classes differs from LIP's (legs come
    before arms). Left and right are the person's own sides. The colours are
    the VOC colour map's. Arguments: see :class:`HumanParsingDataset`;
    ``tools/dataset_converters/atr.py`` makes its files from the download.
    """

    METAINFO = dict(
        classes=('Background', 'Hat', 'Hair', 'Sunglasses', 'Upper-clothes',
                 'Skirt', 'Pants', 'Dress', 'Belt', 'Left-shoe', 'Right-shoe',
                 'Face', 'Left-leg', 'Right-leg', 'Left-arm', 'Right-arm',
                 'Bag', 'Scarf'),
        palette=default_palette(18),
        flip_pairs=[(9, 10), (12, 13), (14, 15)])
