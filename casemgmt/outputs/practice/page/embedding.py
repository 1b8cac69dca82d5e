"""What stands in a page beside its markup: data that can be no markup, and which script and style may run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

# In a block of data, ``</script`` would end it and ``<!--`` would begin a comment; JavaScript takes the two separators
# for line ends.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
# What a reader of HTML would change: a carriage return becomes a line feed, and there is no way to write a null.
_KEPT = {"\r": "&#13;", "\0": "\N{SYMBOL FOR NULL}"}


def data_block(data: Mapping[str, Any]) -> Markup:
    """Values as JSON, to stand in ``<script type="application/json">``.

    Examples
    --------
    >>> print(data_block({"id": "</script>"}))
    {"id":"\\u003c/script\\u003e"}
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter, written in _ESCAPED.items():
        text = text.replace(letter, written)
    return Markup(text)  # noqa: S704 - nothing in it is markup now


def as_text(value: object) -> object:
    """A value as the template takes it, so that a reader of HTML finds the same; the template escapes the others."""
    if type(value) is not str or not any(letter in value for letter in _KEPT):
        return value
    text = str(escape(value))
    for letter, written in _KEPT.items():
        text = text.replace(letter, written)
    return Markup(text)  # noqa: S704 - escaped above


def policy(script: str, style: str) -> str:
    """The content-security policy of a page: its own script and style, and nothing else from anywhere."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_digest(script)}'",
            f"style-src '{_digest(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
