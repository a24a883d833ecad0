# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pages for a browser: one HTML file each, with all pictures in it.

The words stand in templates, ``*.html.j2``, which extend ``page.html.j2``.
"""
import base64
from typing import Any, Iterable, List, Tuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from .pictures import PictureBook


def render_page(template: str, **values: Any) -> str:
    """Fill a template in; its pictures are PNG and JPEG files, as bytes."""
    environment = Environment(
        loader=PackageLoader(__package__, ''),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    environment.filters['data_uri'] = _data_uri
    return environment.get_template(template).render(**values)


def _data_uri(data: bytes) -> str:
    kind = 'png' if data.startswith(b'\x89PNG') else 'jpeg'
    return f'data:image/{kind};base64,{base64.b64encode(data).decode("ascii")}'


def list_colours(labels: Iterable[int],
                 book: PictureBook) -> List[Tuple[str, List[int]]]:
    """Name and RGB of the parts among the labels, ascending, for a legend."""
    return [(book.evaluator.classes[label], book.palette[label].tolist())
            for label in sorted(labels) if 0 < label < len(book.palette)]
