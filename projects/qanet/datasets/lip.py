# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from mmseg.registry import DATASETS

from .cihp import CIHPParsingDataset
from .human_parsing import HumanParsingDataset

_CIHP = CIHPParsingDataset.METAINFO


@DATASETS.register_module()
class LIPParsingDataset(HumanParsingDataset):
    """Look Into Person: 20 classes, one person per image.

    30,462 training, 10,000 validation and 10,000 test images, crops from
    COCO; the person's box is the whole image. Its classes are those of CIHP
    except class 10, which is Jumpsuits here. Left and right are the person's
    own sides. Arguments: see :class:`HumanParsingDataset`;
    ``tools/dataset_converters/lip.py`` makes its files from the download.
    """

    METAINFO = dict(
        # CIHP took its classes from LIP and renamed this one.
        classes=tuple('Jumpsuits' if name == 'Torso-skin' else name
                      for name in _CIHP['classes']),
        palette=_CIHP['palette'],
        flip_pairs=_CIHP['flip_pairs'])
