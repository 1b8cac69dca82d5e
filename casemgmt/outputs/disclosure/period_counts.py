"""Counts of a practice over a period that hang together by sums, in the form that may leave.

Who was on the caseload at the start, and who joined, less who left, is on it at the end; whoever is on it has agreed
to a plan, declined one, or has none. So a count of 1 to 7 may follow from its neighbours, and from the report of the
quarter before, whose end is this one's start; what happened in two quarters adds up to what happened in the half year.
Where that tells more of a small count than that it is 1 to 7, other
counts of the practice are withheld, the smallest first, until nothing follows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

from casemgmt.outputs.disclosure.suppression import SUPPRESSED, WITHHELD, behind, suppress
from casemgmt.outputs.disclosure.whole_numbers import Cell, Worlds

Form = int | str  # a number as it is published, or the word that stands for it
_ANY = 100_000  # more people than any practice has


class Relation(NamedTuple):
    """A sum of counts, each times its factor, that lies within bounds whatever the practice.

    ``of_parts`` says that it also holds of every part of the period.
    """

    factors: Mapping[str, int]
    low: float
    high: float
    of_parts: bool = False


class Stock(NamedTuple):
    """The key of a count of those who are there as a day begins."""

    name: str
    day: Hashable


class Flow(NamedTuple):
    """The key of a count of what happens from one day to before another: those of its parts add up to it."""

    name: str
    start: Any
    night: Any


class FollowedUp(NamedTuple):
    """The key of a count of those of a flow of whom something holds at its end; with time it holds of more, or fewer.

    ``grows`` is 1 where it holds of more, and -1 where of fewer.
    """

    name: str
    start: Any
    night: Any
    grows: int


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
    counts: Mapping[str, Mapping[str, int | None]],
    relations: Sequence[Relation],
    before: Sequence[Told] = (),
    keys: Mapping[str, Hashable] | None = None,
) -> dict[str, dict[str, Form]]:
    """Each practice's counts as they may leave.

    Parameters
    ----------
    counts : practice → name → whole count, None for one that is not told and that others hang together with; the
        names that may be withheld first come last
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


def _safe(own: Mapping[str, int | None], new: Told, before: Sequence[Told]) -> dict[str, Form]:
    shown: dict[str, Form] = {name: _form(count) for name, count in own.items()}
    for beside in _held_beside(replace(new, rows={"": dict(shown)}), before):
        while _tell(replace(new, rows={"": shown}), beside):
            shown[_next_withheld(shown)] = WITHHELD
    return shown


def _held_beside(new: Told, before: Sequence[Told]) -> list[list[Told]]:
    """The other reports that a reader may take beside the new one: all where they agree, which tell most together.

    Events that became known between two reports can make them disagree. Then a reader may take the new report alone,
    beside each of the others, or beside as many as agree with it and with one another, the first or the last first.
    """
    if not before or _worlds([new, *before])[0].find() is not None:
        return [list(before)]
    found: list[list[Told]] = [[], *([told] for told in before)]
    for order in (before, before[::-1]):
        taken: list[Told] = []
        for each in order:
            if _worlds([new, *taken, each])[0].find() is not None:
                taken.append(each)
        found.append(taken)
    return found


def _form(count: int | None) -> Form:
    if count is None:
        return WITHHELD
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
    worlds, cells = _worlds(everything)
    if worlds.find() is None:
        # Events that became known between two reports make them disagree: then nothing follows from both together.
        return not beside
    return worlds.tells(cells) is not None


def _worlds(everything: Sequence[Told]) -> tuple[Worlds, list[Cell]]:
    """The whole numbers behind some reports, and their counts."""
    spans = [key for told in everything for key in told.keys.values() if isinstance(key, Flow | FollowedUp)]
    numbers = _Numbers(sorted({day for key in spans for day in (key.start, key.night)}))
    cells = [cell for told in everything for cell in _add(numbers, told)]
    for (name, part, grows), nights in numbers.followed.items():
        for early, late in pairwise(sorted(nights)):
            one, other = (numbers.of((name, *part, night, grows)) for night in (early, late))
            numbers.worlds.limit({one: grows, other: -grows}, -float("inf"), 0)
    return numbers.worlds, cells


@dataclass(slots=True)
class _Numbers:
    """The number behind each key, and behind each part of one that is of a period.

    Attributes
    ----------
    days : at which the periods of all reports begin or end, in order
    followed : of keys that are followed up, by name, part and ``grows``: up to which days
    """

    days: Sequence[Any]
    worlds: Worlds = field(default_factory=Worlds)
    known: dict[Hashable, int] = field(default_factory=dict)
    followed: dict[tuple[str, tuple[Any, Any], int], set[Any]] = field(default_factory=dict)

    def of(self, key: Hashable) -> int:
        """The number of a key."""
        if key not in self.known:
            self.known[key] = self.worlds.number(0, _ANY)
        return self.known[key]

    def parts(self, start: Any, night: Any) -> Iterator[tuple[Any, Any]]:
        """The parts of a period between the days on which others begin or end."""
        return pairwise([day for day in self.days if start <= day <= night])

    def sum_of(self, key: Hashable, part: tuple[Any, Any] | None = None) -> dict[int, int]:
        """The numbers that add up to a key's count, or to that of a part of its period."""
        if isinstance(key, Flow | FollowedUp):
            parts = [part] if part else self.parts(key.start, key.night)
            return {self._of_part(key, each): 1 for each in parts}
        return {self.of(key): 1}

    def _of_part(self, key: Flow | FollowedUp, part: tuple[Any, Any]) -> int:
        if isinstance(key, Flow):
            return self.of((key.name, *part))
        self.followed.setdefault((key.name, part, key.grows), set()).add(key.night)
        return self.of((key.name, *part, key.night, key.grows))


def _add(numbers: _Numbers, told: Told) -> list[Cell]:
    """Add what a report says."""
    worlds, cells = numbers.worlds, []
    own = told.rows[""]
    for name, form in own.items():
        shown = (0, _ANY) if form == WITHHELD else behind(form if isinstance(form, int) else None)
        people = numbers.sum_of(told.keys[name])
        worlds.limit(people, *shown)
        cells.append(Cell(people, shown))
    for relation in told.relations:
        if relation.factors.keys() <= own.keys():
            _relate(numbers, relation, told.keys)
    return cells


def _relate(numbers: _Numbers, relation: Relation, keys: Mapping[str, Hashable]) -> None:
    """Say how counts hang together, of the whole period and of its parts."""
    of = {name: keys[name] for name in relation.factors}
    spans = {(key.start, key.night) for key in of.values() if isinstance(key, Flow | FollowedUp)}
    parts: list[tuple[Any, Any] | None] = [None]
    if relation.of_parts and len(spans) == 1:
        ((start, night),) = spans
        parts = list(numbers.parts(start, night))
    for part in parts:
        people: dict[int, int] = {}
        for name, factor in relation.factors.items():
            key = of[name]
            if part and isinstance(key, Stock):
                key = Stock(key.name, part[0] if key.day == start else part[1])
            for each in numbers.sum_of(key, part):
                people[each] = people.get(each, 0) + factor
        numbers.worlds.limit(people, relation.low, relation.high)


def note_of(forms: Mapping[str, Form]) -> str | None:
    """What stands for the counts that are no numbers, in words: ``joined 1–7; left withheld``."""
    return "; ".join(f"{name} {form}" for name, form in forms.items() if isinstance(form, str)) or None


def number_of(form: Form) -> int | None:
    """The published number; None where a word stands for it."""
    return form if isinstance(form, int) else None
