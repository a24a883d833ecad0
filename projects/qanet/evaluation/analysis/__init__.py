# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Is the quality score any good, and which of several methods?

Figures in numpy, pictures apart. No torch; all but ``comparison``,
``instances``, ``samples`` and ``study`` need matplotlib.
"""
from .samples import SCORE_NAMES, score_agreements, spearman
from .study import RECALLS, QualityStudy, study_quality

__all__ = [
    'RECALLS', 'SCORE_NAMES', 'QualityStudy', 'score_agreements', 'spearman',
    'study_quality'
]
