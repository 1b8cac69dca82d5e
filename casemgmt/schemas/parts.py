"""The parts of a JSON Schema (draft 2020-12), written down briefly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from casemgmt.register.questions import QUESTION

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NOT_BLANK = r"\S"


def text(says: str = "", *, pattern: re.Pattern[str] | None = None, most: int | None = None) -> Schema:
    """A text that is not blank; with a pattern, one that it matches whole."""
    found = {"type": "string", "pattern": _NOT_BLANK if pattern is None else whole(pattern)}
    return _said(says, found | ({} if most is None else {"maxLength": most}))


def any_text(says: str = "") -> Schema:
    """A text, which may be empty."""
    return _said(says, {"type": "string"})


def whole(pattern: re.Pattern[str]) -> str:
    """The pattern, to be matched from the first letter to the last."""
    return f"^(?:{pattern.pattern})$"


def choice(known: Iterable[Any], says: str = "") -> Schema:
    """One of a few values."""
    return _said(says, {"enum": list(known)})


def number(least: int | None = None, most: int | None = None, says: str = "") -> Schema:
    """A whole number."""
    ends = {"minimum": least, "maximum": most}
    return _said(says, {"type": "integer"} | {key: end for key, end in ends.items() if end is not None})


def flag(says: str = "") -> Schema:
    """True or false."""
    return _said(says, {"type": "boolean"})


def many(of: Schema, least: int = 0, most: int | None = None, *, unique: bool = False, says: str = "") -> Schema:
    """A list."""
    found: Schema = {"type": "array", "items": of}
    if least:
        found["minItems"] = least
    if most is not None:
        found["maxItems"] = most
    if unique:
        found["uniqueItems"] = True
    return _said(says, found)


def table(
    keys: Mapping[str, Schema],
    needed: Sequence[str] = (),
    *,
    others: Schema | bool = False,
    says: str = "",
    **more: Any,
) -> Schema:
    """A table, by default of these keys alone."""
    found: Schema = {"type": "object", "properties": dict(keys), "additionalProperties": others}
    if needed:
        found["required"] = list(needed)
    return _said(says, found | more)


def by_key(key: str, tables: Mapping[str, Schema]) -> Schema:
    """A table that is one of several, told apart by what stands under one key.

    An editor offers every key that any of them has, and finds fault with a single key where alternatives alone would
    have it find fault with the whole table.
    """
    offered: Schema = {}
    for each in tables.values():
        for name, found in each["properties"].items():
            same = name not in offered or offered[name] == found
            offered[name] = found if same else {}
    offered[key] = choice(tables)
    chosen = [
        {"if": {"required": [key], "properties": {key: {"const": name}}}, "then": found}
        for name, found in tables.items()
    ]
    return {"type": "object", "properties": offered, "required": [key], "allOf": chosen}


def or_question(found: Schema) -> Schema:
    """The same, or the question mark of whoever drafted the file and was not sure.

    Of a table or a number it is said beside the kind, and not as an alternative: an editor then still names the one
    key that is wrong.
    """
    mark = f"^{re.escape(QUESTION)}$"
    if "enum" in found:
        return found | {"enum": [*found["enum"], QUESTION]}
    if "anyOf" in found:
        return found | {"anyOf": [*found["anyOf"], {"const": QUESTION}]}
    kinds = found["type"] if isinstance(found["type"], list) else [found["type"]]
    return found if "string" in kinds else found | {"type": [*kinds, "string"], "pattern": mark}


def without(*keys: str) -> Schema:
    """Not all of these keys at once."""
    return {"not": {"required": list(keys)}}


def document(title: str, found: Schema) -> Schema:
    """The schema of a whole file."""
    return {"$schema": DRAFT, "title": title, **found}


def _said(says: str, found: Schema) -> Schema:
    return {"description": says, **found} if says else found
