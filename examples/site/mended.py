"""What the theme leaves open for people who use a keyboard or a screen reader."""

from __future__ import annotations

import re
from pathlib import Path

_SIGNATURE = re.compile(r"<dl>\n(<dd><em class=\"sig-param\">.*?)</dl>", re.DOTALL)
_WORDS = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    "<pre>": '<pre tabindex="0">',  # a long line is reached without a mouse
    '<th class="head"><p></p></th>': "<td></td>",
}


def mended(html: str) -> str:
    """The page with names for its parts, code that a keyboard scrolls, and parameters as the list that they are."""
    for found, instead in _WORDS.items():
        html = html.replace(found, instead)
    return _SIGNATURE.sub(_as_list, html)


def _as_list(found: re.Match[str]) -> str:
    items = found.group(1).replace("<dd>", "<li>").replace("</dd>", "</li>")
    return f'<ul class="parameters">\n{items}</ul>'


def mend(folder: Path) -> None:
    """Mend every page of a site."""
    for path in folder.rglob("*.html"):
        path.write_text(mended(path.read_text(encoding="utf-8")), encoding="utf-8")
