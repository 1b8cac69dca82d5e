"""Counts by groups of people in the form that may leave, and which groupings may leave at all.

Whoever reads the table is taken to know the list size exactly, and what the commissioner's table of the same selection
says; the groups of a column add up to those totals. Where that tells more of a suppressed count than that it is 1 to 7,
the smallest of the other counts is withheld too, then the next, then the whole column.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.group_totals import BOTH, COUNTS, Totals, Values, totals_to_stand
from casemgmt.outputs.disclosure.shown_counts import ShownCounts
from casemgmt.outputs.disclosure.suppression import SMALL, WITHHELD, behind, suppress
from casemgmt.outputs.disclosure.whole_numbers import Cell, Sum, Worlds
from casemgmt.outputs.disclosure.worlds import Publication

if TYPE_CHECKING:
    import pyarrow as pa


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
    judged: dict[Hashable, Any] | None = None,
    values: Values | None = None,
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
    values : of each column that a route asks for, whole counts by its values (of the ages, for ``age_band``): rows of
        ``value``, the table's counts, and ``selected_just_below``, those who are both. Tables by columns that routes
        ask for tell of each other: all of them that may leave must be here, or the table be the only one

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
    found_totals = totals_to_stand(rows, column, publication, summary, before, judged, values)
    if not found_totals:
        raise _too_small(column)
    for totals in found_totals:
        for name in COUNTS:
            shown = shown if name in totals.shown else shown.without(name)
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
            raise _too_small(column)
        shown = shown.with_less(left[0])
    return shown


def _too_small(column: str) -> InputError:
    return InputError(
        f"by('{column}', suppressed=True): the groups are so few or so small that a count of 1 to {SMALL[1]} would "
        "follow from the others and the list size. Use a coarser grouping, or keep the table in the practice "
        "(suppressed=False)."
    )


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
    """The whole numbers behind a table: of each group and class, who is selected, just below the cut, both or neither.

    The groups of a class add up to what is known of the class.
    """
    worlds = Worlds()
    has_below = shown.columns["just_below"][0] is not None if shown.columns["just_below"] else False
    of_group: dict[str, dict[int, Sum]] = {name: {} for name in COUNTS}
    overlap: Sum = {}
    for part in totals.parts:
        of_part: dict[str, Sum] = {name: {} for name in (*COUNTS, BOTH)}
        for place in part.groups:
            for selected, below in product((False, True), (False, True) if has_below else (False,)):
                number = worlds.number(0, part.listed)
                names = ("listed", *["selected"] * selected, *["just_below"] * below)
                for name in names:
                    of_group[name].setdefault(place, {})[number] = 1
                    of_part[name][number] = 1
                if selected and below:
                    of_part[BOTH][number] = overlap[number] = 1
        known = {"listed": part.listed, "selected": part.selected, "just_below": part.just_below, BOTH: part.both}
        for name, count in known.items():
            if count is not None and of_part[name]:
                worlds.limit(of_part[name], count, count)
    if overlap and totals.most_both is not None:
        worlds.limit(overlap, 0, totals.most_both)
    cells: list[tuple[str, Cell]] = []
    whole = sum(part.listed for part in totals.parts)
    for name in COUNTS:
        for place, value in enumerate(shown.columns[name]):
            if value is None:
                continue
            told = (0, whole) if value == WITHHELD else behind(value if isinstance(value, int) else None)
            people = of_group[name].get(place, {})
            worlds.limit(people, *told)
            cells.append((name, Cell(people, told)))
    return worlds, cells
