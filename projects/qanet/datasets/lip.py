# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from mmseg.registry import DATASETS

from .human_parsing import HumanParsingDataset


@DATASETS.register_module()
class LIPParsingDataset(HumanParsingDataset):
    """Look Into Person: 20 classes, one person per image.

    30,462 training, 10,000 validation and 10,000 test images, crops from
    COCO. Its classes are those of CIHP except class 10, which is Jumpsuits
    here. Left and right are the person's own sides. Arguments: see
    :class:`HumanParsingDataset`.
    """

    METAINFO = dict(
        classes=('Background', 'Hat', 'Hair', 'Glove', 'Sunglasses',
                 'Upper-clothes', 'Dress', 'Coat', 'Socks', 'Pants',
                 'Jumpsuits', 'Scarf', 'Skirt', 'Face', 'Left-arm',
                 'Right-arm', 'Left-leg', 'Right-leg', 'Left-shoe',
                 'Right-shoe'),
        palette=[[0, 0, 0], [128, 0, 0], [255, 0, 0], [0, 85, 0], [170, 0, 51],
                 [255, 85, 0], [0, 0, 85], [0, 119, 221], [85, 85, 0],
                 [0, 85, 85], [85, 51, 0], [52, 86, 128], [0, 128, 0],
                 [0, 0, 255], [51, 170, 221], [0, 255, 255], [85, 255, 170],
                 [170, 255, 85], [255, 255, 0], [255, 170, 0]],
        flip_pairs=[(14, 15), (16, 17), (18, 19)])
