"""A document as TOML, each table of it in one line; and every way to change one thing in a document."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

# What may stand where something else is meant.
OTHERS: tuple[Any, ...] = (
    *(
        "",
        "   ",
        "x",
        "3%",
        "0.5",
        "1.5000000",
        "-1",
        "a\u0007b",
        "absent",
        "no score",
        "12 months",
        "2015-04-01",
        "09-30",
        "?",
    ),
    *(0, 1, -1, 7, 10**12, 1.5, True, False, dt.date(2015, 4, 1)),
    *([], ["x"], ["x", "x"], [1], [""], {}, {"x": "y"}, {"x": 1}, [{}], {"at_least": 75}, {"at_least": 1, "above": 0}),
)


def toml(value: Any) -> str:
    """The value as TOML writes it; a table in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.dumps(value)


def toml_document(document: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in document.items())


def as_json(value: Any) -> Any:
    """A document as an editor hands it to a schema: dates are texts."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return value.isoformat() if isinstance(value, dt.date) else value


Place = tuple[Any, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where anything stands; of a list of values, its first two items."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        if isinstance(value, list) and key > 1 and not isinstance(each, dict):
            break
        yield from places(each, (*at, key))


def changed(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document with one thing left out, misnamed, repeated, replaced or added; and what was done."""
    yield from _lent(document)
    for at in places(document):
        if not at:
            yield "an unknown key", {**document, "xyz": 1}
            continue
        yield f"{at} left out", _with(document, at, lambda inside, key: inside.pop(key))
        if isinstance(at[-1], str):
            yield f"{at} misnamed", _with(document, at, lambda inside, key: inside.update({f"{key}x": inside.pop(key)}))
        else:
            yield f"{at} repeated", _with(document, at, lambda inside, key: inside.append(copy.deepcopy(inside[key])))
        for other in OTHERS:
            yield (
                f"{at} is {other!r}",
                _with(document, at, lambda inside, key, other=other: inside.__setitem__(key, copy.deepcopy(other))),
            )


def _lent(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document with one table of a list given a key that another table of that list has."""
    for at in places(document):
        tables = document
        for key in at:
            tables = tables[key]
        if not (isinstance(tables, list) and tables and all(isinstance(each, dict) for each in tables)):
            continue
        every = {key: value for each in tables for key, value in each.items()}
        for place, each in enumerate(tables):
            for name in sorted(every.keys() - each.keys()):
                lent = copy.deepcopy(every[name])
                yield (
                    f"{at} {place} has {name}",
                    _with(document, (*at, place, name), lambda i, k, v=lent: i.update({k: v})),
                )


def _with(document: dict[str, Any], at: Place, change: Any) -> dict[str, Any]:
    made = copy.deepcopy(document)
    inside: Any = made
    for key in at[:-1]:
        inside = inside[key]
    change(inside, at[-1])
    return made
