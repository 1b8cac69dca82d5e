"""Disclosure control: what may leave a practice as a number.

Counts of 1 to 7 are suppressed, others rounded to the nearest 5; totals and percentages are worked out from the
published cells alone, so that no sum or difference says more than they do.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import array_of, texts
from casemgmt.outputs.inference import Cells, narrows
from casemgmt.scheme.routes import Nominated, TopShare

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.routes import Route, Scheme
    from casemgmt.selection.result import Selection

SUPPRESS_UP_TO = 7
ROUND_TO = 5

SUPPRESSED = f"1–{SUPPRESS_UP_TO}"
WITHHELD = "withheld"
AT_LEAST = "at least, suppressed counts left out"
CASE_MANAGED = "case_managed"
ALL_PRACTICES = "all practices"


def suppress(count: int) -> int | None:
    """The count to publish: None for 1 to 7, otherwise the nearest multiple of 5."""
    if 1 <= count <= SUPPRESS_UP_TO:
        return None
    return (count + ROUND_TO // 2) // ROUND_TO * ROUND_TO


def behind(published: int | None) -> tuple[int, int]:
    """The least and the greatest true count that is published so."""
    if published is None:
        return 1, SUPPRESS_UP_TO
    if published == 0:
        return 0, 0
    return max(published - ROUND_TO // 2, SUPPRESS_UP_TO + 1), published + ROUND_TO // 2


def commissioner_table(summary: pa.Table, scheme: Scheme, caution: str | None = None) -> pa.Table:
    """Per practice and route, and over all practices: how many met it and used a place, safe to publish.

    Parameters
    ----------
    summary : from :meth:`casemgmt.Selection.summary`
    scheme : the one that was selected by
    caution : words that begin every note, such as ``demonstration only``

    Returns
    -------
    pyarrow.Table
        practice_id (``all practices`` for totals), route (``case_managed`` for any case-management route), list_size,
        met, used, percent_of_list (met, from the rounded counts), note. A null count is explained by the note:
        ``1–7``, or ``withheld`` where the number of places, or the other figures, would tell the count
    """
    import pyarrow as pa

    routes = [route.name for route in scheme.routes]
    rows = summary.select(["practice_id", "route", "list_size", "places", "met", "used"]).to_pylist()
    published: list[dict[str, Any]] = []
    for start in range(0, len(rows), len(routes)):
        published += _practice_rows(rows[start : start + len(routes)], scheme.routes)
    by_route = {name: [row for row in published if row["route"] == name] for name in (*routes, CASE_MANAGED)}
    published += [_total(ALL_PRACTICES, name, own, own) for name, own in by_route.items() if own]
    cells = [_with_percentage(row) for row in published]
    if caution:
        cells = [{**row, "note": "; ".join(filter(None, (caution, row["note"])))} for row in cells]
    columns = {name: _column([row[name] for row in cells], kind) for name, kind in _kinds().items()}
    return pa.table(columns)


def suppressed_groups(table: pa.Table) -> pa.Table:
    """:meth:`casemgmt.Selection.by` in the form that may leave the practice; shares are of the rounded counts."""
    import pyarrow as pa

    rows = table.to_pylist()
    for row in rows:
        for name in ("listed", "selected", "just_below"):
            row[name] = None if row[name] is None else suppress(row[name])
        row["share"] = row["selected"] / row["listed"] if row["listed"] and row["selected"] is not None else None
    return pa.Table.from_pylist(rows, schema=table.schema)


def _kinds() -> dict[str, pa.DataType]:
    import pyarrow as pa

    counts = dict.fromkeys(("list_size", "met", "used"), pa.int64())
    return {
        "practice_id": pa.string(),
        "route": pa.string(),
        **counts,
        "percent_of_list": pa.float64(),
        "note": pa.string(),
    }


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    if pa.types.is_string(kind):
        return texts(values)
    present = np.array([value is not None for value in values], dtype=bool)
    return array_of(np.array([value or 0 for value in values]), kind, present)


def _practice_rows(rows: Sequence[dict[str, Any]], routes: Sequence[Route]) -> list[dict[str, Any]]:
    """One practice's routes in file order, then those case managed by any of them."""
    size = suppress(rows[0]["list_size"])
    few = [_few_places(route, behind(size), row["places"]) for route, row in zip(routes, rows, strict=True)]
    # Case-management routes share out the same people: what one withholds, the others would tell.
    managing = [row["used"] is not None for row in rows]
    few_managing = any(f for f, m in zip(few, managing, strict=True) if m)
    hidden = [few_managing if m else f for f, m in zip(few, managing, strict=True)]
    withheld = narrows(_cells(rows, routes, size, hidden), (1, SUPPRESS_UP_TO))
    published = [_row(row, size, withheld or hide) for row, hide in zip(rows, hidden, strict=True)]
    managed = [{**row, "met": row["used"]} for row, m in zip(published, managing, strict=True) if m]
    if managed:
        published.append(_total(rows[0]["practice_id"], CASE_MANAGED, managed, published[:1]))
    return published


