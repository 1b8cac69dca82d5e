"""Counts of a practice over a period that hang together by sums, in the form that may leave.

Who was on the caseload at the start, and who joined, less who left, is on it at the end; whoever is on it has agreed
to a plan, declined one, or has none. So a count of 1 to 7 may follow from its neighbours, and from the report of the
quarter before, whose end is this one's start. Where that tells more of a small count than that it is 1 to 7, other
counts of the practice are withheld, the smallest first, until nothing follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from casemgmt.outputs.disclosure.suppression import SUPPRESSED, WITHHELD, behind, suppress
from casemgmt.outputs.disclosure.worlds import Cell, Worlds

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
    links : names of this report's counts → names of the counts in the report asked about that are the same people
    """

    rows: Mapping[str, Mapping[str, Form]]
    relations: tuple[Relation, ...]
    links: Mapping[str, str]


def forms_that_may_leave(
    counts: Mapping[str, Mapping[str, int]], relations: Sequence[Relation], before: Sequence[Told] = ()
) -> dict[str, dict[str, Form]]:
    """Each practice's counts as they may leave.

    Parameters
    ----------
    counts : practice → name → whole count; the names that may be withheld first come last
    relations : between the counts of one practice
    before : what reports say that a reader can hold beside this one

    Returns
    -------
    practice → name → a multiple of 5, ``1–7`` or ``withheld``
    """
    return {practice: _safe(practice, own, relations, before) for practice, own in counts.items()}


def _safe(
    practice: str, own: Mapping[str, int], relations: Sequence[Relation], before: Sequence[Told]
) -> dict[str, Form]:
    shown: dict[str, Form] = {name: _form(count) for name, count in own.items()}
    for each in _what_is_held(practice, before):
        while _tell(shown, relations, each):
            shown[_next_withheld(shown)] = WITHHELD
    return shown


def _form(count: int) -> Form:
    number = suppress(count)
    return SUPPRESSED if number is None else number


def _what_is_held(practice: str, before: Sequence[Told]) -> Iterator[Sequence[Told]]:
    """What a reader may take together with the new report: nothing, each of the others, all of them."""
    own = [told for told in before if practice in told.rows]
    yield ()
    for told in own:
        yield (Told(rows={practice: told.rows[practice]}, relations=told.relations, links=told.links),)
    if len(own) > 1:
        yield tuple(
            Told(rows={practice: told.rows[practice]}, relations=told.relations, links=told.links) for told in own
        )


def _next_withheld(shown: Mapping[str, Form]) -> str:
    """The count to withhold next: the smallest number above 0, then one that is suppressed, then a 0."""
    last_first = list(shown)[::-1]
    numbers = [name for name in last_first if isinstance(shown[name], int) and shown[name]]
    if numbers:
        return min(numbers, key=lambda name: int(shown[name]))
    return next(name for form in (SUPPRESSED, 0) for name in last_first if shown[name] == form)


def _tell(shown: Mapping[str, Form], relations: Sequence[Relation], beside: Sequence[Told]) -> bool:
    """Whether more of a count follows than that it is small; nothing that is withheld whole tells anything."""
    everything = [shown, *(next(iter(told.rows.values())) for told in beside)]
    if not any(form in (SUPPRESSED, WITHHELD) for each in everything for form in each.values()):
        return False
    if all(form == WITHHELD for form in shown.values()):
        return False
    worlds = Worlds()
    new, cells = _add(worlds, shown, relations)
    for told in beside:
        other, others = _add(worlds, next(iter(told.rows.values())), told.relations)
        cells += others
        for name, same in told.links.items():
            if name in other and same in new:
                worlds.limit({other[name]: 1, new[same]: -1}, 0, 0)
    if worlds.find() is None:
        # Events that became known between two reports make them disagree: then nothing follows from both together.
        return not beside
    return worlds.tells(cells) is not None


def _add(worlds: Worlds, shown: Mapping[str, Form], relations: Iterable[Relation]) -> tuple[dict[str, int], list[Cell]]:
    numbers: dict[str, int] = {}
    cells = []
    for name, form in shown.items():
        told = (0, _ANY) if form == WITHHELD else behind(form if isinstance(form, int) else None)
        numbers[name] = worlds.number(*told)
        cells.append(Cell({numbers[name]: 1}, told))
    for factors, low, high in relations:
        held = {numbers[name]: factor for name, factor in factors.items() if name in numbers}
        if len(held) == len(factors):
            worlds.limit(held, low, high)
    return numbers, cells


def note_of(forms: Mapping[str, Form]) -> str | None:
    """What stands for the counts that are no numbers, in words: ``joined 1–7; left withheld``."""
    return "; ".join(f"{name} {form}" for name, form in forms.items() if isinstance(form, str)) or None


def number_of(form: Form) -> int | None:
    """The published number; None where a word stands for it."""
    return form if isinstance(form, int) else None


def as_kept(told: Mapping[str, Mapping[str, Form]]) -> dict[str, dict[str, Any]]:
    """As a manifest keeps it for later reports."""
    return {practice: dict(own) for practice, own in told.items()}
