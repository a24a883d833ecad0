# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a parser's ONNX file says about itself.

A network alone does not tell how persons are cropped, what its channels mean
and how scores are fused. The file carries it as one JSON document in its
metadata, under :data:`METADATA_KEY`.
"""
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Callable, Dict, List, Mapping, Tuple

from torch import nn

from projects.qanet.datasets.metainfo import complete_metainfo
from projects.qanet.quality import check_weights
from projects.qanet.utils.errors import InputError

#: Name of the entry in the ONNX file's metadata.
METADATA_KEY = 'human-parsing-network'
#: Version of the document; a reader refuses others.
VERSION = 1


@dataclass(frozen=True)
class ParserMetadata:
    """All that a parser knows besides its network.

    Attributes:
        classes (tuple[str, ...]): Names, the background first.
        palette (list[list[int]]): One RGB colour for each class.
        flip_pairs (list[tuple[int, int]]): Left and right classes.
        crop_size (tuple[int, int]): Width and height of a crop.
        padding (float): Factor on the box.
        flip (bool): Average with the mirrored crop.
        scales (tuple[float, ...]): Scales of the padded box.
        max_instances_per_batch (int): Crops in the network at once.
        mean (list[float]): Of each channel of a crop in 0..255, after
            ``bgr_to_rgb``; one number serves all.
        std (list[float]): The same for the standard deviation.
        bgr_to_rgb (bool): Reverse the channels before normalising.
        quality_weights (tuple[float, ...]): Exponents of the box, IoU and
            pixel score.
        pixel_score_thr (float): ``T`` of the pixel scores.
    """
    classes: Tuple[str, ...]
    palette: List[List[int]]
    flip_pairs: List[Tuple[int, int]]
    crop_size: Tuple[int, int]
    padding: float
    flip: bool
    scales: Tuple[float, ...]
    max_instances_per_batch: int
    mean: List[float]
    std: List[float]
    bgr_to_rgb: bool
    quality_weights: Tuple[float, ...]
    pixel_score_thr: float

    @property
    def dataset_meta(self) -> Dict[str, Any]:
        """dict: ``classes``, ``palette`` and ``flip_pairs``."""
        return dict(
            classes=self.classes,
            palette=self.palette,
            flip_pairs=self.flip_pairs)

    def to_json(self) -> str:
        """Write the document.

        Returns:
            str: JSON, with the version.
        """
        return json.dumps(dict(version=VERSION, **asdict(self)))


def metadata_of(parser: nn.Module,
                dataset_meta: Mapping[str, Any]) -> ParserMetadata:
    """Collect what a parser knows.

    Args:
        parser (nn.Module): A :class:`TopDownParser` or the like.
        dataset_meta (Mapping): ``classes``, ``palette`` and
            ``flip_pairs``.

    Returns:
        ParserMetadata: It.

    Raises:
        InputError: If the parser's parts are not those of a top-down parser.
    """
    preprocessor, processor = (
        getattr(parser, name, None)
        for name in ('data_preprocessor', 'post_processor'))
    try:
        return ParserMetadata(
            classes=tuple(dataset_meta['classes']),
            palette=[list(color) for color in dataset_meta['palette']],
            flip_pairs=[tuple(pair) for pair in dataset_meta['flip_pairs']],
            crop_size=parser.crop_size,
            padding=float(parser.padding),
            flip=bool(parser.flip),
            scales=tuple(float(scale) for scale in parser.scales),
            max_instances_per_batch=int(parser.max_instances_per_batch),
            mean=preprocessor.mean.flatten().tolist(),
            std=preprocessor.std.flatten().tolist(),
            bgr_to_rgb=bool(preprocessor.bgr_to_rgb),
            quality_weights=tuple(float(w) for w in processor.weights),
            pixel_score_thr=float(processor.pixel_score_thr))
    except AttributeError as error:
        raise InputError(
            f'a {type(parser).__name__} cannot be written to an ONNX file, a '
            'TopDownParser with ParsingDataPreprocessor and '
            f'QualityAwareModule can: {error}') from error


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _numbers(lengths: Tuple[int, ...], positive: bool) -> Callable:
    """A check of a list of numbers; no lengths stand for any but 0."""

    def check(value: Any) -> bool:
        return (isinstance(value, list) and len(value) > 0
                and (not lengths or len(value) in lengths) and all(
                    _is_number(v) and (v > 0 or not positive) for v in value))

    return check


_CHECKS: Dict[str, Tuple[Callable, str]] = dict(
    crop_size=(lambda v: _numbers((2, ), True)
               (v) and all(isinstance(size, int)
                           for size in v), 'two positive integers'),
    padding=(lambda v: _is_number(v) and v > 0, 'a positive number'),
    flip=(lambda v: isinstance(v, bool), 'true or false'),
    scales=(_numbers((), True), 'positive numbers'),
    max_instances_per_batch=(lambda v: isinstance(v, int) and v > 0,
                             'a positive integer'),
    mean=(_numbers((1, 3), False), 'one number or three'),
    std=(_numbers((1, 3), True), 'one positive number or three'),
    bgr_to_rgb=(lambda v: isinstance(v, bool), 'true or false'),
    quality_weights=(_numbers((3, ), False), 'three numbers'),
    pixel_score_thr=(lambda v: _is_number(v) and 0 <= v <= 1,
                     'a number in [0, 1]'))


def read_metadata(entries: Mapping[str, str], filename: str) -> ParserMetadata:
    """Read and check a file's document.

    Args:
        entries (Mapping[str, str]): The metadata of the ONNX file.
        filename (str): Its name, for the messages.

    Returns:
        ParserMetadata: What the document says.

    Raises:
        InputError: If there is none, or it is of another version, or a value
            is missing or wrong.
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
    if not isinstance(document, dict) or document.pop('version',
                                                      None) != VERSION:
        raise InputError(f'{where} is not of version {VERSION}, the only one '
                         'that is known here')
    for field in fields(ParserMetadata):
        if field.name not in document:
            raise InputError(f'{where} has no {field.name}')
    for name, (check, allowed) in _CHECKS.items():
        if not check(document[name]):
            raise InputError(f'{where}: {name} must be {allowed}, but is '
                             f'{document[name]!r}')
    return _build(document, where)


def _build(document: Dict[str, Any], where: str) -> ParserMetadata:
    """The document as an object; classes and weights have checks of theirs."""
    try:
        meta = complete_metainfo({
            name: document[name]
            for name in ('classes', 'palette', 'flip_pairs')
        })
        weights = check_weights(document['quality_weights'])
    except (TypeError, ValueError) as error:
        raise InputError(f'{where}: {error}') from error
    values = {
        field.name: document[field.name]
        for field in fields(ParserMetadata)
    }
    values.update(
        meta,
        crop_size=tuple(document['crop_size']),
        scales=tuple(document['scales']),
        quality_weights=tuple(weights))
    return ParserMetadata(**values)
