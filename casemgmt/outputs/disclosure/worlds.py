"""Every way in which the people of a practice could lie behind what was published of it.

A person belongs to some of the sets that the routes make (and that their shares are of); which of them go together is
plain from the scheme files. How many people there are of each kind are whole numbers that add up to the cells, so the
least and the greatest count behind a cell are found by integer programming, which leaves nothing to be overlooked.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casemgmt.outputs.disclosure.related import apart, edges_apart, edges_within, within
from casemgmt.outputs.disclosure.shares import holds_share, stands_within
from casemgmt.outputs.disclosure.suppression import SMALL, SUPPRESSED, WITHHELD, behind, tells
from casemgmt.scheme.conditions import EVERYONE, Where
from casemgmt.scheme.routes import Band, Nominated, Review, Route, Scheme, Share, TopShare
from casemgmt.scheme.routes import Everyone as EveryoneRoute

Range = tuple[int, int]
Sum = dict[int, int]

MOST_KINDS = 1500  # of people; a scheme of a dozen unrelated routes has more, and is then taken apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What one commissioner's table says, as its readers see it.

    Attributes
    ----------
    scheme : whose file is published beside it
    ranked_by : what ranked
    waiting : whether nominees wait for a place, so that not every nominee is in
    rows : of each practice, one row a route in file order: list_size, met, used, note; of a report due and done too
    equity : the SHA-256 of a report's counts by groups of people; empty where it has none
    caseload : whose places ``keep_within`` keeps; publications with the same number are of one caseload
    """

    scheme: Scheme
    ranked_by: str
    waiting: bool
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    equity: str = ""
    caseload: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """A published count: the people it is the sum of, the counts that its published form allows, and its column."""

    people: Sum
    shown: Range
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """The people of a route, those whom a share is of, or those who had no review for some months."""

    key: Hashable
    bound: Where
    whole: bool = False
    listed: bool = True
    band: Band | None = None
    top: TopShare | None = None
    ranked_by: str = ""
    caseload: int = 0
    overdue: int = 0


def shown(row: Mapping[str, Any], name: str, size: int) -> Range | None:
    """The counts behind a cell, by itself; None where there is no such cell."""
    if row[name] is not None:
        low, high = behind(row[name])
        return low, min(high, size) if low <= size else high
    said = re.search(rf"\b{name} ({SUPPRESSED}|{WITHHELD})", row["note"] or "")
    if said is None:
        return None
    return (1, SMALL[1]) if said[1] == SUPPRESSED else (0, size)


