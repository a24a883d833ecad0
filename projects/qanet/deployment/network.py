# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A parser's network in onnxruntime, on the memory of tensors."""
import os.path as osp
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np
import torch
from torch import Tensor

from projects.qanet.runtime.session import first_line
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_download
from projects.qanet.utils.optional import import_optional

#: Names of the file's input and outputs, the last one optional.
INPUT_NAME = 'crops'
OUTPUT_NAMES = ('probs', 'iou_scores')
_CPU, _CUDA = 'CPUExecutionProvider', 'CUDAExecutionProvider'


def _providers(device: str, available: List[str]) -> List[Any]:
    """onnxruntime's name for a device of torch."""
    place = torch.device(device)
    if place.type == 'cpu':
        return [_CPU]
    if place.type != 'cuda':
        raise InputError(f'device {device!r}: an ONNX parser runs on cpu and '
                         'on cuda')
    if _CUDA not in available:
        raise InputError(
            f'device {device!r}: this onnxruntime has no CUDA, only '
            f'{", ".join(available)}. Install onnxruntime-gpu instead of '
            'onnxruntime, or use the device cpu')
    return [(_CUDA, dict(device_id=place.index or 0)), _CPU]


def default_device() -> str:
    """'cuda' if both torch and onnxruntime can use it, else 'cpu'."""
    runtime = import_optional('onnxruntime', 'running an ONNX file')
    available = runtime.get_available_providers()
    has_cuda = torch.cuda.is_available() and _CUDA in available
    return 'cuda' if has_cuda else 'cpu'


class OnnxNetwork:
    """Runs the network of an ONNX file, with as many threads as torch.

    ``source`` is the path of the file or its content, ``device`` 'cpu', 'cuda'
    or 'cuda:1' and the like.

    Attributes:
        name (str): Path of the file, for messages.
        metadata (dict[str, str]): The entries of its metadata.
        num_classes (int): Number of channels C of the probabilities.
        crop_size (tuple[int, int]): Width and height of a crop.
        batch_size (int, optional): Crops at once, None for any number.

    Raises a FileNotFoundError if there is no such file, an InputError if
    onnxruntime or the device is missing, or the file is damaged or no parser.
    """

    def __init__(self, source: Union[str, bytes], device: str = 'cpu') -> None:
        is_file = not isinstance(source, bytes)
        self.name = source if is_file else 'ONNX model'
        if is_file and not osp.isfile(source):
            raise FileNotFoundError(f'ONNX file {source} not found')
        runtime = import_optional('onnxruntime', f'running {self.name}')
        providers = _providers(device, runtime.get_available_providers())
        if is_file:
            check_download(source, f'ONNX file {source}')
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        try:
            self._session = runtime.InferenceSession(
                source, options, providers=providers)
        # onnxruntime's exceptions have no base of their own.
        except Exception as error:
            raise InputError(f'{self.name} cannot be read as an ONNX file: '
                             f'{first_line(error)}') from error
        self.metadata: Dict[str, str] = dict(
            self._session.get_modelmeta().custom_metadata_map)
        self._read_shapes()

    def _read_shapes(self) -> None:
        session = self._session
        inputs = {item.name: item.shape for item in session.get_inputs()}
        outputs = {item.name: item.shape for item in session.get_outputs()}
        shape, sizes = inputs.get(INPUT_NAME, []), outputs.get('probs', [])
        if not (list(inputs) == [INPUT_NAME]
                and list(outputs) in (list(OUTPUT_NAMES), ['probs'])
                and len(shape) == len(sizes) == 4 and shape[1] == 3 and all(
                    isinstance(size, int) for size in (*shape[2:], sizes[1]))):
            raise InputError(
                f'{self.name} holds no parser: its input must be crops (N, 3, '
                'H, W) and its outputs probs (N, C, H, W) and, optionally, '
                f'iou_scores (N,), but they are {inputs} and {outputs}')
        self.batch_size = shape[0] if isinstance(shape[0], int) else None
        self.crop_size: Tuple[int, int] = (shape[3], shape[2])
        self.num_classes: int = sizes[1]
        self._outputs = list(outputs)

    def __call__(self, crops: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        """Parse crops, see :meth:`TopDownParser.predict_crops`.

        N is a multiple of a fixed ``batch_size``. Raises an InputError if the
        crops are of another size or onnxruntime fails.
        """
        width, height = self.crop_size
        if tuple(crops.shape[1:]) != (3, height, width):
            raise InputError(f'{self.name} takes crops of shape (N, 3, '
                             f'{height}, {width}), not {tuple(crops.shape)}')
        crops = crops.float().contiguous()
        probs = crops.new_empty(len(crops), self.num_classes, height, width)
        iou = crops.new_empty(len(crops)) if len(self._outputs) > 1 else None
        size = self.batch_size or len(crops)
        for start in range(0, len(crops), size):
            rows = slice(start, start + size)
            self._run(crops[rows], probs[rows],
                      None if iou is None else iou[rows])
        return probs, iou

    def _run(self, crops: Tensor, *outputs: Optional[Tensor]) -> None:
        binding = self._session.io_binding()
        place = crops.device.type, crops.device.index or 0, np.float32
        binding.bind_input(INPUT_NAME, *place, tuple(crops.shape),
                           crops.data_ptr())
        for name, tensor in zip(self._outputs, outputs):
            binding.bind_output(name, *place, tuple(tensor.shape),
                                tensor.data_ptr())
        if crops.is_cuda:  # onnxruntime has a stream of its own
            torch.cuda.current_stream(crops.device).synchronize()
        try:
            self._session.run_with_iobinding(binding)
        except Exception as error:
            raise InputError(f'{self.name} fails on {len(crops)} crops: '
                             f'{first_line(error)}') from error
        binding.synchronize_outputs()
