"""Counts of a practice over a period that hang together by sums, in the form that may leave.

Who was on the caseload at the start, and who joined, less who left, is on it at the end; whoever is on it has agreed
to a plan, declined one, or has none. So a count of 1 to 7 may follow from its neighbours, and from the report of the
quarter before, whose end is this one's start. Where that tells more of a small count than that it is 1 to 7, other
counts of the practice are withheld, the smallest first, until nothing follows.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from casemgmt.outputs.disclosure.suppression import SUPPRESSED, WITHHELD, behind, suppress
from casemgmt.outputs.disclosure.whole_numbers import Cell, Worlds

Form = int | str  # a number as it is published, or the word that stands for it
_ANY = 100_000  # more people than any practice has


class Relation(NamedTuple):
    """A sum of counts, each times its factor, that lies within bounds whatever the practice."""

    factors: Mapping[str, int]
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one report says of its practices.

    Attributes
    ----------
    rows : practice → count's name → its published form
    relations : how its counts hang together
    keys : count's name → what it counts: two counts of one key, of one report or of two, are of the same people
    """

    rows: Mapping[str, Mapping[str, Form]]
    relations: tuple[Relation, ...]
    keys: Mapping[str, Hashable]


def forms_that_may_leave(
    counts: Mapping[str, Mapping[str, int]],
    relations: Sequence[Relation],
    before: Sequence[Told] = (),
    keys: Mapping[str, Hashable] | None = None,
) -> dict[str, dict[str, Form]]:
    """Each practice's counts as they may leave.

    Parameters
    ----------
    counts : practice → name → whole count; the names that may be withheld first come last
    relations : between the counts of one practice
    before : what reports say that a reader can hold beside this one
    keys : of these counts, as of :class:`Told`; None where nothing else was told

    Returns
    -------
    practice → name → a multiple of 5, ``1–7`` or ``withheld``
    """
    found = {}
    for practice, own in counts.items():
        new = Told(rows={}, relations=tuple(relations), keys=keys or {name: name for name in own})
        found[practice] = _safe(own, new, _of_practice(practice, before))
    return found


def _of_practice(practice: str, before: Sequence[Told]) -> list[Told]:
    return [replace(told, rows={"": told.rows[practice]}) for told in before if practice in told.rows]


def _safe(own: Mapping[str, int], new: Told, before: Sequence[Told]) -> dict[str, Form]:
    shown: dict[str, Form] = {name: _form(count) for name, count in own.items()}
    # A reader may take the new report alone, beside each of the others, or beside all of them.
    several = [before] if len(before) > 1 else []
    for beside in ([], *([told] for told in before), *several):
        while _tell(replace(new, rows={"": shown}), beside):
            shown[_next_withheld(shown)] = WITHHELD
    return shown


def _form(count: int) -> Form:
    number = suppress(count)
    return SUPPRESSED if number is None else number


def _next_withheld(shown: Mapping[str, Form]) -> str:
    """The count to withhold next: the smallest number above 0, then one that is suppressed, then a 0."""
    last_first = list(shown)[::-1]
    numbers = [name for name in last_first if isinstance(shown[name], int) and shown[name]]
    if numbers:
        return min(numbers, key=lambda name: int(shown[name]))
    return next(name for form in (SUPPRESSED, 0) for name in last_first if shown[name] == form)


def _tell(new: Told, beside: Sequence[Told]) -> bool:
    """Whether more of a count follows than that it is small; of counts that are all withheld nothing does."""
    everything = [new, *beside]
    forms = [form for told in everything for form in told.rows[""].values()]
    if not any(form in (SUPPRESSED, WITHHELD) for form in forms):
        return False
    if all(form == WITHHELD for form in new.rows[""].values()):
        return False
    worlds = Worlds()
    numbers: dict[Hashable, int] = {}
    cells = [cell for told in everything for cell in _add(worlds, told, numbers)]
    if worlds.find() is None:
        # Events that became known between two reports make them disagree: then nothing follows from both together.
        return not beside
    return worlds.tells(cells) is not None


def _add(worlds: Worlds, told: Told, numbers: dict[Hashable, int]) -> list[Cell]:
    """Add what a report says; ``numbers`` holds the number of each key, and is added to."""
    cells, own = [], {}
    for name, form in told.rows[""].items():
        key = told.keys[name]
        if key not in numbers:
            numbers[key] = worlds.number(0, _ANY)
        own[name] = numbers[key]
        shown = (0, _ANY) if form == WITHHELD else behind(form if isinstance(form, int) else None)
        worlds.limit({own[name]: 1}, *shown)
        cells.append(Cell({own[name]: 1}, shown))
    for factors, low, high in told.relations:
        if factors.keys() <= own.keys():
            worlds.limit({own[name]: factor for name, factor in factors.items()}, low, high)
    return cells


def note_of(forms: Mapping[str, Form]) -> str | None:
    """What stands for the counts that are no numbers, in words: ``joined 1–7; left withheld``."""
    return "; ".join(f"{name} {form}" for name, form in forms.items() if isinstance(form, str)) or None


def number_of(form: Form) -> int | None:
    """The published number; None where a word stands for it."""
    return form if isinstance(form, int) else None
