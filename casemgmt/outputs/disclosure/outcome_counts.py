"""Counts of people, outcomes and places by groups in the form that may leave.

Whoever reads the table is taken to know every column's total exactly, as from an evaluation's page, but for a total
of 1 to 7, which no page shows; and how the columns hang together: who had the outcome is one of the people, inside
the cut or missed by it, and so on. Where that tells more of a suppressed count than that it is 1 to 7, the smallest
of the other counts is withheld too, then the next, then the whole column; and where nothing is left, the table is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.groupings import refuse_such_groups, refuse_to_group
from casemgmt.outputs.disclosure.shown_counts import ShownCounts
from casemgmt.outputs.disclosure.suppression import SMALL, WITHHELD, behind
from casemgmt.outputs.disclosure.whole_numbers import Cell, Worlds

if TYPE_CHECKING:
    from casemgmt.register.register import Register

COUNTS = ("people", "events", "inside", "events_inside", "missed", "just_below", "events_just_below")


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Counts of the same rows, and how they hang together.

    Attributes
    ----------
    names : the counts; the first is of everyone of whom the others are, and is withheld last
    never_above_0 : sums that are never above 0, such as a part less its whole
    always_0 : a sum that always is
    """

    names: Sequence[str]
    never_above_0: Sequence[Mapping[str, int]] = ()
    always_0: Mapping[str, int] = field(default_factory=dict)


# Nobody is in a part and not in the whole. Those inside the cut, those whom it missed, and those just below it without
# the outcome are different people.
_OUTCOMES = Related(
    names=COUNTS,
    never_above_0=(
        {"inside": 1, "missed": 1, "just_below": 1, "events_just_below": -1, "people": -1},
        {"events": 1, "people": -1},
        {"events_inside": 1, "inside": -1},
        {"events_just_below": 1, "just_below": -1},
        {"events_just_below": 1, "missed": -1},
    ),
    always_0={"events_inside": 1, "missed": 1, "events": -1},
)

_Row = Mapping[str, Any]


def publishable_outcomes(rows: Sequence[_Row], column: str, register: Register) -> list[dict[str, Any]]:
    """The counts of each group of a column, rounded, suppressed or withheld.

    Parameters
    ----------
    rows : one a group, those not stated last: whole counts by the names of ``COUNTS``, None for a count there is not
    column : whose groups they are
    register : that has the column

    Returns
    -------
    the same names, null for a count that is not shown, and ``note``, which says of each whether it is ``1–7`` or
    ``withheld``

    Raises
    ------
    InputError : the column may not group a table that leaves, or its groups are too few or too small
    """
    refuse_to_group(register, column)
    refuse_such_groups(column, [{"listed": row["people"]} for row in rows])
    shown = shown_together(rows, _OUTCOMES)
    if shown is None:
        raise InputError(
            f"'{column}', suppressed=True: the groups are so few or so small that a count of 1 to {SMALL[1]} would "
            "follow from the others and their totals. Use a coarser grouping, or keep the table in the practice "
            "(suppressed=False)."
        )
    return with_notes(shown, COUNTS, len(rows))


def shown_together(rows: Sequence[_Row], related: Related) -> ShownCounts | None:
    """The counts of rows as they may be shown together; None where nothing would be left.

    Parameters
    ----------
    rows : whole counts by name, None for a count that there is not
    """
    names, first = related.names, related.names[0]
    totals = {name: sum(row[name] for row in rows) for name in names if rows and rows[0][name] is not None}
    shown = ShownCounts.of(rows, names)
    while (telling := _telling(shown, totals, related)) is not None:
        left = [name for name in (telling, *names[::-1]) if not shown.gone(name)]
        if not left or left == [first] or (left[0] == first and shown.with_less(first).gone(first)):
            return None
        shown = shown.with_less(left[0])
    return shown


def with_notes(shown: ShownCounts, names: Sequence[str], rows: int) -> list[dict[str, Any]]:
    """The counts of each row by name, null for one that is not shown, and ``note``, which says of each why."""
    found = []
    for place in range(rows):
        notes = [f"{name} {shown.words(name, place)}" for name in names if shown.words(name, place)]
        counts = {name: shown.number(name, place) for name in names}
        found.append({**counts, "note": "; ".join(notes) or None})
    return found


def _telling(shown: ShownCounts, totals: Mapping[str, int], related: Related) -> str | None:
    """The column of a count of which the table tells more than that it is small; None where there is none."""
    worlds, cells = _worlds(shown, totals, related)
    if not any(cell.shown[0] <= SMALL[1] and cell.shown != (0, 0) for _, cell in cells):
        return None
    if worlds.find() is None:  # no counts fit: nothing is shown to be safe
        return next((name for name in related.names[::-1] if not shown.gone(name)), related.names[0])
    # Of a column that is withheld whole, too: its counts may follow from the others.
    found = worlds.tells([cell for _, cell in cells])
    return None if found is None else next(name for name, cell in cells if cell is found)


def _worlds(shown: ShownCounts, totals: Mapping[str, int], related: Related) -> tuple[Worlds, list[tuple[str, Cell]]]:
    """The whole numbers behind a table, which add up to the totals and hang together."""
    worlds = Worlds()
    cells: list[tuple[str, Cell]] = []
    numbers: dict[str, list[int]] = {}
    for name, known in totals.items():
        numbers[name] = []
        least, most = SMALL if SMALL[0] <= known <= SMALL[1] else (known, known)
        for value in shown.columns[name]:
            told = (0, most) if value == WITHHELD else behind(value if isinstance(value, int) else None)
            numbers[name].append(worlds.number(told[0], max(told[0], min(told[1], most))))
            cells.append((name, Cell({numbers[name][-1]: 1}, told)))
        worlds.limit(dict.fromkeys(numbers[name], 1), least, most)
    for factors, lowest in (*((each, -float("inf")) for each in related.never_above_0), (related.always_0, 0.0)):
        present = {name: factor for name, factor in factors.items() if name in numbers}
        if max(present.values(), default=0) > 0 and min(present.values()) < 0:
            for place in range(len(numbers[related.names[0]])):
                worlds.limit({numbers[name][place]: factor for name, factor in present.items()}, lowest, 0)
    return worlds, cells