def hides_something(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any count of these rows is left out: otherwise none of them is small."""
    return any(SUPPRESSED in (row["note"] or "") or WITHHELD in (row["note"] or "") for row in rows)


@dataclass(slots=True)
class Worlds:
    """Whole numbers, and sums of them that lie within bounds."""

    bounds: list[Range] = field(default_factory=list)
    sums: list[tuple[Sum, float, float]] = field(default_factory=list)

    def number(self, low: int, high: int) -> int:
        """A new whole number."""
        self.bounds.append((low, high))
        return len(self.bounds) - 1

    def limit(self, people: Sum, low: float, high: float) -> None:
        """Say within what a sum lies."""
        self.sums.append((people, low, high))

    def find(self, aim: Sum | None = None, sign: int = 1) -> list[int] | None:
        """A world that fits, with the least (or for -1 the greatest) sum ``aim``; None where none fits."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        count = len(self.bounds)
        goal = np.zeros(count)
        for each, factor in (aim or {}).items():
            goal[each] = sign * factor
        low, high = np.array(self.bounds, dtype=float).reshape(count, 2).T
        if (low > high).any():
            return None
        entries = [(row, each, factor) for row, (people, *_) in enumerate(self.sums) for each, factor in people.items()]
        constraints = []
        if entries:
            rows, columns, factors = zip(*entries, strict=True)
            matrix = csr_array((factors, (rows, columns)), shape=(len(self.sums), count), dtype=float)
            _, least, most = zip(*self.sums, strict=True)
            constraints = [LinearConstraint(matrix, least, most)]
        asked = {"integrality": np.ones(count), "bounds": Bounds(low, high), "constraints": constraints}
        found = milp(goal, **asked)
        if found.x is None:  # with its presolve HiGHS has called small programs infeasible that were not
            found = milp(goal, **asked, options={"presolve": False})
        return None if found.x is None else np.rint(found.x).astype(int).tolist()

    def tells(self, cells: Sequence[Cell]) -> Cell | None:
        """The first cell of which these numbers tell more than that it is small; None where none does, or none fits."""
        world = self.find()
        if world is None:
            return None
        known = [(total(cell.people, world),) * 2 for cell in cells]
        for place, cell in enumerate(cells):
            for sign in (1, -1):
                if not tells(known[place]):
                    break
                world = self.find(cell.people, sign)
                if world is None:  # the solver gave up: nothing is shown to be safe
                    return cell
                counts = [total(each.people, world) for each in cells]
                known = [(min(k[0], n), max(k[1], n)) for k, n in zip(known, counts, strict=True)]
            if tells(known[place]):
                return cell
        return None

    def range_of(self, people: Sum) -> Range | None:
        """The least and the greatest a sum can be; None where nothing fits."""
        found = [self.find(people, sign) for sign in (1, -1)]
        if found[0] is None or found[1] is None:
            return None
        return total(people, found[0]), total(people, found[1])


def total(people: Sum, world: Sequence[int]) -> int:
    """What a sum comes to in a world."""
    return sum(factor * world[each] for each, factor in people.items())


class TooManyKindsError(ValueError):
    """More kinds of people than are looked at together."""


def add_practice(worlds: Worlds, practice: str, size: int, publications: Sequence[Publication]) -> list[list[Cell]]:
    """Add the people of one practice of a known list size; the cells of each publication, met and used by route.

    Raises
    ------
    TooManyKindsError : the routes of all the publications make too many kinds of people
    """
    sets: dict[Hashable, _Set] = {}
    of_route = []
    for number, publication in enumerate(publications):
        found = [_set_of(route, publication, number) for route in publication.scheme.routes]
        shares = [route.of for route in publication.scheme.routes if isinstance(route, TopShare | Nominated)]
        parts = [_Set(key=("of", of), bound=of, whole=True, listed=False) for of in shares if not of.is_everyone]
        sets |= {each.key: each for each in (*found, *parts)}
        of_route.append([each.key for each in found])
    overdue = _overdue(practice, publications)
    sets |= {each.key: each for each in overdue}
    tied = {key for key in sets if sets[key].overdue or _by_conditions(key)} if overdue else set()
    people = _people(worlds, size, sets, _using_places(publications, of_route) | tied)
    places = _Places(worlds, size, people)
    cells = []
    for publication, keys in zip(publications, of_route, strict=True):
        cells.append(_cells(worlds, publication, publication.rows[practice], keys, people, places, size))
    _shares_in_step(worlds, sets, people, places)
    return cells


def case_managed(cells: Sequence[Cell]) -> Sum:
    """Everyone who uses a place, from the cells of :func:`add_practice`."""
    managed: Sum = {}
    for cell in cells:
        if cell.column == "used":
            managed |= cell.people
    return managed


def _overdue(practice: str, publications: Sequence[Publication]) -> list[_Set]:
    """Those who had no review for as long as a route says whose reviews due and done are told."""
    months = {
        route.every_months
        for publication in publications
        for route, row in zip(publication.scheme.routes, publication.rows[practice], strict=True)
        if isinstance(route, Review) and "due" in row
    }
    return [_Set(key=("due", each), bound=EVERYONE, overdue=each) for each in sorted(months)]


def _using_places(publications: Sequence[Publication], of_route: Sequence[Sequence[Hashable]]) -> set[Hashable]:
    return {
        key
        for publication, keys in zip(publications, of_route, strict=True)
        for route, key in zip(publication.scheme.routes, keys, strict=True)
        if route.counts_as == "case_management"
    }


def _set_of(route: Route, publication: Publication, number: int) -> _Set:
    """The set of people of a route; routes that let in the same people by their rules have the same key."""
    by = publication.ranked_by
    if isinstance(route, EveryoneRoute | Review):
        return _Set(key=("where", frozenset(route.where.conditions)), bound=route.where, whole=True)
    if isinstance(route, Band):
        return _Set(key=("band", by, route.on, route.edges, route.where), bound=route.where, band=route, ranked_by=by)
    if isinstance(route, TopShare):
        key = ("top", by, route.share.fraction, route.share.limit, route.of, route.among, route.include_tied)
        if route.keep_within is None:
            return _Set(key=key, bound=route.among, top=route, ranked_by=by)
        caseload = publication.caseload
        kept = (*key, route.keep_within.fraction, caseload)
        return _Set(key=kept, bound=route.among, top=route, ranked_by=by, caseload=caseload)
    return _Set(key=("nominated", number if publication.waiting else -1), bound=EVERYONE)


def _inside(a: _Set, b: _Set) -> bool:
    """Whether everyone of the first is of the second."""
    if b.whole and (a.listed or not b.listed) and within(a.bound, b.bound):
        return True
    if a.overdue and b.overdue:
        return a.overdue >= b.overdue
    if a.ranked_by != b.ranked_by:
        return False
    if a.band and b.band:
        same = a.band.on == b.band.on and within(a.bound, b.bound)
        return same and edges_within(a.band.edges, b.band.edges)
    return _holds(a, b)


def _holds(a: _Set, b: _Set) -> bool:
    """Whether the first is a share of the ranking of the second, and holds nobody else."""
    if a.top is None or b.top is None or a.ranked_by != b.ranked_by:
        return False
    return holds_share(a.top, b.top, one_caseload=a.caseload == b.caseload)


def _stands_within(a: _Set, b: _Set) -> bool:
    """Whether everyone of the first stands within what the second keeps places in."""
    return a.top is not None and b.top is not None and a.ranked_by == b.ranked_by and stands_within(a.top, b.top)


def _never_both(a: _Set, b: _Set) -> bool:
    if apart(a.bound, b.bound):
        return True
    if a.band and b.band and a.ranked_by == b.ranked_by and a.band.on == b.band.on:
        return edges_apart(a.band.edges, b.band.edges)
    return False


def _related(a: _Set, b: _Set) -> bool:
    return _inside(a, b) or _never_both(a, b) or _stands_within(a, b)


def are_related(scheme: Scheme) -> bool:
    """Whether a scheme's routes, or those whom their shares are of, shut each other out or hold each other."""
    publication = Publication(scheme=scheme, ranked_by="", waiting=False, rows={})
    sets = [_set_of(route, publication, 0) for route in scheme.routes]
    shares = {route.of for route in scheme.routes if isinstance(route, TopShare | Nominated)}
    sets += [_Set(key=("of", of), bound=of, whole=True, listed=False) for of in shares if not of.is_everyone]
    return any(_related(a, b) for a in sets for b in sets if a is not b)


def _people(
    worlds: Worlds, size: int, sets: Mapping[Hashable, _Set], using: set[Hashable]
) -> list[tuple[frozenset[Hashable], int]]:
    """The kinds of people there can be, each with its number; all together are the list."""
    keys = list(sets)
    loose = [key for key in keys if key not in using and sets[key].listed and not _touches(sets, key)]
    kinds: list[frozenset[Hashable]] = [frozenset()]
    for key in keys:
        if key in loose:
            continue
        of_reviews = [kind for kind in kinds if not sets[key].overdue or any(_by_conditions(other) for other in kind)]
        kinds += [kind | {key} for kind in of_reviews if not any(_never_both(sets[key], sets[other]) for other in kind)]
        if len(kinds) > 4 * MOST_KINDS:
            raise TooManyKindsError
    holders = {key: [other for other in keys if other != key and _inside(sets[key], sets[other])] for key in keys}
    kinds = [kind for kind in kinds if all(other in kind for key in kind for other in holders[key])]
    if len(kinds) > MOST_KINDS:
        raise TooManyKindsError
    found = [(kind, worlds.number(0, size)) for kind in kinds]
    worlds.limit({number: 1 for _, number in found}, size, size)
    # A set that shares nothing with the others is at most the list, and no more is known of it.
    return found + [(frozenset({key}), worlds.number(0, size)) for key in loose]


def _by_conditions(key: Any) -> bool:
    """Whether a key is that of people who meet conditions, as those of a review do."""
    return bool(key[0] == "where")


def _touches(sets: Mapping[Hashable, _Set], key: Hashable) -> bool:
    one = sets[key]
    return any(_related(one, other) or _related(other, one) for k, other in sets.items() if k != key)


class _Places:
    """The places of a share: a figure where it is of the whole list, otherwise a number that follows its part."""

    def __init__(self, worlds: Worlds, size: int, people: Sequence[tuple[frozenset[Hashable], int]]) -> None:
        self.worlds, self.size, self.people = worlds, size, people
        self.known: dict[Hashable, int] = {}

    def number(self, route: TopShare | Nominated, share: Share | None = None) -> int:
        """The places of a route, or of another share of the same people."""
        share = share or route.share
        key = (share.fraction, share.limit, route.of)
        if key not in self.known:
            most = share.places(self.size)
            if route.of.is_everyone:
                self.known[key] = self.worlds.number(most, most)
            else:
                self.known[key] = places = self.worlds.number(0, most)
                part, whole = share.fraction.numerator, share.fraction.denominator
                among = {number: part for kind, number in self.people if ("of", route.of) in kind}
                low, high = (0, whole - 1) if share.limit == "at_most" else (1 - whole, 0)
                self.worlds.limit({**among, places: -whole}, low, high)
        return self.known[key]


def _cells(
    worlds: Worlds,
    publication: Publication,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[Hashable],
    people: Sequence[tuple[frozenset[Hashable], int]],
    places: _Places,
    size: int,
) -> list[Cell]:
    cells = []
    earlier: set[Hashable] = set()
    for route, row, key in zip(publication.scheme.routes, rows, keys, strict=True):
        met = {number: 1 for kind, number in people if key in kind}
        used = {number: 1 for kind, number in people if key in kind and not kind & earlier}
        here = [("met", met)]
        if route.counts_as == "case_management":
            here.append(("used", used))
            earlier.add(key)
        if isinstance(route, Review) and "due" in row:
            due = {number: 1 for kind, number in people if {key, ("due", route.every_months)} <= kind}
            here += [("due", due), ("done", {number: 1 for number in met if number not in due})]
        for name, sum_of in here:
            told = shown(row, name, size) or (0, size)
            worlds.limit(sum_of, *told)
            cells.append(Cell(sum_of, told, name))
        if isinstance(route, TopShare) and not route.include_tied:
            worlds.limit({**met, places.number(route): -1}, -float("inf"), 0)
        if isinstance(route, Nominated):
            # A nominee who is in already meets the route without using one of its places.
            worlds.limit({**used, places.number(route): -1}, -float("inf"), 0)
    return cells


def _shares_in_step(
    worlds: Worlds,
    sets: Mapping[Hashable, _Set],
    people: Sequence[tuple[frozenset[Hashable], int]],
    places: _Places,
) -> None:
    """Two shares of one ranking differ by no more people than by places; those within ``keep_within`` fit in it."""
    for b in sets.values():
        if b.top is None or b.top.keep_within is None:
            continue
        near = {a.key for a in sets.values() if _stands_within(a, b)}
        inside = {number: 1 for kind, number in people if kind & near}
        worlds.limit({**inside, places.number(b.top, b.top.reach): -1}, -float("inf"), 0)
    for a in sets.values():
        for b in sets.values():
            if a is b or a.top is None or b.top is None or a.top.include_tied or b.top.include_tied:
                continue
            if _holds(a, b):
                more = {number: 1 for kind, number in people if b.key in kind and a.key not in kind}
                worlds.limit({**more, places.number(b.top): -1, places.number(a.top): 1}, -float("inf"), 0)
