# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from mmengine.config import ConfigDict
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import nn

from projects.qanet.utils.errors import InputError


@MODELS.register_module()
def AugmentedParser(module: ConfigType, **settings) -> nn.Module:
    """Build a parser with other settings: the ``tta_model`` of mmseg's tools.

    mmseg's ``tools/test.py --tta`` puts the model into it as ``module``. A
    parser augments by itself (``docs/test_time_augmentation.md``).

    Args:
        module (dict): Config of a :class:`TopDownParser`, or of a
            :class:`ParserEnsemble`, whose parsers are all augmented; an
            InputError if it does not crop persons.
        settings: ``flip`` and ``scales`` of :class:`CropSettings`.
    """
    module = ConfigDict(module)
    for model in module.get('parsers', [module]):
        if 'crop_size' not in (model.get('test_cfg') or {}):
            raise InputError(
                'AugmentedParser (--tta) is for top-down parsers, whose '
                f'test_cfg has a crop_size, but the model is {model.type}')
        model.test_cfg = dict(model.test_cfg, **settings)
    return MODELS.build(module)
