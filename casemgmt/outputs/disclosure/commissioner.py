"""The commissioner's table: each practice's figures, and the totals that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import array_of, texts
from casemgmt.outputs.disclosure.inference import Cells, is_narrowed, narrows, work_out
from casemgmt.outputs.disclosure.suppression import SMALL, SUPPRESS_UP_TO, SUPPRESSED, WITHHELD, behind, suppress
from casemgmt.outputs.disclosure.together import tell_together
from casemgmt.outputs.disclosure.worlds import Publication
from casemgmt.scheme.routes import Nominated, TopShare

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.routes import Route, Scheme

AT_LEAST = "at least, suppressed counts left out"
CASE_MANAGED = "case_managed"
ALL_PRACTICES = "all practices"


def commissioner_table(
    summary: pa.Table,
    scheme: Scheme,
    caution: str | None = None,
    *,
    ranked_by: str = "",
    waiting: bool = False,
    before: Sequence[Publication] = (),
) -> pa.Table:
    """Per practice and route, and over all practices: how many met it and used a place, safe to publish.

    Parameters
    ----------
    summary : from :meth:`casemgmt.Selection.summary`
    scheme : the one that was selected by
    caution : words that begin every note, such as ``demonstration only``
    ranked_by : what ranked
    waiting : whether nominees wait for a place
    before : earlier publications of the same register, which a reader can hold beside this one

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
        own = rows[start : start + len(routes)]
        shown = _practice_rows(own, scheme.routes)
        practice = own[0]["practice_id"]
        new = Publication(scheme=scheme, ranked_by=ranked_by, waiting=waiting, rows={practice: shown[: len(routes)]})
        if tell_together(practice, new, before):
            shown = _practice_rows(own, scheme.routes, withhold=True)
        published += shown
    by_route: dict[str, list[dict[str, Any]]] = {name: [] for name in (*routes, CASE_MANAGED)}
    for row in published:
        by_route[row["route"]].append(row)
    published += [_total(ALL_PRACTICES, name, own, own) for name, own in by_route.items() if own]
    cells = [_with_percentage(row) for row in published]
    if caution:
        cells = [{**row, "note": "; ".join(filter(None, (caution, row["note"])))} for row in cells]
    columns = {name: _column([row[name] for row in cells], kind) for name, kind in _kinds().items()}
    return pa.table(columns)


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


def _practice_rows(
    rows: Sequence[dict[str, Any]], routes: Sequence[Route], withhold: bool = False
) -> list[dict[str, Any]]:
    """One practice's routes in file order, then those case managed by any of them."""
    size = suppress(rows[0]["list_size"])
    few = [_few_places(route, behind(size), row["places"]) for route, row in zip(routes, rows, strict=True)]
    # Case-management routes share out the same people: what one withholds, the others would tell.
    managing = [row["used"] is not None for row in rows]
    few_managing = any(f for f, m in zip(few, managing, strict=True) if m)
    hidden = [few_managing if m else f for f, m in zip(few, managing, strict=True)]
    withheld = withhold or _tell_alone(rows, routes, size, hidden)
    published = [_row(row, size, withheld or hide) for row, hide in zip(rows, hidden, strict=True)]
    managed = [{**row, "met": row["used"]} for row, m in zip(published, managing, strict=True) if m]
    if managed:
        published.append(_total(rows[0]["practice_id"], CASE_MANAGED, managed, published[:1]))
    return published


def _tell_alone(
    rows: Sequence[dict[str, Any]], routes: Sequence[Route], size: int | None, hidden: Sequence[bool]
) -> bool:
    """Whether the figures tell a small count by the chain of places, also to one who knows the exact list size."""
    low, high = behind(size)
    if narrows(_cells(rows, routes, (low, high), hidden), SMALL):
        return True
    if not any(hidden) and all(suppress(row[name] or 0) is not None for row in rows for name in ("met", "used")):
        return False
    exact = (_cells(rows, routes, (each, each), hidden) for each in range(low, high + 1))
    told = ((cells, work_out(cells)) for cells in exact)
    return any(known is not None and is_narrowed(cells, known, SMALL) for cells, known in told)


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


def _cells(
    rows: Sequence[dict[str, Any]], routes: Sequence[Route], size: tuple[int, int], hidden: Sequence[bool]
) -> Cells:
    """What a reader knows of each count by itself: its published form, and the most that the scheme allows."""
    low, high = size
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
    met, used, size = (
        sum_of_published(counts, "met"),
        sum_of_published(counts, "used"),
        sum_of_published(sized, "list_size"),
    )
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


def sum_of_published(rows: Iterable[dict[str, Any]], name: str) -> tuple[int | None, bool]:
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
