"""Counts by groups of people in the form that may leave, and which groupings may leave at all.

Whoever reads the table is taken to know the list size exactly, and what the commissioner's table of the same selection
says; the groups of a column add up to those totals. Where that tells more of a suppressed count than that it is 1 to 7,
the smallest of the other counts is withheld too, then the next, then the whole column.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.group_totals import Link, Totals, totals_to_stand
from casemgmt.outputs.disclosure.shown_counts import ShownCounts
from casemgmt.outputs.disclosure.suppression import SMALL, WITHHELD, behind, suppress
from casemgmt.outputs.disclosure.worlds import Cell, Publication, Worlds

if TYPE_CHECKING:
    import pyarrow as pa

COUNTS = ("listed", "selected", "just_below")


def suppressed_groups(table: pa.Table) -> pa.Table:
    """The first step: each count by itself, and shares of the rounded counts. Not yet what may leave."""
    import pyarrow as pa

    rows = table.to_pylist()
    for row in rows:
        for name in COUNTS:
            row[name] = None if row[name] is None else suppress(row[name])
        row["share"] = _share(row)
    return pa.Table.from_pylist(rows, schema=table.schema)


def _share(row: Mapping[str, Any]) -> float | None:
    return row["selected"] / row["listed"] if row["listed"] and row["selected"] is not None else None


def publishable_groups(
    table: pa.Table,
    column: str,
    publication: Publication,
    summary: pa.Table,
    before: Sequence[Publication] = (),
    judged: dict[Hashable, bool] | None = None,
) -> pa.Table:
    """Counts by the groups of a column, together with the commissioner's table safe to publish.

    Parameters
    ----------
    table : whole counts, as :meth:`casemgmt.Selection.by` gives them to the practice
    column : whose groups they are
    publication : the commissioner's table of the same selection
    summary : its whole counts
    before : earlier publications of the same register
    judged : what was found of the totals for other columns of the same publication, to be added to

    Returns
    -------
    pyarrow.Table
        the same with a column ``note``, which says of each null whether it is ``1–7`` or ``withheld``

    Raises
    ------
    InputError : nothing can be shown of so few or such small groups
    """
    import pyarrow as pa

    rows = table.to_pylist()
    shown = ShownCounts.of(rows, COUNTS)
    for totals in totals_to_stand(rows, column, publication, summary, before, judged):
        if totals.selected is None:
            shown = shown.without("selected")
        shown = _withheld_until_safe(shown, totals, column)
    found = []
    for place, row in enumerate(rows):
        counts = {name: shown.number(name, place) for name in COUNTS}
        notes = [f"{name} {shown.words(name, place)}" for name in COUNTS if shown.words(name, place)]
        found.append({**row, **counts, "share": _share(counts), "note": "; ".join(notes) or None})
    return pa.Table.from_pylist(found, schema=table.schema.append(pa.field("note", pa.string())))


def _withheld_until_safe(shown: ShownCounts, totals: Totals, column: str) -> ShownCounts:
    while (telling := _telling_column(shown, totals)) is not None:
        # A column that is gone already tells by what is left of the others.
        left = [name for name in (telling, *COUNTS[::-1]) if not shown.gone(name)]
        if not left or left == ["listed"] or (telling == "listed" and shown.with_less("listed").gone("listed")):
            raise InputError(
                f"by('{column}', suppressed=True): the groups are so few or so small that a count of 1 to "
                f"{SMALL[1]} would follow from the others and the list size. Use a coarser grouping, or keep the table "
                "in the practice (suppressed=False)."
            )
        shown = shown.with_less(left[0])
    return shown


def _telling_column(shown: ShownCounts, totals: Totals) -> str | None:
    """The column of a count of which the table tells more than that it is small; None where there is none."""
    worlds, cells = _worlds(shown, totals)
    guarded = [(name, cell) for name, cell in cells if not shown.gone(name)]
    has_small = any(cell.shown[0] <= SMALL[1] and cell.shown != (0, 0) for _, cell in guarded)
    if totals.exact and not has_small:
        return None
    if worlds.find() is None:
        # At totals which a reader must be able to hold for true, these counts cannot stand.
        bare = shown.without("selected").without("just_below")
        return "listed" if _worlds(bare, totals)[0].find() is None else _first_left(shown)
    if not has_small:
        return None
    found = worlds.tells([cell for _, cell in guarded])
    return None if found is None else next(name for name, cell in guarded if cell is found)


def _first_left(shown: ShownCounts) -> str | None:
    return next((name for name in ("selected", "just_below", "listed") if not shown.gone(name)), None)


def _worlds(shown: ShownCounts, totals: Totals) -> tuple[Worlds, list[tuple[str, Cell]]]:
    """The whole numbers behind a table: groups add up to the totals, and nobody is counted who is not listed."""
    worlds = Worlds()
    cells: list[tuple[str, Cell]] = []
    numbers: dict[str, list[int]] = {}
    for name in COUNTS:
        numbers[name] = []
        for value in shown.columns[name]:
            if value is None:
                continue
            most = totals.listed
            told = (0, most) if value == WITHHELD else behind(value if isinstance(value, int) else None)
            numbers[name].append(worlds.number(told[0], max(told[0], min(told[1], most))))
            cells.append((name, Cell({numbers[name][-1]: 1}, told)))
        known = getattr(totals, name)
        if known is not None and numbers[name]:
            worlds.limit(dict.fromkeys(numbers[name], 1), known, known)
    for name in COUNTS[1:]:
        for part, whole in zip(numbers[name], numbers["listed"], strict=bool(numbers[name])):
            worlds.limit({part: 1, whole: -1}, -float("inf"), 0)
    for between in totals.between:
        worlds.limit({numbers["listed"][place]: 1 for place in between.groups}, between.least, between.most)
    for link in totals.links:
        _link(worlds, numbers, link)
    _places_used(worlds, numbers, totals)
    return worlds, cells


def _link(worlds: Worlds, numbers: Mapping[str, Sequence[int]], link: Link) -> None:
    """Who met a route that asks about the column is of the groups that it asks for."""
    if link.met is not None:
        worlds.limit({numbers["listed"][place]: 1 for place in link.possible}, link.met, float("inf"))
    if link.all_selected and link.met is not None and numbers["selected"]:
        worlds.limit({numbers["selected"][place]: 1 for place in link.all_selected}, 0, link.met)
    if link.all_in and link.met is not None:
        worlds.limit({numbers["listed"][place]: 1 for place in link.sure}, 0, link.met)
        for place in link.sure if link.managed else ():
            worlds.limit({numbers["selected"][place]: 1, numbers["listed"][place]: -1}, 0, 0)


def _places_used(worlds: Worlds, numbers: Mapping[str, Sequence[int]], totals: Totals) -> None:
    """Each group's selected use places of the routes that are open to the group; who is in is not just below."""
    users: list[dict[int, int]] = [{} for _ in numbers["selected"]]
    for link in totals.links:
        if not link.managed:
            continue
        own = {place: worlds.number(0, totals.listed) for place in link.possible}
        for place, number in own.items():
            users[place][number] = 1
            if link.first_share and numbers["just_below"]:
                listed, below = numbers["listed"][place], numbers["just_below"][place]
                worlds.limit({number: 1, below: 1, listed: -1}, -float("inf"), 0)
        if link.used is not None:
            worlds.limit(dict.fromkeys(own.values(), 1), link.used, link.used)
    for selected, parts in zip(numbers["selected"], users, strict=True):
        worlds.limit({**parts, selected: -1}, 0, 0)
