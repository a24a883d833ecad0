# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A report in one HTML file, without anything from elsewhere."""
import base64
from html import escape
from typing import List, Optional, Sequence

from projects.qanet.utils.files import write_text

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #2b2b2b; margin: 0;
       background: #f4f4f2; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 32px 60px;
       background: #fff; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 38px 0 6px; padding-top: 14px;
     border-top: 1px solid #ddd; }
p { max-width: 86ch; margin: 6px 0 12px; }
p.finding { background: #f6eff4; border-left: 4px solid #b0367c;
            padding: 8px 14px; }
p.note { color: #666; }
img { max-width: 100%; height: auto; display: block; }
table { border-collapse: collapse; font-size: 13.5px; margin: 10px 0; }
th, td { padding: 3px 12px; text-align: right; }
th { border-bottom: 1.5px solid #999; font-weight: 600; }
td { border-bottom: 1px solid #eee; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td.best { font-weight: 700; color: #b0367c; }
.tiles { display: flex; flex-wrap: wrap; gap: 18px 20px; }
figure { margin: 0; }
figcaption { font-size: 12.5px; color: #444; margin-top: 4px; }
.legend { font-size: 12.5px; max-width: none; }
.legend span { display: inline-block; margin-right: 1em; }
.legend i { display: inline-block; width: .85em; height: .85em;
            margin-right: .35em; vertical-align: -.08em; }
"""


class Report:
    """Collects blocks and writes them out.

    Args:
        title (str): Headline.
        subtitle (str): The line below it.
    """

    def __init__(self, title: str, subtitle: str) -> None:
        self._title = escape(title)
        self._blocks: List[str] = [
            f'<h1>{self._title}</h1>', f'<p class="note">{escape(subtitle)}'
            '</p>'
        ]

    def heading(self, text: str) -> None:
        """Begin a section.

        Args:
            text (str): Its title.
        """
        self._blocks.append(f'<h2>{escape(text)}</h2>')

    def text(self, text: str, kind: Optional[str] = None) -> None:
        """Add a paragraph.

        Args:
            text (str): Plain text.
            kind (str, optional): 'finding' or 'note'.
        """
        mark = f' class="{escape(kind)}"' if kind else ''
        self._blocks.append(f'<p{mark}>{escape(text)}</p>')

    def picture(self, data: bytes, description: str) -> None:
        """Add a plot.

        Args:
            data (bytes): A PNG or JPEG file.
            description (str): For those who cannot see it.
        """
        self._blocks.append(_image(data, description))

    def tiles(self, pictures: Sequence[bytes],
              captions: Sequence[str]) -> None:
        """Add small pictures side by side.

        Args:
            pictures (Sequence[bytes]): PNG or JPEG files.
            captions (Sequence[str]): What stands below each.
        """
        figures = ''.join(
            f'<figure>{_image(data, caption)}'
            f'<figcaption>{escape(caption)}</figcaption></figure>'
            for data, caption in zip(pictures, captions))
        self._blocks.append(f'<div class="tiles">{figures}</div>')

    def legend(self, names: Sequence[str],
               colours: Sequence[Sequence[int]]) -> None:
        """Add names with their colours.

        Args:
            names (Sequence[str]): What the colours mean.
            colours (Sequence): One RGB colour, 0..255, for each.
        """
        items = ''.join(
            '<span><i style="background:rgb('
            f'{",".join(str(int(value)) for value in colour)})"></i>'
            f'{escape(name)}</span> ' for name, colour in zip(names, colours))
        self._blocks.append(f'<p class="legend">{items}</p>')

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        best: Sequence[Sequence[bool]] = ()
    ) -> None:
        """Add a table.

        Args:
            head (Sequence[str]): Titles of the columns.
            rows (Sequence): Texts of the cells.
            best (Sequence): Which cells to stress, if any.
        """
        lines = [_row('th', head)]
        for k, row in enumerate(rows):
            lines.append(_row('td', row, best[k] if len(best) else ()))
        self._blocks.append(f'<table>{"".join(lines)}</table>')

    def write(self, path: str) -> None:
        """Write the report.

        Args:
            path (str): HTML file. Its folder is made if it is missing.
        """
        body = '\n'.join(self._blocks)
        write_text(
            path, '<!DOCTYPE html>\n<html lang="en"><head>'
            f'<meta charset="utf-8"><title>{self._title}</title>'
            f'<style>{_STYLE}</style></head>'
            f'<body><main>\n{body}\n</main></body></html>\n')


def _image(data: bytes, description: str) -> str:
    """An image element that carries its file."""
    kind = 'png' if data.startswith(b'\x89PNG') else 'jpeg'
    code = base64.b64encode(data).decode('ascii')
    return (f'<img alt="{escape(description, quote=True)}" '
            f'src="data:image/{kind};base64,{code}">')


def _row(tag: str, cells: Sequence[str], best: Sequence[bool] = ()) -> str:
    marks = [' class="best"' if flag else '' for flag in best]
    marks += [''] * (len(cells) - len(marks))
    return '<tr>' + ''.join(f'<{tag}{mark}>{escape(cell)}</{tag}>'
                            for cell, mark in zip(cells, marks)) + '</tr>'
