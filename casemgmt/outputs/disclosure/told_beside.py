"""What may be known of groups of people without telling a small count of the commissioner's table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from casemgmt.outputs.disclosure.kinds import NOMINATED, Class, TooManyKindsError
from casemgmt.outputs.disclosure.whole_numbers import Sum, Worlds
from casemgmt.outputs.disclosure.worlds import (
    BELOW,
    CELLS,
    Counted,
    Grouped,
    Publication,
    add_people,
    add_practice,
    hides_something,
    shown,
)
from casemgmt.scheme.conditions import Where
from casemgmt.scheme.routes import Nominated, Route, TopShare

MOST_TOGETHER = 40  # practices with a suppressed figure that are looked at in one piece
MOST_NUMBERS = 6000  # kinds of people of all of them

ALL = "all"
LISTED = "listed"


class Value(NamedTuple):
    """A value of a column, the classes that its people can be of, and whole counts of them."""

    classes: tuple[Class, ...]
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What a reader may know.

    Attributes
    ----------
    exact : whether a reader may know how many are selected in all
    ends : the least and the greatest that the commissioner's table allows, where not
    fields : of columns that routes ask for: ``all`` counts by classes of their values, or those ``listed`` alone
    """

    exact: bool
    ends: tuple[int, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


def bounds_of(publications: Sequence[Publication]) -> tuple[Where, ...]:
    """All conditions that the routes of some publications ask for."""
    return tuple(
        dict.fromkeys(bound for one in publications for route in one.scheme.routes for bound in _bounds(route))
    )


def _bounds(route: Route) -> tuple[Where, ...]:
    if isinstance(route, TopShare):
        return route.of, route.among
    return (NOMINATED, route.of) if isinstance(route, Nominated) else (route.where,)


def fields_asked(publications: Sequence[Publication]) -> tuple[str, ...]:
    """The columns that routes ask for, age first, in the order of the schemes."""
    found = dict.fromkeys(name for bound in bounds_of(publications) for name in bound.fields)
    return tuple(sorted(found, key=lambda name: name != "age"))


class ToldBeside:
    """The people behind the commissioner's table of every practice, and what is told of groups of them beside it.

    Parameters
    ----------
    summary : whole counts by practice and route
    tables : of each column that routes ask for, its values with whole counts
    whole : all who are listed, selected and just below the cut
    """

    def __init__(
        self,
        publication: Publication,
        before: Sequence[Publication],
        summary: Any,
        tables: Mapping[str, Sequence[Value]],
        whole: Mapping[str, int | None],
    ) -> None:
        self.publication, self.before, self.tables, self.whole = publication, before, tables, whole
        sizes = summary.select(["practice_id", "list_size"]).to_pylist()
        self.sizes = {row["practice_id"]: row["list_size"] for row in sizes}
        self.bounds = bounds_of([publication, *before])
        self.hiding = [
            practice
            for practice in publication.rows
            if any(hides_something(each.rows.get(practice, ())) for each in (publication, *before))
        ]

    def safe_with(self, levels: Mapping[str, str], *, selected: bool) -> bool:
        """Whether no small count follows for one who knows these columns, and how many are selected in all."""
        # The strictest reader knows that nobody has died or left since; where somebody has, no such world may fit.
        answers = (self._safe(levels, selected=selected, gone=gone) for gone in (False, True))
        return next((answer for answer in answers if answer is not None), False)

    def _safe(self, levels: Mapping[str, str], *, selected: bool, gone: bool) -> bool | None:
        """The same; None where no world fits."""
        grouped = Grouped(
            fields=tuple(levels),
            bounds=self.bounds,
            below=ALL in levels.values() and self.whole["just_below"] is not None,
            gone=gone,
            sized=self.whole["listed"] == sum(self.sizes.values()),
        )
        start, together = 0, MOST_TOGETHER
        while start < len(self.hiding):
            try:
                worlds, counted = self._built(self.hiding[start : start + together], grouped)
            except TooManyKindsError:
                return False
            most = max(1, MOST_NUMBERS // max(1, len(counted[0].kinds)))
            if together > most:
                together = most
                continue
            if selected:
                total = _managed(counted)
                worlds.limit(total, self.whole["selected"] or 0, self.whole["selected"] or 0)
            for place, (name, level) in enumerate(levels.items()):
                _limit(worlds, counted, place, self.tables[name], level)
            if worlds.find() is None:
                return None
            cells = [cell for each in counted for own in each.cells for cell in own]
            if worlds.tells(cells) is not None:
                return False
            start += together
        return True

    def ends(self) -> tuple[int, ...]:
        """The least and the greatest number of selected that the commissioner's table allows."""
        try:
            worlds, counted = self._built(self.hiding[:MOST_TOGETHER], Grouped())
        except TooManyKindsError:
            routes = range(len(self.publication.scheme.routes))
            ranges = [self._range(self.publication.rows, place, "used") for place in routes]
            return sum(low for low, _ in ranges), sum(high for _, high in ranges)
        return worlds.range_of(_managed(counted)) or (0, 0)

    def _built(self, whole: Sequence[str], grouped: Grouped) -> tuple[Worlds, list[Counted]]:
        """Worlds of some practices each, and of all others as one, by the sums of their ranges."""
        worlds = Worlds()
        counted = []
        for practice in whole:
            beside = [self.publication, *(each for each in self.before if practice in each.rows)]
            counted.append(add_practice(worlds, practice, self.sizes[practice], beside, grouped))
        rest = [practice for practice in self.publication.rows if practice not in whole]
        if rest:
            told = [
                {name: self._range(rest, place, name) for name in CELLS if name in row}
                for place, row in enumerate(self.publication.rows[rest[0]])
            ]
            size = sum(self.sizes[practice] for practice in rest)
            counted.append(add_people(worlds, [told], size, [self.publication], grouped))
        return worlds, counted

    def _range(self, practices: Iterable[str], place: int, name: str) -> tuple[int, int]:
        rows = ((self.publication.rows[practice][place], self.sizes[practice]) for practice in practices)
        ranges = [shown(row, name, size) or (0, 0 if name == "used" else size) for row, size in rows]
        return sum(low for low, _ in ranges), sum(high for _, high in ranges)


def _limit(
    worlds: Worlds,
    counted: Sequence[Counted],
    place: int,
    values: Sequence[Value],
    level: str,
) -> None:
    """Say that people of the classes of a column's values are as many as there are."""
    asked = {"listed": (None, None), "selected": (True, None), "just_below": (None, True)}
    asked["selected_just_below"] = (True, True)
    for name, (managed, below) in asked.items() if level == ALL else [("listed", asked["listed"])]:
        if any(value.counts.get(name) is None for value in values):
            continue
        left: dict[Class, int] = {}
        parts: dict[Class, Sum] = {}
        for value in values:
            count = value.counts[name]
            if len(value.classes) == 1:
                left[value.classes[0]] = left.get(value.classes[0], 0) + count
                continue
            numbers = {each: worlds.number(0, count) for each in value.classes}
            worlds.limit(dict.fromkeys(numbers.values(), 1), count, count)
            for each, number in numbers.items():
                parts.setdefault(each, {})[number] = -1
        sums: dict[Class, Sum] = {}
        for practice in counted:
            for kind, number in practice.kinds:
                if kind.classes and _is(kind.sets, practice, managed=managed, below=below):
                    sums.setdefault(kind.classes[place], {})[number] = 1
        for one in {**sums, **left, **parts}:
            worlds.limit({**sums.get(one, {}), **parts.get(one, {})}, left.get(one, 0), left.get(one, 0))


def _is(sets: frozenset[Any], counted: Counted, *, managed: bool | None, below: bool | None) -> bool:
    """Whether a kind of people is, or is not, case managed and just below the cut, as far as that is asked."""
    return managed in (None, bool(sets & counted.managing)) and below in (None, BELOW in sets)


def _managed(counted: Sequence[Counted]) -> Sum:
    return {number: 1 for each in counted for kind, number in each.kinds if kind.sets & each.managing}


def what_may_be_known(beside: ToldBeside) -> Known:
    """The most of a selection's totals that a reader may know, one column after another."""
    exact = beside.safe_with({}, selected=True)
    levels: dict[str, str] = {}
    for name in beside.tables:
        for level in (ALL, LISTED) if exact else (LISTED,):
            if beside.safe_with({**levels, name: level}, selected=exact):
                levels[name] = level
                break
    return Known(exact=exact, ends=() if exact else beside.ends(), fields=levels)
