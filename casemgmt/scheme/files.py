"""Schemes read from files: shipped ones by name, others by path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, cast

from casemgmt.errors import SchemeError, must_be, unknown_name
from casemgmt.rule_files import SCHEME_BYTES, path_of, read_text, read_toml, shown_path
from casemgmt.scheme.caseload_rules import read_caseload_rules
from casemgmt.scheme.conditions import EVERYONE
from casemgmt.scheme.routes import Band, CountsAs, Everyone, Nominated, Review, Route, Scheme, TopShare
from casemgmt.scheme.shares import Limit, Share, one_of
from casemgmt.scheme.tables import Table, within

_SHIPPED = Path(__file__).with_name("shipped")
_KIND = "scheme file"
MOST_ROUTES = 200  # the largest shipped has four

TABLES = ("scheme", "route", "programme", "caseload", "notes")
HEAD_TEXTS = ("id", "title", "source", "tie_key")
HEAD_LISTS = ("decisions", "required", "optional")
ROUTE_KEYS = ("name", "kind", "counts_as")
# The keys of each kind of route: those it needs, and those it may have.
KIND_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "top_share": (("share", "limit", "of", "among"), ("include_tied", "keep_within")),
    "everyone": (("where",), ()),
    "nominated": (("share", "limit", "of"), ()),
    "review": (("where", "every_months"), ()),
    "band": (("on",), ("where", "at_least", "above", "below", "at_most")),
}

# Of any kind: a misspelt key is said to be one, whatever else is missing.
_EVERY_KEY = tuple(dict.fromkeys((*ROUTE_KEYS, *(key for keys in KIND_KEYS.values() for each in keys for key in each))))


def list_schemes() -> list[str]:
    """The names of the shipped schemes, in alphabetical order.

    Examples
    --------
    >>> "rotherham-2015-16" in cm.list_schemes()
    True
    """
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def load_scheme(source: str | Path) -> Scheme:
    """The scheme of a shipped name, or of a file.

    Parameters
    ----------
    source : str or Path
        A text without a path separator is a shipped name and nothing else; a file is a `Path`, or has a separator
        (``"./my-scheme.toml"``).

    Returns
    -------
    Scheme

    Raises
    ------
    SchemeError
        If there is no such scheme or file, or it says something a scheme may not say. The message names the file, the
        route and the key.

    Examples
    --------
    >>> cm.load_scheme("prism-top-half-percent")
    Scheme 'prism-top-half-percent': PRISM, Wales: the top 0.5%
      highest_risk (case management): the highest scores, at most 0.5% of everyone on the list, ranked among everyone \
with a score
    """
    if isinstance(source, Path):
        return _load_file(source)
    path_of(source, SchemeError, "A scheme")
    if any(separator in source for separator in (os.sep, os.altsep) if separator):
        return _load_file(Path(source))
    names = list_schemes()
    if source not in names:
        hint = "A file is a Path, or has a separator, such as './my-scheme.toml'."
        raise unknown_name("scheme", source, names, remedy=hint, error=SchemeError)
    scheme = read_scheme_text(_read_file(_SHIPPED / f"{source}.toml"), f"scheme '{source}'")
    if scheme.id != source:
        raise must_be("id", "the name of its file", place=f"scheme '{source}'", error=SchemeError)
    return scheme


def read_scheme_text(text: str, origin: str) -> Scheme:
    """The scheme that a file's text describes.

    Parameters
    ----------
    text : str
        TOML, as ``casemgmt/scheme/shipped`` has it.
    origin : str
        What messages call the file.

    Raises
    ------
    SchemeError
        If the text is not TOML, or says something a scheme may not say.
    """
    document = read_toml(text, origin, SchemeError, _KIND)
    with within(origin):
        return _read_document(document, text)


def _load_file(path: Path) -> Scheme:
    return read_scheme_text(_read_file(path), shown_path(path))


def _read_file(path: Path) -> str:
    return read_text(path, SchemeError, SCHEME_BYTES, _KIND)


def _read_document(document: dict[str, Any], text: str) -> Scheme:
    Table(document).allow(TABLES)
    if "scheme" not in document:
        raise SchemeError("there is no [scheme] table.")
    programme, notes = _section(document, "programme"), _section(document, "notes")
    with within("[scheme]"):
        head = _read_head(_section(document, "scheme"))
    with within("[programme]"):
        totals = {key: programme.whole(key) for key in programme.values}
    with within("[notes]"):
        stated = {key: notes.text(key) for key in notes.values}
    with within("[caseload]"):
        asked = dict(_section(document, "caseload").values)
        rules = read_caseload_rules(asked) if "caseload" in document else None
    routes = document.get("route", [])
    if not isinstance(routes, list) or not all(isinstance(values, dict) for values in routes):
        raise SchemeError("a route is headed [[route]], with two brackets on each side.")
    if len(routes) > MOST_ROUTES:
        raise SchemeError(f"it has {len(routes):,} routes; {MOST_ROUTES} is the most.")
    return Scheme(
        **head,
        routes=tuple(_read_route(Table(values), place) for place, values in enumerate(routes, start=1)),
        programme=totals,
        caseload=rules,
        notes=stated,
        text=text,
    )


def _section(document: dict[str, Any], name: str) -> Table:
    values = document.get(name, {})
    if not isinstance(values, dict):
        raise must_be(name, f"a table, headed [{name}]", error=SchemeError)
    return Table(values)


def _read_head(table: Table) -> dict[str, Any]:
    table.allow((*HEAD_TEXTS, *HEAD_LISTS))
    return {key: table.text(key) for key in HEAD_TEXTS} | {key: table.texts(key) for key in HEAD_LISTS}


def _read_route(table: Table, place: int) -> Route:
    name = table.values.get("name")
    with within(f"route '{name}'" if isinstance(name, str) and name else f"route {place}"):
        if "kind" not in table.values:
            table.allow(_EVERY_KEY)
        kind = table.text("kind")
        one_of("kind", kind, tuple(KIND_KEYS))
        needed, permitted = KIND_KEYS[kind]
        table.allow((*ROUTE_KEYS, *needed, *permitted))
        table.need(*ROUTE_KEYS, *needed)
        return _build(kind, table)


def _build(kind: str, table: Table) -> Route:
    name, counts_as = table.text("name"), cast(CountsAs, table.text("counts_as"))
    match kind:
        case "top_share":
            return TopShare(
                name=name,
                counts_as=counts_as,
                share=_share(table),
                of=table.where("of"),
                among=table.where("among"),
                include_tied=table.flag("include_tied"),
                keep_within=_share(table, "keep_within") if "keep_within" in table.values else None,
            )
        case "everyone":
            return Everyone(name=name, counts_as=counts_as, where=table.where("where"))
        case "nominated":
            return Nominated(name=name, counts_as=counts_as, share=_share(table), of=table.where("of"))
        case "review":
            months = table.whole("every_months")
            return Review(name=name, counts_as=counts_as, where=table.where("where"), every_months=months)
        case _:
            where = table.where("where") if "where" in table.values else EVERYONE
            on = cast(Literal["score", "risk"], table.text("on"))
            return Band(name=name, counts_as=counts_as, on=on, edges=table.edges(), where=where)


def _share(table: Table, key: str = "share") -> Share:
    return Share.read(table.values[key], cast(Limit, table.text("limit")), key)
