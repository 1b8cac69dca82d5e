"""The totals that the groups of a column add up to, as far as a reader can know them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, NamedTuple

from casemgmt.outputs.disclosure.related import apart, within
from casemgmt.outputs.disclosure.worlds import (
    Cell,
    Publication,
    Sum,
    TooManyKindsError,
    Worlds,
    add_practice,
    case_managed,
    hides_something,
    shown,
)
from casemgmt.scheme.conditions import EVERYONE, Condition, Where
from casemgmt.scheme.routes import Everyone, Nominated, Review, Route, TopShare

MOST_TOGETHER = 40  # practices with a suppressed figure that are looked at in one piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A route as it lies to the groups of a column.

    Attributes
    ----------
    met : who met it over all practices, where its conditions say who that is and ask about the column; else None
    used : the places used of it, where it counts as case management and any route asks about the column; else None
    sure, possible : places of the groups whose people all meet its conditions, and of those of whom some may
    all_in : whether everyone listed in the sure groups did meet it (nobody has died since the list date)
    managed : whether whoever meets it is case managed
    first_share : whether it is the share whose cut ``just_below`` is about
    all_selected : groups of which everyone who is case managed meets it, since every way to be so asks for no less
    """

    met: int | None
    used: int | None
    sure: tuple[int, ...]
    possible: tuple[int, ...]
    all_in: bool
    managed: bool
    first_share: bool
    all_selected: tuple[int, ...] = ()


