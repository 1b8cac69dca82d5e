"""The house's docstrings, as Sphinx reads numpydoc: what follows ``name :`` is mostly a description, and no type."""

from __future__ import annotations

import re
from typing import Any

_SECTION = re.compile(r"^(Parameters|Other Parameters|Attributes)$")
_ENTRY = re.compile(r"^(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*) : (?P<said>.+)$")


def with_descriptions(lines: list[str]) -> list[str]:
    """The lines with each ``name : description`` as a name and, indented under it, the description.

    A first line of a few words before a sentence that begins anew is a type, and stays one.
    """
    turned: list[str] = []
    within = False
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if following and set(following) == {"-"}:
            within = bool(_SECTION.match(line))
        entry = _ENTRY.match(line) if within else None
        if entry is None:
            turned.append(line)
            continue
        is_type = re.match(r"^ +[A-Z`]", following) and len(entry["said"]) < 40
        turned += [line] if is_type else [entry["names"], f"    {entry['said']}"]
    return turned


def _process(_app: Any, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = with_descriptions(lines)


def _signature(
    _app: Any, what: str, _name: str, _thing: Any, _options: Any, signature: str | None, said: str | None
) -> Any:
    """No signature for a class that the library alone makes."""
    return ("", None) if what == "class" and signature and signature.startswith("(_") else (signature, said)


def setup(app: Any) -> dict[str, bool]:
    """Read by Sphinx."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True}
