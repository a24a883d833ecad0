# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a parser's ONNX file says about itself, see docs/deployment.md."""
import json
from dataclasses import asdict, fields
from typing import Any, Dict, Mapping, NamedTuple

from torch import nn

from projects.qanet.datasets.metainfo import complete_metainfo
from projects.qanet.models import ParsingDataPreprocessor, QualityAwareModule
from projects.qanet.models.parsers import CropSettings
from projects.qanet.runtime.person_parser import DOCUMENT, ENTRIES
from projects.qanet.runtime.session import VERSION, read_document
from projects.qanet.utils.errors import InputError

_META = ('classes', 'palette', 'flip_pairs')
_SETTINGS = tuple(field.name for field in fields(CropSettings))


class ParserParts(NamedTuple):
    """All that a parser is besides its network."""
    dataset_meta: Dict[str, Any]  # classes, palette, flip_pairs
    settings: CropSettings
    data_preprocessor: ParsingDataPreprocessor
    post_processor: QualityAwareModule


def write_metadata(parser: nn.Module, dataset_meta: Mapping[str, Any]) -> str:
    """Write what a :class:`TopDownParser` knows as a document, in JSON.

    ``dataset_meta`` has ``classes``, ``palette`` and ``flip_pairs``. Raises an
    InputError if its parts are not those of a top-down parser.
    """
    preprocessor = getattr(parser, 'data_preprocessor', None)
    processor = getattr(parser, 'post_processor', None)
    if not (isinstance(preprocessor, ParsingDataPreprocessor)
            and isinstance(processor, QualityAwareModule)):
        raise InputError(
            f'a {type(parser).__name__} cannot be written to an ONNX file, a '
            'TopDownParser with ParsingDataPreprocessor and '
            'QualityAwareModule can')
    normalizes = hasattr(preprocessor, 'mean')
    meta = {name: dataset_meta[name] for name in _META}
    return json.dumps(
        dict(
            version=VERSION,
            **meta,
            **asdict(parser.settings),
            mean=preprocessor.mean.flatten().tolist() if normalizes else [0.],
            std=preprocessor.std.flatten().tolist() if normalizes else [1.],
            bgr_to_rgb=preprocessor.bgr_to_rgb,
            quality_weights=processor.weights,
            pixel_score_thr=processor.pixel_score_thr))


def read_metadata(entries: Mapping[str, str], filename: str) -> ParserParts:
    """Read and check the document in the metadata of an ONNX file.

    Raises an InputError with the file's name if it is missing or wrong.
    """
    document = read_document(entries, DOCUMENT, ENTRIES, filename)
    try:
        return _build_parts(document)
    # Each part checks what it gets, some by asserting it.
    except (AssertionError, TypeError, ValueError) as error:
        raise InputError(
            f'{filename}: metadata {DOCUMENT}: {error}') from error


def _build_parts(document: Dict[str, Any]) -> ParserParts:
    meta, settings = ({
        name: document[name]
        for name in names
    } for names in (_META, _SETTINGS))
    std = document['std']
    if not all(value > 0 for value in std):
        raise InputError(f'std must be positive, not {std}')
    return ParserParts(
        complete_metainfo(meta), CropSettings(**settings),
        ParsingDataPreprocessor(
            mean=list(map(float, document['mean'])),
            std=list(map(float, std)),
            bgr_to_rgb=document['bgr_to_rgb']),
        QualityAwareModule(document['quality_weights'],
                           document['pixel_score_thr']))
