# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a released checkpoint was trained on, which it does not say."""
import os.path as osp
from typing import Dict, Optional

from projects.qanet.datasets import registered as datasets
from projects.qanet.datasets.metainfo import RELEASED_ORDER
from projects.qanet.utils.errors import InputError
from .conversion import ConversionReport

_PPP = datasets.PPPParsingDataset.METAINFO
#: Classes, colours and flip pairs by the name that configs use. Those of
#: PASCAL-Person-Part have the order of the released files.
METAINFOS: Dict[str, dict] = {
    'cihp': datasets.CIHPParsingDataset.METAINFO,
    'lip': datasets.LIPParsingDataset.METAINFO,
    'mhp-v2': datasets.MHPv2ParsingDataset.METAINFO,
    'ppp': {
        'classes': tuple(_PPP['classes'][label] for label in RELEASED_ORDER),
        'palette': [_PPP['palette'][label] for label in RELEASED_ORDER],
        'flip_pairs': _PPP['flip_pairs']
    },
    'atr': datasets.ATRParsingDataset.METAINFO
}


def training_data(report: ConversionReport, dataset: Optional[str],
                  filename: str) -> Optional[str]:
    """Tell which data set, a key of :data:`METAINFOS`, was trained on.

    ``dataset`` is what the user says, None concludes from the number of
    classes. Gives None if there is no classifier, or no data set with so many
    classes. Raises an InputError if data sets with so many classes have
    different ones, or the one that was named has another number.
    """
    if report.classifier is None:
        return None
    num_classes = len(report.classifier)
    fitting = [
        name for name, meta in METAINFOS.items()
        if len(meta['classes']) == num_classes
    ]
    if dataset is None and len(fitting) < 2:
        return fitting[0] if fitting else None
    if dataset not in fitting:
        allowed = ' or '.join(fitting) or 'no data set'
        raise InputError(
            f'checkpoint {filename} has {num_classes} classes: --dataset must '
            f'say what they are, {allowed}')
    return dataset


def training_config(report: ConversionReport, dataset: Optional[str],
                    config_dir: str) -> Optional[str]:
    """Our config of a network and its data in ``config_dir``, or None."""
    name = report.network.config.replace('cihp', dataset or 'cihp')
    # As wide as the released networks for larger crops.
    if report.classifier is not None and report.classifier.shape[1] == 384:
        name = name.replace('512x384', '544x416')
    return name if osp.isfile(osp.join(config_dir, name)) else None
