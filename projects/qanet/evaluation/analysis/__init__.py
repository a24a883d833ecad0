# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Is the quality score any good? Figures in numpy, pictures apart.

No torch; ``plots``, ``portraits`` and ``html_report`` need matplotlib.
"""
from .agreement import Agreement, measure_agreement, score_agreements
from .calibration import (ReliabilityBins, expected_calibration_error,
                          reliability_bins)
from .correlation import spearman
from .document import study_document, write_document
from .failures import Failure
from .precision_recall import RECALLS, precision_at, precision_recall
from .samples import SCORE_NAMES, QualitySamples, image_samples
from .study import QualityStudy, Ranking, study_quality

__all__ = [
    'RECALLS', 'SCORE_NAMES', 'Agreement', 'Failure', 'QualitySamples',
    'QualityStudy', 'Ranking', 'ReliabilityBins', 'expected_calibration_error',
    'image_samples', 'measure_agreement', 'precision_at', 'precision_recall',
    'reliability_bins', 'score_agreements', 'spearman', 'study_document',
    'study_quality', 'write_document'
]
