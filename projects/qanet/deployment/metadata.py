# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a parser's ONNX file says about itself, see docs/deployment.md."""
import json
from dataclasses import asdict, fields
from typing import Any, Dict, Mapping, NamedTuple

from torch import nn

from projects.qanet.datasets.metainfo import complete_metainfo
from projects.qanet.models import ParsingDataPreprocessor, QualityAwareModule
from projects.qanet.models.parsers import CropSettings
from projects.qanet.utils.errors import InputError

#: Name of the entry in the ONNX file's metadata.
METADATA_KEY = 'human-parsing-network'
#: Version of the document; a reader refuses others.
VERSION = 1

_META = ('classes', 'palette', 'flip_pairs')
_SETTINGS = tuple(field.name for field in fields(CropSettings))
_OTHERS = ('mean', 'std', 'bgr_to_rgb', 'quality_weights', 'pixel_score_thr')


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
    if METADATA_KEY not in entries:
        raise InputError(
            f'{filename} does not say how to parse with it: its metadata has '
            f'no entry {METADATA_KEY}. tools/model_converters/export_onnx.py '
            'writes files that do')
    where = f'{filename}: metadata {METADATA_KEY}'
    try:
        document = json.loads(entries[METADATA_KEY])
    except ValueError as error:
        raise InputError(f'{where} is no JSON: {error}') from error
    if not isinstance(document, dict) or document.get('version') != VERSION:
        raise InputError(f'{where} is not of version {VERSION}, the only one '
                         'that is known here')
    for name in _META + _SETTINGS + _OTHERS:
        if name not in document:
            raise InputError(f'{where} has no {name}')
    try:
        return _build_parts(document)
    # Each part checks what it gets, some by asserting it.
    except (AssertionError, TypeError, ValueError) as error:
        raise InputError(f'{where}: {error}') from error


def _build_parts(document: Dict[str, Any]) -> ParserParts:
    meta, settings = ({
        name: document[name]
        for name in names
    } for names in (_META, _SETTINGS))
    mean, std, bgr_to_rgb, weights, thr = (document[name] for name in _OTHERS)
    if not isinstance(bgr_to_rgb, bool):
        raise InputError(f'bgr_to_rgb must be true or false, not {bgr_to_rgb}')
    if not all(value > 0 for value in std):
        raise InputError(f'std must be positive, not {std}')
    return ParserParts(
        complete_metainfo(meta), CropSettings(**settings),
        ParsingDataPreprocessor(
            mean=list(map(float, mean)),
            std=list(map(float, std)),
            bgr_to_rgb=bgr_to_rgb),
        QualityAwareModule(weights=weights, pixel_score_thr=thr))
