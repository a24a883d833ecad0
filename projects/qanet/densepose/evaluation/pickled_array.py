# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Where an array lies in a pickle; nothing is ever unpickled.

The commands of the pickle are followed on a stack of descriptions: what would
be called is written down, and only what numpy calls to make an array is
accepted. The array itself is not held, so it may be larger than the memory.
"""
import codecs
import os
import pickletools
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, Dict, Iterator, List, NamedTuple

import numpy as np

from projects.qanet.utils.errors import InputError

# Of a text that is read, in bytes; longer ones are only located.
_MAX_TEXT = 64
#: Sizes of the number of bytes that precedes a text or an array, and whether
#: it is written as text (UTF-8 of latin-1), which Python 3 does in protocol 2.
_STRINGS = dict(
    SHORT_BINSTRING=('<B', False),
    BINSTRING=('<i', False),
    SHORT_BINBYTES=('<B', False),
    BINBYTES=('<I', False),
    BINBYTES8=('<Q', False),
    SHORT_BINUNICODE=('<B', True),
    BINUNICODE=('<I', True),
    BINUNICODE8=('<Q', True))
_NUMBERS = ('BININT', 'BININT1', 'BININT2', 'INT', 'LONG1')
_CONSTANTS: Dict[str, Any] = dict(
    NONE=None, NEWTRUE=True, NEWFALSE=False, EMPTY_TUPLE=())
_PUTS, _GETS = ('BINPUT', 'LONG_BINPUT'), ('BINGET', 'LONG_BINGET')
_TUPLES = dict(TUPLE1=1, TUPLE2=2, TUPLE3=3)
_MARK = object()
_NUMPY = 'numpy.core.multiarray _reconstruct'
_ALLOWED = (_NUMPY, 'numpy ndarray', 'numpy dtype', '_codecs encode')


class _String(NamedTuple):
    start: int  # of its bytes in the file
    length: int  # in bytes
    is_text: bool
    text: str  # empty if it is long


@dataclass
class _Object:
    """A call that the pickle asks for, by name, and the state it sets."""
    name: str
    args: Any
    state: Any = None


class PickledArray(NamedTuple):
    """An array of numbers inside a file."""
    path: str
    dtype: np.dtype  # float32 or float64 in any byte order
    count: int  # of numbers
    start: int  # first byte
    length: int  # in bytes, as they are written
    is_text: bool  # whether bytes are written as UTF-8

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """The numbers in a row, from ``size`` bytes of the file at a time.

        Raises an InputError if there are more or, at the end, fewer.
        """
        decoder = codecs.getincrementaldecoder('utf-8')()
        rest, missing, count = b'', self.length, 0
        with open(self.path, 'rb') as file:
            file.seek(self.start)
            while missing > 0:
                data = file.read(min(size, missing))
                if not data:
                    break
                missing -= len(data)
                if self.is_text:
                    try:
                        data = decoder.decode(data).encode('latin-1')
                    except UnicodeError:
                        raise InputError(f'{self.path} is damaged: its array '
                                         'is no text of bytes') from None
                data = rest + data
                whole = len(data) - len(data) % self.dtype.itemsize
                rest = data[whole:]
                count += whole // self.dtype.itemsize
                if count > self.count:
                    break
                yield np.frombuffer(data[:whole], self.dtype)
        if missing or rest or count != self.count:
            raise InputError(f'{self.path} is damaged: its array has not the '
                             f'{self.count} numbers that it should have')


def find_array(path: str, key: str) -> PickledArray:
    """Find a pickled float array, or that of a pickled dict's ``key``.

    Protocols 1 to 4. Raises an OSError, or an InputError if the pickle is
    damaged or asks for anything but such an array.
    """
    with open(path, 'rb') as file:
        try:
            found = _follow(file)
        except InputError as error:
            raise InputError(f'{path} was refused: {error}') from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError,
                struct.error) as error:
            raise InputError(f'{path} is no whole pickle (byte {file.tell()}: '
                             f'{type(error).__name__})') from None
    if isinstance(found, dict):
        if key not in found:
            raise InputError(f'{path} has no {key!r}, only '
                             f'{", ".join(map(repr, found)) or "nothing"}')
        found = found[key]
    if not isinstance(found, _Object) or found.name != _NUMPY:
        raise InputError(f'{path} has no array as {key!r}')
    try:
        _, shape, kind, _, data = found.state
        dtype = np.dtype(kind.args[0].text).newbyteorder(kind.state[1].text)
        while isinstance(data, _Object):  # bytes as a text, to be encoded
            data = data.args[0]
        size = int(np.prod(shape, dtype=np.int64))
        array = PickledArray(path, dtype, size, data.start, data.length,
                             data.is_text)
    except (AttributeError, IndexError, TypeError, ValueError):
        raise InputError(f'{path} has no plain array as {key!r}') from None
    if dtype.kind != 'f' or dtype.itemsize not in (4, 8):
        raise InputError(f'{path} has numbers of the type {dtype}, allowed '
                         'are float32 and float64')
    if max(shape, default=0) != size:
        raise InputError(f'{path} has an array of the shape {shape}, expected '
                         'one row or column')
    room = os.path.getsize(path) - array.start
    if not size * dtype.itemsize <= array.length <= room:
        raise InputError(f'{path} is cut off: its array should have {size} '
                         'numbers')
    return array


def _follow(file: BinaryIO) -> Any:
    """What the pickle leaves behind: a dict or a description."""
    stack: List[Any] = []
    memo: Dict[int, Any] = {}
    while True:
        command = pickletools.code2op[file.read(1).decode('latin-1')]
        name = command.name
        if name in _STRINGS:
            stack.append(_locate(file, *_STRINGS[name]))
            continue
        argument = command.arg.reader(file) if command.arg else None
        if name == 'STOP':
            return stack.pop()
        if name in _CONSTANTS or name in _NUMBERS:
            stack.append(_CONSTANTS.get(name, argument))
        elif name in _PUTS or name == 'MEMOIZE':
            memo[len(memo) if argument is None else argument] = stack[-1]
        elif name in _GETS:
            stack.append(memo[argument])
        elif name == 'MARK':
            stack.append(_MARK)
        elif name == 'EMPTY_DICT':
            stack.append({})
        elif name in _TUPLES:
            stack[-_TUPLES[name]:] = [tuple(stack[-_TUPLES[name]:])]
        elif name == 'TUPLE':
            items = _pop_marked(stack)
            stack.append(tuple(items))
        elif name in ('SETITEM', 'SETITEMS'):
            items = (
                _pop_marked(stack) if name == 'SETITEMS' else
                [stack.pop(), stack.pop()][::-1])
            for label, value in zip(items[::2], items[1::2]):
                stack[-1][label.text] = value
        elif name in ('GLOBAL', 'STACK_GLOBAL'):
            if name == 'STACK_GLOBAL':
                last, first = stack.pop(), stack.pop()
                argument = f'{first.text} {last.text}'
            stack.append(_check_name(argument))
        elif name == 'REDUCE':
            args, function = stack.pop(), stack.pop()
            stack.append(_Object(function, args))
        elif name == 'BUILD':
            state = stack.pop()
            stack[-1].state = state
        elif name not in ('PROTO', 'FRAME'):
            raise InputError(f'its command {name} makes no array')


def _check_name(name: str) -> str:
    """The name of something to call, as older numpys wrote it."""
    name = name.replace('numpy._core.', 'numpy.core.')
    if name not in _ALLOWED:
        raise InputError(f'it asks for {name.replace(" ", ".")}, which makes '
                         'no array')
    return name


def _pop_marked(stack: List[Any]) -> List[Any]:
    """Remove what is above the last mark, and the mark."""
    items: List[Any] = []
    while stack[-1] is not _MARK:
        items.append(stack.pop())
    stack.pop()
    return items[::-1]


def _locate(file: BinaryIO, size: str, is_text: bool) -> _String:
    length, = struct.unpack(size, file.read(struct.calcsize(size)))
    start, text = file.tell(), ''
    if length < 0:
        raise ValueError('a negative length')
    if length <= _MAX_TEXT:
        text = file.read(length).decode('latin-1')
    file.seek(start + length)
    return _String(start, length, is_text, text)
