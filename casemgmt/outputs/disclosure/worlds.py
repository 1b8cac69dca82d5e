"""Every way in which the people of a practice could lie behind what was published of it.

A person belongs to some of the sets that the routes make (and that their shares are of); which of them go together is
plain from the scheme files. How many people there are of each kind are whole numbers that add up to the cells.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from casemgmt.outputs.disclosure.kinds import (
    NOMINATED,
    Kind,
    People,
    by_conditions,
    have_to_do_with_each_other,
    holds,
    kinds_of,
    stands_near,
)
from casemgmt.outputs.disclosure.suppression import SMALL, SUPPRESSED, WITHHELD, behind
from casemgmt.outputs.disclosure.whole_numbers import Cell, Range, Worlds
from casemgmt.scheme.conditions import EVERYONE, Where
from casemgmt.scheme.routes import Band, Nominated, Review, Route, Scheme, Share, TopShare
from casemgmt.scheme.routes import Everyone as EveryoneRoute

CELLS = ("met", "used", "due", "done")
BELOW: Hashable = ("below",)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """Columns whose groups are told of beside the routes.

    Attributes
    ----------
    fields : the columns
    bounds : conditions whose classes of those columns are told apart
    below : whether those just below the cut are told of
    gone : whether some on the list may have died or left since
    sized : whether all kinds together are the list size
    """

    fields: tuple[str, ...] = ()
    bounds: tuple[Where, ...] = ()
    below: bool = False
    gone: bool = True
    sized: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The people of one practice as whole numbers.

    Attributes
    ----------
    cells : of each publication, met and used by route
    kinds : of each kind of people, its number
    managing : the sets of those who use a place of the first publication
    """

    cells: Sequence[Sequence[Cell]]
    kinds: Sequence[tuple[Kind, int]]
    managing: frozenset[Hashable]


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


def add_practice(
    worlds: Worlds, practice: str, size: int, publications: Sequence[Publication], grouped: Grouped | None = None
) -> Counted:
    """Add the people of one practice of a known list size.

    Parameters
    ----------
    grouped : the columns whose groups are told of too; where None, of no column

    Raises
    ------
    TooManyKindsError : the routes of all the publications make too many kinds of people
    """
    told = [
        [{name: shown(row, name, size) for name in CELLS if name in row} for row in publication.rows[practice]]
        for publication in publications
    ]
    return add_people(worlds, told, size, publications, grouped)


def add_people(
    worlds: Worlds,
    told: Sequence[Sequence[Mapping[str, Range | None]]],
    size: int,
    publications: Sequence[Publication],
    grouped: Grouped | None = None,
) -> Counted:
    """The same of any people, by what is told of each publication's routes: the range of each cell by its column."""
    grouped = grouped or Grouped()
    sets: dict[Hashable, People] = {}
    of_route = []
    for number, publication in enumerate(publications):
        own = [_set_of(route, publication, number) for route in publication.scheme.routes]
        sets |= {each.key: each for each in (*own, *_parts(publication.scheme))}
        of_route.append([each.key for each in own])
    overdue = _overdue(told, publications)
    sets |= {each.key: each for each in overdue}
    if grouped.below:
        sets |= {each.key: each for each in _just_below(publications[0], of_route[0])}
    tied = {key for key in sets if sets[key].overdue or by_conditions(key)} if overdue else set()
    people = _people(worlds, size, sets, _using_places(publications, of_route) | tied, grouped)
    places = _Places(worlds, size, people)
    cells = []
    for publication, rows, keys in zip(publications, told, of_route, strict=True):
        cells.append(_cells(worlds, publication, rows, keys, people, places, size))
    _shares_in_step(worlds, sets, people, places)
    managing = frozenset(_using_places(publications[:1], of_route[:1]))
    return Counted(cells=cells, kinds=people, managing=managing)


def _parts(scheme: Scheme) -> list[People]:
    """Those whom a share is of, where that is not the whole list."""
    shares = [route.of for route in scheme.routes if isinstance(route, TopShare | Nominated)]
    return [People(key=("of", of), bound=of, whole=True, listed=False) for of in shares if not of.is_everyone]


def _just_below(publication: Publication, keys: Sequence[Hashable]) -> list[People]:
    for route, key in zip(publication.scheme.routes, keys, strict=True):
        if isinstance(route, TopShare):
            return [People(key=BELOW, bound=route.among, below=key)]
    return []


def _overdue(told: Sequence[Sequence[Mapping[str, Range | None]]], publications: Sequence[Publication]) -> list[People]:
    """Those who had no review for as long as a route says whose reviews due and done are told."""
    months = {
        route.every_months
        for publication, rows in zip(publications, told, strict=True)
        for route, row in zip(publication.scheme.routes, rows, strict=True)
        if isinstance(route, Review) and "due" in row
    }
    return [People(key=("due", each), bound=EVERYONE, overdue=each) for each in sorted(months)]


def _using_places(publications: Sequence[Publication], of_route: Sequence[Sequence[Hashable]]) -> set[Hashable]:
    return {
        key
        for publication, keys in zip(publications, of_route, strict=True)
        for route, key in zip(publication.scheme.routes, keys, strict=True)
        if route.counts_as == "case_management"
    }


