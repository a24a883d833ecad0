# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A network in an ONNX file, run by onnxruntime or OpenVINO."""
import json
import os.path as osp
from typing import Any, Callable, Dict, List, Mapping

import numpy as np

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_download
from projects.qanet.utils.json_values import is_number
from projects.qanet.utils.optional import import_optional

BACKENDS = ('onnxruntime', 'openvino')
#: Version of the JSON documents in a file's metadata; others are refused.
VERSION = 1
#: What a value there may have to be.
FORMS: Dict[str, Callable[[Any], bool]] = {
    'a number':
    is_number,
    'true or false':
    lambda value: isinstance(value, bool),
    'a list':
    lambda value: isinstance(value, list),
    'a list of numbers':
    lambda value: isinstance(value, list) and bool(value) and all(
        map(is_number, value))
}


def first_line(error: Exception) -> str:
    """The line of a long message that says what is wrong."""
    return str(error).strip().splitlines()[0]


class Session:
    """Runs an ONNX file on the CPU.

    Args:
        path (str): The file.
        backend (str): 'onnxruntime' or 'openvino'.
        num_threads (int): Threads at most; 0 lets the backend choose.

    Attributes:
        inputs, outputs (dict[str, list]): Names and shapes; a size that is
            free is no int.

    Raises:
        InputError: If the file is missing, damaged or no ONNX file, or if the
            backend is unknown or not installed.
    """

    def __init__(self,
                 path: str,
                 backend: str = 'onnxruntime',
                 num_threads: int = 0) -> None:
        if backend not in BACKENDS:
            raise InputError(f'backend must be one of {", ".join(BACKENDS)}, '
                             f'not {backend!r}')
        if not osp.isfile(path):
            raise InputError(f'ONNX file {path} not found')
        check_download(path, f'ONNX file {path}')
        self.path = path
        runtime = import_optional('onnxruntime', f'reading {path}')
        options = runtime.SessionOptions()
        options.intra_op_num_threads = num_threads
        if backend == 'openvino':  # the session only describes the network
            options.graph_optimization_level = (
                runtime.GraphOptimizationLevel.ORT_DISABLE_ALL)
        try:
            session = runtime.InferenceSession(
                path, options, providers=['CPUExecutionProvider'])
        # onnxruntime's exceptions have no base of their own.
        except Exception as error:
            raise InputError(f'{path} cannot be read as an ONNX file: '
                             f'{first_line(error)}') from error
        self.inputs = {item.name: item.shape for item in session.get_inputs()}
        self.outputs = {
            item.name: item.shape
            for item in session.get_outputs()
        }
        self._metadata = session.get_modelmeta().custom_metadata_map
        self._run: Callable[[Dict[str, np.ndarray]], List[np.ndarray]]
        if backend == 'openvino':
            self._run = _openvino_run(path, num_threads)
        else:
            self._run = lambda feeds: session.run(None, feeds)

    def __call__(self, **feeds: np.ndarray) -> Dict[str, np.ndarray]:
        """Run the network on arrays by name; raise an InputError if it fails.
        """
        try:
            return dict(zip(self.outputs, self._run(feeds)))
        except Exception as error:  # see above
            shapes = {name: array.shape for name, array in feeds.items()}
            raise InputError(f'{self.path} fails on {shapes}: '
                             f'{first_line(error)}') from error

    def read_document(self, key: str, entries: Mapping[str,
                                                       str]) -> Dict[str, Any]:
        """The JSON document in the file's metadata, see :func:`read_document`.
        """
        return read_document(self._metadata, key, entries, self.path)


def _openvino_run(path: str, num_threads: int) -> Callable:
    openvino = import_optional('openvino', "backend 'openvino'")
    settings = dict(INFERENCE_NUM_THREADS=num_threads) if num_threads else {}
    # The hint keeps float32: some CPUs would compute in bfloat16.
    settings['INFERENCE_PRECISION_HINT'] = 'f32'
    compiled = openvino.Core().compile_model(path, 'CPU', settings)
    return lambda feeds: list(compiled(feeds).values())


def read_document(metadata: Mapping[str, str], key: str,
                  entries: Mapping[str, str], where: str) -> Dict[str, Any]:
    """Read the JSON document in the metadata of an ONNX file.

    Args:
        metadata (Mapping[str, str]): The file's metadata.
        key (str): The document's name there.
        entries (Mapping[str, str]): What it must have, and in which form, a
            key of ``FORMS``.
        where (str): The file, for messages.

    Raises:
        InputError: If there is none, or of another version, or incomplete, or
            a value is not of its form.
    """
    if key not in metadata:
        raise InputError(
            f'{where} does not say how to use it: its metadata has no entry '
            f'{key}, only [{", ".join(metadata)}]. '
            'tools/model_converters/export_onnx.py writes files that do')
    where = f'{where}: metadata {key}'
    try:
        document = json.loads(metadata[key])
    except ValueError as error:
        raise InputError(f'{where} is no JSON: {error}') from error
    if not isinstance(document, dict) or document.get('version') != VERSION:
        raise InputError(f'{where} is not of version {VERSION}, the only one '
                         'that is known here')
    for name, form in entries.items():
        if name not in document:
            raise InputError(f'{where} has no {name}')
        if not FORMS[form](document[name]):
            raise InputError(f'{where}: {name} must be {form}, not '
                             f'{document[name]!r:.80}')
    return document