class Between(NamedTuple):
    """How many people some groups have together, as routes that ask for them tell it."""

    groups: tuple[int, ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the counts of each column add up to; None for ``selected`` where its groups cannot be shown.

    ``exact`` says that a reader may know these very totals; else they are one end of what may be, at which the groups
    must be able to stand. ``between`` is what other publications of the same people, and routes of which nobody meets
    two, tell of the groups' listed.
    """

    listed: int
    selected: int | None
    just_below: int | None
    links: tuple[Link, ...]
    between: tuple[Between, ...] = ()
    exact: bool = True


def totals_to_stand(
    rows: Sequence[Mapping[str, Any]],
    column: str,
    publication: Publication,
    summary: Any,
    before: Sequence[Publication] = (),
    judged: dict[Hashable, bool] | None = None,
) -> list[Totals]:
    """Totals of which each must leave the groups' small counts open.

    Where the commissioner's table would stay safe though a reader knew the totals exactly, these are the true ones.
    Elsewhere the groups may not tell the totals: they must be able to stand at the least and at the greatest total
    that the commissioner's table allows; and where routes ask about the column itself, who is selected is not shown.
    """
    truth = {name: _sum(rows, name) or 0 for name in ("listed", "selected")}
    below = _sum(rows, "just_below")
    routes = publication.scheme.routes
    asking = [i for i, route in enumerate(routes) if field_of(column) in _where(route).fields]
    linked = [i for i in asking if isinstance(routes[i], Everyone | Review)]
    sizes, by_route = _whole_counts(summary, len(routes))
    managing = [i for i, route in enumerate(routes) if route.counts_as == "case_management"]
    using = managing if any(i in asking for i in managing) else []
    earlier = tuple(each for one in before for each in _told_earlier(rows, column, one, sizes))
    # Who is selected of a group may follow from the places of an earlier scheme that asked for the group.
    asked_before = any(
        field_of(column) in _where(route).fields
        for one in before
        if one.scheme.text != publication.scheme.text
        for route in one.scheme.routes
        if route.counts_as == "case_management"
    )
    joint = _Joint(publication, before, sizes, linked, using)
    known = [truth["selected"], *(by_route["met"][i] for i in linked), *(by_route["used"][i] for i in using)]
    # Columns that no route asks for have the same totals, which are judged once where several are asked about.
    judged = {} if judged is None else judged
    asked = (any("due" in row for own in publication.rows.values() for row in own), *map(tuple, (linked, using, known)))
    if asked not in judged:
        judged[asked] = joint.safe_with(known)
    exact = judged[asked]
    found = []
    for choice in [known] if exact else joint.extremes():
        mets = dict(zip(linked, choice[1:], strict=False))
        useds = dict(zip(using, choice[1 + len(linked) :], strict=True)) if exact else {}
        links = tuple(
            _link(rows, column, publication, i, mets.get(i), useds.get(i), by_route["met"][i])
            for i in range(len(routes))
        )
        selected = choice[0] if (exact or not using) and not asked_before else None
        found.append(
            Totals(
                listed=truth["listed"],
                selected=selected,
                just_below=below,
                links=links,
                between=(*earlier, *_met_together(routes, mets, links, truth["listed"])),
                exact=exact,
            )
        )
    return found


def _whole_counts(summary: Any, routes: int) -> tuple[dict[str, int], dict[str, list[int]]]:
    """The list size of each practice, and over all practices who met each route and used a place of it."""
    by_route = {name: [0] * routes for name in ("met", "used")}
    sizes: dict[str, int] = {}
    for number, row in enumerate(summary.select(["practice_id", "list_size", "met", "used"]).to_pylist()):
        sizes[row["practice_id"]] = row["list_size"]
        for name, counts in by_route.items():
            counts[number % routes] += row[name] or 0
    return sizes, by_route


def _met_together(
    routes: Sequence[Route], mets: Mapping[int, int], links: Sequence[Link], listed: int
) -> Iterator[Between]:
    """Routes that nobody can meet two of have as many people as they have together, all of groups that may meet one."""
    for size in range(2, len(mets) + 1):
        for some in combinations(mets, size):
            if all(apart(_where(routes[a]), _where(routes[b])) for a, b in combinations(some, 2)):
                groups = sorted({place for each in some for place in links[each].possible})
                yield Between(tuple(groups), sum(mets[each] for each in some), listed)


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> int | None:
    counts = [row[name] for row in rows]
    return None if None in counts else sum(counts)


def field_of(column: str) -> str:
    """The register field that a column of groups is made from."""
    return "age" if column == "age_band" else column


def _where(route: Route) -> Where:
    """The conditions that whoever meets a route meets."""
    if isinstance(route, TopShare):
        return route.among
    return EVERYONE if isinstance(route, Nominated) else route.where


def _link(
    rows: Sequence[Mapping[str, Any]],
    column: str,
    publication: Publication,
    place: int,
    met: int | None,
    used: int | None,
    truly_met: int,
) -> Link:
    """How a route lies to the groups of a column."""
    routes = publication.scheme.routes
    route = routes[place]
    sure, possible = _groups_of(route, rows, column)
    listed = sum(rows[i]["listed"] for i in sure)
    managed = route.counts_as == "case_management"
    all_in = listed == truly_met if sure == possible else listed <= truly_met
    if managed:
        all_in = all_in and all(rows[i]["selected"] == rows[i]["listed"] for i in sure)
    first = next((i for i, each in enumerate(routes) if isinstance(each, TopShare)), None)
    return Link(
        met=met,
        used=used,
        sure=sure,
        possible=possible,
        all_in=all_in,
        managed=managed,
        first_share=place == first,
        all_selected=_all_selected(routes, route, rows, column),
    )


def _all_selected(
    routes: Sequence[Route], route: Route, rows: Sequence[Mapping[str, Any]], column: str
) -> tuple[int, ...]:
    """The groups of which whoever is case managed, by whatever route, meets this route."""
    if not isinstance(route, Everyone | Review):
        return ()
    own = [each for each in _where(route).conditions if each.field == field_of(column)]
    rest = Where(conditions=tuple(each for each in _where(route).conditions if each not in own))
    if not all(within(_where(each), rest) for each in routes if each.counts_as == "case_management"):
        return ()
    return tuple(i for i, row in enumerate(rows) if all(_meets(row[column], each, column) is True for each in own))


def _groups_of(route: Route, rows: Sequence[Mapping[str, Any]], column: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The groups whose people all meet a route's conditions, and those of whom some may."""
    where = _where(route)
    own = [each for each in where.conditions if each.field == field_of(column)]
    whole = isinstance(route, Everyone | Review) and len(own) == len(where.conditions)
    answers = [[_meets(row[column], each, column) for each in own] for row in rows]
    sure = tuple(i for i, each in enumerate(answers) if whole and all(answer is True for answer in each))
    return sure, tuple(i for i, each in enumerate(answers) if all(answer is not False for answer in each))


def _told_earlier(
    rows: Sequence[Mapping[str, Any]], column: str, publication: Publication, sizes: Mapping[str, int]
) -> Iterator[Between]:
    """What a publication tells of the groups for whom its routes ask, over all practices."""
    for place, route in enumerate(publication.scheme.routes):
        if not (isinstance(route, Everyone | Review) and field_of(column) in _where(route).fields):
            continue
        sure, possible = _groups_of(route, rows, column)
        told = [
            shown(publication.rows[practice][place], "met", size) if practice in publication.rows else None
            for practice, size in sizes.items()
        ]
        ranges = [each or (0, size) for each, size in zip(told, sizes.values(), strict=True)]
        least, most = (sum(ends) for ends in zip(*ranges, strict=True))
        yield Between(possible, least, sum(sizes.values()))
        # Of those who are listed some may have died or left since; then not all of them met the route.
        if sum(rows[i]["listed"] for i in sure) <= most:
            yield Between(sure, 0, most)


def _meets(group: str, condition: Condition, column: str) -> bool | None:
    """Whether the people of a group meet a condition on its column; None where some may."""
    if condition.on != "as_of":
        return None
    if group == "not stated":
        return False
    if condition.allowed is not None:
        return group in condition.allowed
    if condition.flag is not None:
        return group == str(condition.flag)
    edges = condition.edges
    if edges is None:
        return None
    if column == "age_band":
        first = int(group.split("–", maxsplit=1)[0]) if "–" in group else 90
        ages = range(first, first + 10 if "–" in group else 121)
        inside = sum(edges.contains(age) for age in ages)
        return inside == len(ages) if inside in (0, len(ages)) else None
    return edges.contains(Fraction(group)) if _is_number(group) else None


def _is_number(text: str) -> bool:
    try:
        Fraction(text)
    except ValueError:
        return False
    return True


class _Joint:
    """The people behind the commissioner's table of every practice, with the totals that groups add up to."""

    def __init__(
        self,
        publication: Publication,
        before: Sequence[Publication],
        sizes: Mapping[str, int],
        linked: Sequence[int],
        using: Sequence[int],
    ) -> None:
        self.publication, self.before, self.sizes = publication, before, sizes
        self.linked, self.using = linked, using
        self.too_many: set[str] = set()
        self.hiding = [
            practice
            for practice in publication.rows
            if any(hides_something(each.rows.get(practice, ())) for each in (publication, *before))
        ]

    def safe_with(self, totals: Sequence[int]) -> bool:
        """Whether no small count follows from the commissioner's table for one who knows the totals exactly."""
        for start in range(0, len(self.hiding), MOST_TOGETHER):
            part = self.hiding[start : start + MOST_TOGETHER]
            worlds, cells, sums = self._built(part)
            if self.too_many & {*part}:
                return False
            for people, known in zip(sums, totals, strict=True):
                worlds.limit(people, known, known)
            if worlds.find() is None or worlds.tells(cells) is not None:
                return False
        return True

    def extremes(self) -> list[list[int]]:
        """The least and the greatest of each total that the commissioner's table allows."""
        worlds, _, sums = self._built(self.hiding[:MOST_TOGETHER])
        ranges = [worlds.range_of(people) or (0, 0) for people in sums]
        return [[low for low, _ in ranges], [high for _, high in ranges]]

    def _built(self, whole: Sequence[str]) -> tuple[Worlds, list[Cell], list[Sum]]:
        """Worlds of some practices in full and the others by their ranges; their cells, and the sums of the totals."""
        worlds = Worlds()
        cells: list[Cell] = []
        sums: list[Sum] = [{} for _ in range(1 + len(self.linked) + len(self.using))]
        for practice in self.publication.rows:
            parts = self._in_full(worlds, practice, cells) if practice in whole else None
            for people, part in zip(sums, parts or self._by_range(worlds, practice), strict=True):
                people.update(part)
        return worlds, cells, sums

    def _in_full(self, worlds: Worlds, practice: str, cells: list[Cell]) -> list[Sum] | None:
        scheme = self.publication.scheme
        beside = [each for each in self.before if practice in each.rows]
        try:
            own, *others = add_practice(worlds, practice, self.sizes[practice], [self.publication, *beside])
        except TooManyKindsError:
            self.too_many.add(practice)
            return None
        cells += [cell for each in (own, *others) for cell in each]
        met = [cell.people for cell in own if cell.column == "met"]
        each = (cell.people for cell in own if cell.column == "used")
        used: list[Sum] = [next(each) if route.counts_as == "case_management" else {} for route in scheme.routes]
        return [case_managed(own), *(met[i] for i in self.linked), *(used[i] for i in self.using)]

    def _by_range(self, worlds: Worlds, practice: str) -> list[Sum]:
        rows, size = self.publication.rows[practice], self.sizes[practice]
        used = {i: told for i, row in enumerate(rows) if (told := shown(row, "used", size)) is not None}
        number = {i: worlds.number(*told) for i, told in used.items()}
        found: list[Sum] = [dict.fromkeys(number.values(), 1)]
        for i in self.linked:
            low, high = shown(rows[i], "met", size) or (0, size)
            found.append({worlds.number(low, high): 1})
        return found + [{number[i]: 1} for i in self.using]