def _set_of(route: Route, publication: Publication, number: int) -> People:
    """The set of people of a route; routes that let in the same people by their rules have the same key."""
    by = publication.ranked_by
    if isinstance(route, EveryoneRoute | Review):
        return People(key=("where", frozenset(route.where.conditions)), bound=route.where, whole=True)
    if isinstance(route, Band):
        return People(key=("band", by, route.on, route.edges, route.where), bound=route.where, band=route, ranked_by=by)
    if isinstance(route, TopShare):
        key = ("top", by, route.share.fraction, route.share.limit, route.of, route.among, route.include_tied)
        if route.keep_within is None:
            return People(key=key, bound=route.among, top=route, ranked_by=by)
        caseload = publication.caseload
        kept = (*key, route.keep_within.fraction, caseload)
        return People(key=kept, bound=route.among, top=route, ranked_by=by, caseload=caseload)
    own = number if publication.waiting else -1
    return People(key=("nominated", own), bound=NOMINATED, whole=not publication.waiting)


def are_related(scheme: Scheme) -> bool:
    """Whether a scheme's routes, or those whom their shares are of, may shut each other out or hold each other."""
    publication = Publication(scheme=scheme, ranked_by="", waiting=False, rows={})
    sets = {each.key: each for each in (_set_of(route, publication, 0) for route in scheme.routes)}
    sets |= {each.key: each for each in _parts(scheme)}
    same = len(sets) < len(scheme.routes) + len({each.key for each in _parts(scheme)})
    return same or any(have_to_do_with_each_other(a, b) for a, b in combinations(sets.values(), 2))


def _people(
    worlds: Worlds, size: int, sets: Mapping[Hashable, People], using: set[Hashable], grouped: Grouped
) -> list[tuple[Kind, int]]:
    """The kinds of people there can be, each with its number; all together are the list."""
    loose = [key for key in sets if key not in using and sets[key].listed and not _touches(sets, key, grouped.fields)]
    kept = {key: each for key, each in sets.items() if key not in loose}
    kinds = kinds_of(kept, grouped.fields, grouped.bounds, gone=grouped.gone)
    found = [(kind, worlds.number(0, size)) for kind in kinds]
    if grouped.sized:
        worlds.limit({number: 1 for _, number in found}, size, size)
    # A set that shares nothing with the others is at most the list, and no more is known of it.
    return found + [(Kind(frozenset({key})), worlds.number(0, size)) for key in loose]


def _touches(sets: Mapping[Hashable, People], key: Hashable, fields: Sequence[str]) -> bool:
    one = sets[key]
    others = (other for each, other in sets.items() if each != key)
    return any(each in fields for each in one.bound.fields) or any(have_to_do_with_each_other(one, o) for o in others)


class _Places:
    """The places of a share: a figure where it is of the whole list, otherwise a number that follows its part."""

    def __init__(self, worlds: Worlds, size: int, people: Sequence[tuple[Kind, int]]) -> None:
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
                among = {number: part for kind, number in self.people if ("of", route.of) in kind.sets}
                low, high = (0, whole - 1) if share.limit == "at_most" else (1 - whole, 0)
                self.worlds.limit({**among, places: -whole}, low, high)
        return self.known[key]


def _cells(
    worlds: Worlds,
    publication: Publication,
    rows: Sequence[Mapping[str, Range | None]],
    keys: Sequence[Hashable],
    people: Sequence[tuple[Kind, int]],
    places: _Places,
    size: int,
) -> list[Cell]:
    cells = []
    earlier: set[Hashable] = set()
    for route, row, key in zip(publication.scheme.routes, rows, keys, strict=True):
        met = {number: 1 for kind, number in people if key in kind.sets}
        used = {number: 1 for kind, number in people if key in kind.sets and not kind.sets & earlier}
        here = [("met", met)]
        if route.counts_as == "case_management":
            here.append(("used", used))
            earlier.add(key)
        if isinstance(route, Review) and "due" in row:
            due = {number: 1 for kind, number in people if {key, ("due", route.every_months)} <= kind.sets}
            here += [("due", due), ("done", {number: 1 for number in met if number not in due})]
        for name, sum_of in here:
            told = row.get(name) or (0, size)
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
    sets: Mapping[Hashable, People],
    people: Sequence[tuple[Kind, int]],
    places: _Places,
) -> None:
    """Two shares of one ranking differ by no more people than by places; those within ``keep_within`` fit in it."""
    for b in sets.values():
        if b.top is None or b.top.keep_within is None:
            continue
        near = {a.key for a in sets.values() if stands_near(a, b)}
        inside = {number: 1 for kind, number in people if kind.sets & near}
        worlds.limit({**inside, places.number(b.top, b.top.reach): -1}, -float("inf"), 0)
    for a in sets.values():
        for b in sets.values():
            if a is b or a.top is None or b.top is None or a.top.include_tied or b.top.include_tied:
                continue
            if holds(b, a):
                more = {number: 1 for kind, number in people if b.key in kind.sets and a.key not in kind.sets}
                worlds.limit({**more, places.number(b.top): -1, places.number(a.top): 1}, -float("inf"), 0)
