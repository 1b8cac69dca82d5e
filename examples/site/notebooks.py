"""A stored notebook as Markdown: its text, its code, and what it printed, drew and showed."""

from __future__ import annotations

import json
import re
from html import escape
from itertools import pairwise
from typing import Any


def as_markdown(text: str, name: str) -> str:
    """The notebook as a page, with a link to the file; a picture stands in it as data, with words for what it shows.

    Raises
    ------
    ValueError
        A picture without such a text.
    """
    cells = json.loads(text)["cells"]
    pieces = []
    for cell, following in pairwise([*cells, {"cell_type": "end", "source": []}]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            pieces.append(source)
        elif cell["cell_type"] == "code":
            pieces.append(f"```python\n{source}\n```")
            pieces += [_shown(output, _alt(cell, following), name) for output in cell["outputs"]]
    title, _, rest = pieces[0].partition("\n")
    download = f"This page is a notebook: [{name}.ipynb]({name}.ipynb)."
    return "\n\n".join(each for each in [title, rest.strip(), download, *pieces[1:]] if each) + "\n"


def _alt(cell: dict[str, Any], following: dict[str, Any]) -> str:
    """What a cell's picture shows: the cell's own ``alt``, or the caption in italics that follows."""
    caption = re.match(r"\*([^*].*?)\*\s*(?:\n\n|$)", "".join(following["source"]), re.DOTALL)
    said = cell["metadata"].get("alt") or (caption.group(1) if caption else "")
    return re.sub(r"[\s`\[\]]+", " ", said).strip()


def _shown(output: dict[str, Any], alt: str, name: str) -> str:
    if output["output_type"] == "stream":
        return f"```text\n{''.join(output['text'])}```"
    data = output["data"]
    if "image/png" in data:
        if not alt:
            raise ValueError(f"{name}.ipynb: a picture has no text that says what it shows: add `alt` to its cell.")
        return f"![{alt}](data:image/png;base64,{''.join(data['image/png']).replace(chr(10), '')})"
    if "text/html" in data:
        html = re.sub(r"<style.*?</style>\s*", "", "".join(data["text/html"]), flags=re.DOTALL)
        html = re.sub(r"\n\s*\n", "\n", html)
        return f'<div class="table-wrapper">\n{html}\n</div>'
    return f"<pre>{escape(''.join(data['text/plain']))}</pre>"
