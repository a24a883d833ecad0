# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .quality_aware_module import PersonProbs, QualityAwareModule

__all__ = ['PersonProbs', 'QualityAwareModule']