def _few_places(route: Route, size: tuple[int, int], places: int | None) -> bool:
    """Whether a route may have 1 to 7 places, by what is published of the list size.

    Who knows the share and the list size knows the places, and with so few of them nearly how many are in.
    """
    if not isinstance(route, (TopShare, Nominated)):
        return False
    if route.of.is_everyone:
        least, most = map(route.share.places, size)
        return most >= 1 and least <= SUPPRESS_UP_TO
    return places is not None and 1 <= places <= SUPPRESS_UP_TO


def _cells(rows: Sequence[dict[str, Any]], routes: Sequence[Route], size: int | None, hidden: Sequence[bool]) -> Cells:
    """What a reader knows of each count by itself: its published form, and the most that the scheme allows."""
    low, high = behind(size)
    met: list[tuple[int, int]] = []
    used: list[tuple[int, int] | None] = []
    for row, route, hide in zip(rows, routes, hidden, strict=True):
        most = route.share.places(high) if isinstance(route, (TopShare, Nominated)) else high
        # A nominee who is in already meets the route without using one of its places.
        nominated, capped = isinstance(route, Nominated), isinstance(route, TopShare) and not route.include_tied
        met.append(_range(row["met"], hide, most if capped else high))
        used.append(None if row["used"] is None else _range(row["used"], hide, most if capped or nominated else high))
    return Cells(list_size=(low, high), met=met, used=used)


def _range(count: int, hidden: bool, most: int) -> tuple[int, int]:
    low, high = (0, most) if hidden else behind(suppress(count))
    return low, min(high, most)


def _row(row: dict[str, Any], size: int | None, withheld: bool) -> dict[str, Any]:
    counts = {"list_size": size}
    notes = [] if size is not None else [f"list_size {SUPPRESSED}"]
    for name in ("met", "used"):
        counts[name] = None if withheld or row[name] is None else suppress(row[name])
        if row[name] is not None and counts[name] is None:
            notes.append(f"{name} {WITHHELD if withheld else SUPPRESSED}")
    return {"practice_id": row["practice_id"], "route": row["route"], **counts, "note": "; ".join(notes) or None}


def _total(
    practice: str, route: str, counts: Sequence[dict[str, Any]], sized: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Published cells added up, suppressed ones as nothing, and the note says so."""
    met, used, size = _sum(counts, "met"), _sum(counts, "used"), _sum(sized, "list_size")
    used_at_all = route == CASE_MANAGED or any(
        row["used"] is not None or "used" in (row["note"] or "") for row in counts
    )
    notes = [f"{name} {AT_LEAST}" for name, (_, whole) in (("list_size", size), ("met", met)) if not whole]
    if used_at_all and not used[1]:
        notes.append(f"used {AT_LEAST}")
    return {
        "practice_id": practice,
        "route": route,
        "list_size": size[0],
        "met": met[0],
        "used": used[0] if used_at_all else None,
        "note": "; ".join(notes) or None,
    }


def _sum(rows: Iterable[dict[str, Any]], name: str) -> tuple[int | None, bool]:
    """The sum of what is published, and whether nothing is left out of it."""
    rows = list(rows)
    whole = all(row[name] is not None and f"{name} {AT_LEAST}" not in (row["note"] or "") for row in rows)
    total = sum(row[name] or 0 for row in rows)
    # "At least nought" says nothing, and a reader would take it for nought.
    return (total if whole or total else None), whole


def _with_percentage(row: dict[str, Any]) -> dict[str, Any]:
    size, met = row["list_size"], row["met"]
    share = (1000 * met + size // 2) // size / 10 if size and met is not None else None
    return {**row, "percent_of_list": share}


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def programme_lines(selection: Selection) -> list[str]:
    """The totals that the whole programme reported, each beside the same count of this list, rounded.

    They are reported, never enforced; a scheme without a ``[programme]`` has none.
    """
    scheme, facts = selection.scheme, selection.facts
    if not scheme.programme:
        return []
    totals = {row["route"]: row for row in commissioner_table(selection.summary(), scheme).to_pylist()}
    year = re.search(r"\b(?:19|20)[0-9]{2}\b", f"{scheme.title} {scheme.source}")
    when = f" in {year[0]}" if year else ""
    date = dt.date.fromisoformat(facts["as_of"])
    people = "synthetic people, " if facts["synthetic"] else ""
    lines = []
    for key, reported in scheme.programme.items():
        row = totals.get(key) or next((totals[name] for name in totals if name.startswith(f"{key}_")), None)
        line = f"The programme reported {reported:,} for {key.replace('_', ' ')}{when}"
        if row is None:
            lines.append(f"{line}.")
            continue
        at_least = "at least " if "met" in (row["note"] or "") and row["met"] is not None else ""
        count = "a suppressed count" if row["met"] is None else f"{row['met']:,}"
        here = f"this list, of {date.day} {_MONTHS[date.month - 1]} {date.year}, has {at_least}{count}"
        lines.append(f"{line}; {here} ({people}rounded).")
    return lines
