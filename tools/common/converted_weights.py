# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How the converters of the authors' checkpoints end."""
import os.path as osp
from typing import Optional

import torch

from projects.qanet.released_weights import (METAINFOS, ConversionReport,
                                             training_config)


def save_converted(report: ConversionReport, dataset: Optional[str], src: str,
                   dst: str, config_dir: str) -> None:
    """Write a converted checkpoint, and say what it is and what it lacks.

    ``dataset`` is the key of its classes in :data:`METAINFOS`, None if they
    are unknown.
    """
    meta = dict(network=report.network.name, converted_from=osp.basename(src))
    if dataset is not None:
        meta['dataset_meta'] = METAINFOS[dataset]
    torch.save(dict(meta=meta, state_dict=report.state_dict), dst)
    if report.unknown:
        print(f'left out {len(report.unknown)} entries that the network does '
              'not have:')
        for name in report.unknown:
            print(f'  {name}')
    part = 'backbone of ' if report.is_backbone else ''
    print(f'{dst}: {part}{report.network.name}, '
          f'{len(report.state_dict)} entries')
    if report.is_backbone:
        print('use it with --cfg-options model.backbone.init_cfg.checkpoint='
              f'{dst} model.backbone.init_cfg.prefix=None')
        return
    config = training_config(report, dataset, config_dir)
    if dataset is None:
        print('names of its classes: unknown, the config has to say them')
    else:
        print(f'trained on {dataset}: '
              f'{", ".join(METAINFOS[dataset]["classes"])}')
    print(f'test it with configs/{config}' if config else
          f'no config fits as it is, configs/{report.network.config} is next')
