# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Whether a JPEG file is whole. Needs neither torch nor OpenMMLab."""
import re

# In a scan 0xFF is followed by 0 or, at a restart, by 0xD0..0xD7.
_MARKER = re.compile(rb'\xff([^\x00\xd0-\xd7\xff])', re.DOTALL)


def is_cut_jpeg(content: bytes) -> bool:
    """Whether this is a JPEG file whose (first) picture ends too early."""
    if not content.startswith(b'\xff\xd8'):
        return False
    position = 2
    while True:
        marker = _MARKER.search(content, position)
        if marker is None:
            return True
        if marker[1] == b'\xd9':
            return False
        start = marker.end()
        position = start + int.from_bytes(content[start:start + 2], 'big')
