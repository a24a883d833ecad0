# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From a trained parser to an ONNX file."""
import inspect
import io
from typing import Any, Collection, Dict, List, NamedTuple, Optional

import torch
from mmengine.model import revert_sync_batchnorm
from torch import Tensor, nn

from projects.qanet.runtime.session import first_line
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.optional import import_optional
from .network import INPUT_NAME, OUTPUT_NAMES, OnnxNetwork

#: Lowest version of the operator set that each exporter is asked for.
_OPSETS = dict(torchscript=17, dynamo=18)
EXPORTERS = tuple(_OPSETS)


class Difference(NamedTuple):
    """The largest absolute differences of onnxruntime from torch."""
    batch_size: int  # number of crops
    probs: float
    iou_scores: Optional[float]  # None without any

    @property
    def largest(self) -> float:
        return max(self.probs, self.iou_scores or 0.)


class _CropNetwork(nn.Module):
    """A parser's seam as a module with tensors only."""

    def __init__(self, parser: nn.Module) -> None:
        super().__init__()
        self.parser = parser

    def forward(self, crops: Tensor) -> Any:
        probs, iou = self.parser.predict_crops(crops)
        return probs if iou is None else (probs, iou)


@torch.no_grad()
def export_network(parser: nn.Module,
                   exporter: str = 'torchscript',
                   opset: Optional[int] = None,
                   fixed_batch: bool = False) -> bytes:
    """Write the network of a parser as ONNX.

    Input and outputs are those of :meth:`TopDownParser.predict_crops`, named
    ``crops``, ``probs`` and, if the network regresses it, ``iou_scores``.

    Args:
        parser (nn.Module): A :class:`TopDownParser` on the CPU.
        exporter (str): 'torchscript' needs nothing but onnx; 'dynamo' needs
            torch >= 2.6 and onnxscript and knows more operators.
        opset (int, optional): Version of the operator set, else 17 or 18.
        fixed_batch (bool): Take one crop at a time instead of any number.

    Gives the content of an ONNX file, without metadata. Raises an InputError
    if a package is missing, the network gives other maps than classes, or
    torch cannot export it like this.
    """
    if exporter not in EXPORTERS:
        raise InputError(f'exporter must be one of {", ".join(EXPORTERS)}, '
                         f'but got {exporter!r}')
    onnx = import_optional('onnx', 'exporting')
    network = revert_sync_batchnorm(_CropNetwork(parser)).eval()
    width, height = parser.settings.crop_size
    # Two crops, since torch takes a batch of one for a constant.
    crops = torch.zeros(1 if fixed_batch else 2, 3, height, width)
    outputs = network(crops)
    outputs = (outputs, ) if isinstance(outputs, Tensor) else outputs
    if outputs[0].size(1) != parser.num_classes:
        raise InputError(
            f'{type(parser).__name__} cannot be exported: an ONNX file holds '
            f'one probability for each of {parser.num_classes} classes, but '
            f'its network gives {outputs[0].size(1)} maps')
    options = dict(
        input_names=[INPUT_NAME],
        output_names=list(OUTPUT_NAMES[:len(outputs)]),
        opset_version=opset or _OPSETS[exporter])
    try:
        model = _write(network, crops, exporter, fixed_batch, options)
    # torch's exporters raise RuntimeError and what derives from it.
    except RuntimeError as error:
        other, = set(EXPORTERS) - {exporter}
        raise InputError(
            f'torch cannot export this {type(parser).__name__} with '
            f'exporter={exporter}, opset={options["opset_version"]} (try '
            f'{other}): {first_line(error)}') from error
    proto = onnx.load_model_from_string(model)
    for value, output in zip(proto.graph.output, outputs):
        # The exporters lose track of sizes that do not change.
        dims = value.type.tensor_type.shape.dim
        for dim, size in list(zip(dims, output.shape))[1:]:
            dim.dim_value = size
    return proto.SerializeToString()


def _write(network: nn.Module, crops: Tensor, exporter: str, fixed_batch: bool,
           options: Dict[str, Any]) -> bytes:
    if exporter == 'dynamo':
        import_optional('onnxscript', 'exporter=dynamo')
        if 'dynamic_shapes' not in _known_options():
            raise InputError('exporter=dynamo needs torch >= 2.6, but this is '
                             f'{torch.__version__}')
        if not fixed_batch:
            options['dynamic_shapes'] = ({0: torch.export.Dim('batch')}, )
        program = torch.onnx.export(network, (crops, ), dynamo=True, **options)
        return program.model_proto.SerializeToString()
    if not fixed_batch:
        names = options['input_names'] + options['output_names']
        options['dynamic_axes'] = {name: {0: 'batch'} for name in names}
    return write_torchscript(network, crops, options)


def _known_options() -> Collection[str]:
    return inspect.signature(torch.onnx.export).parameters


def write_torchscript(network: nn.Module, sample: Tensor,
                      options: Dict[str, Any]) -> bytes:
    """Write a network as ONNX with torch's older exporter.

    ``sample`` is an input and ``options`` what ``torch.onnx.export`` takes.
    """
    import_optional('onnx', 'exporting')
    if 'dynamo' in _known_options():  # older torches have no other exporter
        options = dict(options, dynamo=False)
    file = io.BytesIO()
    torch.onnx.export(network, (sample, ), file, **options)
    return file.getvalue()


def add_metadata(model: bytes, key: str, document: str) -> bytes:
    """Put a document into the metadata of the content of a file."""
    onnx = import_optional('onnx', 'exporting')
    proto = onnx.load_model_from_string(model)
    entries = {entry.key: entry.value for entry in proto.metadata_props}
    onnx.helper.set_model_props(proto, {**entries, key: document})
    onnx.checker.check_model(proto)
    return proto.SerializeToString()


@torch.no_grad()
def compare_with_torch(parser: nn.Module, model: bytes) -> List[Difference]:
    """Run both on one, then on three random crops, N(0, 1), on the CPU.

    Outputs of different shapes, or none, are infinitely far apart. Raises an
    InputError if onnxruntime is missing or cannot read the file.
    """
    network = OnnxNetwork(model)
    generator = torch.Generator().manual_seed(0)
    width, height = parser.settings.crop_size
    parser.eval()
    differences = []
    for size in (1, 3):  # not that of the export, so a built-in one shows
        crops = torch.randn(size, 3, height, width, generator=generator)
        expected = parser.predict_crops(crops)
        try:
            found = network(crops)
        except InputError:  # the batch size is built in
            found = None, None
        differences.append(Difference(size, *map(_distance, expected, found)))
    return differences


def _distance(wanted: Optional[Tensor],
              found: Optional[Tensor]) -> Optional[float]:
    if wanted is None:
        return None
    if found is None or wanted.shape != found.shape:
        return float('inf')
    return (wanted - found).abs().nan_to_num(nan=float('inf')).max().item()
