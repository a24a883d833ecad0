# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from mmseg.registry import DATASETS

from .human_parsing import HumanParsingDataset


@DATASETS.register_module()
class CIHPParsingDataset(HumanParsingDataset):
    """Crowd Instance-level Human Parsing: 20 classes, many persons per image.

    28,280 training, 5,000 validation and 5,000 test images. Left and right
    are the person's own sides. Arguments: see
    :class:`HumanParsingDataset`; ``tools/dataset_converters/cihp.py`` makes
    its files from the download.
    """

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
