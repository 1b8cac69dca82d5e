"""The kinds of people that the routes of some schemes can tell apart.

What a route asks for is asked of columns. The values of a column that no condition tells apart are a class; whoever is
of one class in each column meets the same conditions. So which routes go together follows from the columns, and not
from the routes two by two: of those who are 65, in a home and women, nobody meets two of the pairs without the third.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

from casemgmt.outputs.disclosure.related import edges_apart, edges_within
from casemgmt.outputs.disclosure.shares import holds_share, stands_within
from casemgmt.register.fields import FIELDS
from casemgmt.scheme.conditions import AGE_RULES, Condition, Where
from casemgmt.scheme.routes import Band, TopShare

MOST_KINDS = 1500  # of people; a scheme of a dozen unrelated routes has more, and is then taken apart

NOMINATED = Where(conditions=(Condition(field="nominated", flag=True),))

Class = tuple[Hashable, ...]


class TooManyKindsError(ValueError):
    """More kinds of people than are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The people of a route, those whom a share is of, those just below its cut, or those without a recent review.

    Attributes
    ----------
    key : which people
    bound : conditions that they all meet
    whole : whether everyone who meets them is meant
    listed : whether only who is alive and still on the list is
    band, top, ranked_by : the route, where its people stand in a ranking
    below : the key of the share below whose cut they stand
    caseload : whose places ``keep_within`` keeps; those with the same number are of one caseload
    overdue : months without a review
    """

    key: Hashable
    bound: Where
    whole: bool = False
    listed: bool = True
    band: Band | None = None
    top: TopShare | None = None
    ranked_by: str = ""
    below: Hashable = None
    caseload: int = 0
    overdue: int = 0


class Kind(NamedTuple):
    """People who are of the same sets, and of the same classes of the columns that are grouped by."""

    sets: frozenset[Hashable]
    classes: tuple[Class, ...] = ()


def conditions_on(field: str, bounds: Sequence[Where]) -> tuple[Condition, ...]:
    """The different conditions on a column."""
    found = (each for bound in bounds for each in bound.conditions if each.field == field)
    return tuple(dict.fromkeys(found))


def kinds_of(
    sets: Mapping[Hashable, People], fields: Sequence[str] = (), bounds: Sequence[Where] = (), *, gone: bool = True
) -> list[Kind]:
    """Every kind of people that there can be.

    Parameters
    ----------
    sets : by key
    fields : columns by whose classes kinds are told apart too
    bounds : conditions whose classes those are
    gone : whether some may be on the list who have died or left since, and are of no route

    Raises
    ------
    TooManyKindsError : there are more than are looked at together
    """
    # Who may be of which sets, by the columns one after another; those whom the same sets are left to are one kind.
    asked = dict.fromkeys([*fields, *(field for each in sets.values() for field in each.bound.fields)])
    left: dict[Kind, None] = {Kind(frozenset(sets)): None}
    every = [*bounds, *(each.bound for each in sets.values())]
    for field in asked:
        conditions = conditions_on(field, every)
        found: dict[Kind, None] = {}
        for (open_to, classes), (name, met) in product(left, _classes(conditions)):
            kept = frozenset(
                key for key in open_to if all(met[each] for each in sets[key].bound.conditions if each.field == field)
            )
            found[Kind(kept, (*classes, name) if field in fields else classes)] = None
        left = found
        _refuse_too_many(left)
    kinds: dict[Kind, None] = {}
    for open_to, classes in left:
        for members in _members(open_to, sets):
            kinds[Kind(members, classes)] = None
        if gone:
            kinds[Kind(frozenset(key for key in open_to if not sets[key].listed), classes)] = None
        _refuse_too_many(kinds)
    return list(kinds)


def _refuse_too_many(kinds: Mapping[Kind, None]) -> None:
    if len(kinds) > MOST_KINDS:
        raise TooManyKindsError


def _members(open_to: frozenset[Hashable], sets: Mapping[Hashable, People]) -> list[frozenset[Hashable]]:
    """Of which sets people can be who meet the conditions of these: surely of those that are whole."""
    sure = frozenset(key for key in open_to if sets[key].whole)
    found = [sure]
    reviewed = any(by_conditions(key) for key in sure)
    for key in sets:
        one = sets[key]
        if key not in open_to or one.whole or (one.overdue and not reviewed):
            continue
        found += [some | {key} for some in found if not any(_never_both(one, sets[other]) for other in some)]
        if len(found) > MOST_KINDS:
            raise TooManyKindsError
    holders = {key: [other for other in open_to if other != key and holds(sets[other], sets[key])] for key in open_to}
    return [some for some in found if all(other in some for key in some for other in holders[key])]


def by_conditions(key: Hashable) -> bool:
    """Whether a key is that of people who meet conditions, as those of a review do."""
    return isinstance(key, tuple) and key[0] == "where"


def holds(outer: People, inner: People) -> bool:
    """Whether who is of the inner set, and meets the conditions of the outer, is of the outer by what both count."""
    if outer.overdue and inner.overdue:
        return inner.overdue >= outer.overdue
    if outer.ranked_by != inner.ranked_by:
        return False
    if outer.band and inner.band:
        return outer.band.on == inner.band.on and edges_within(inner.band.edges, outer.band.edges)
    if inner.top is None or outer.top is None:
        return False
    return holds_share(inner.top, outer.top, one_caseload=inner.caseload == outer.caseload)


def _never_both(a: People, b: People) -> bool:
    if a.key == b.below or b.key == a.below:
        return True
    if a.band and b.band and a.ranked_by == b.ranked_by and a.band.on == b.band.on:
        return edges_apart(a.band.edges, b.band.edges)
    return False


def stands_near(one: People, keeping: People) -> bool:
    """Whether everyone of the first stands within what the second keeps places in."""
    if one.top is None or keeping.top is None or one.ranked_by != keeping.ranked_by:
        return False
    return stands_within(one.top, keeping.top)


def have_to_do_with_each_other(a: People, b: People) -> bool:
    """Whether two sets may shut each other out, or hold each other, whatever others there are."""
    one_column = bool(set(a.bound.fields) & set(b.bound.fields))
    near = stands_near(a, b) or stands_near(b, a)
    return one_column or near or holds(a, b) or holds(b, a) or _never_both(a, b)


# Classes of a column's values


def _classes(conditions: Sequence[Condition]) -> list[tuple[Class, dict[Condition, bool]]]:
    """The classes of a column: their names, and which of the conditions they meet; a missing value meets none."""
    found: dict[tuple[Class, tuple[bool, ...]], None] = {}
    for value in _values(conditions):
        name = class_of(value, conditions)
        rules = [each for each in AGE_RULES if each != "as_of" and any(one.on == each for one in conditions)]
        dated = [each for each in {one.on: None for one in conditions} if each not in AGE_RULES]
        for later in product((0, 1), repeat=len(rules)):
            years = {"as_of": 0, **dict(zip(rules, later, strict=True))}
            # By how many years an age on a date of its own differs is not known here.
            for others in product((False, True), repeat=sum(each.on in dated for each in conditions)):
                more = iter(others)
                met = tuple(
                    next(more) if each.on in dated else _met(value, each, years[each.on]) for each in conditions
                )
                found[name, met] = None
    return [(name, dict(zip(conditions, met, strict=True))) for name, met in found]


def class_of(value: object, conditions: Sequence[Condition]) -> Class:
    """The class of a value: what it answers to each condition, and for an age on another date what it may answer."""
    return tuple(
        (_met(value, each, 0),) if each.on == "as_of" else (_met(value, each, 0), _met(value, each, 1))
        for each in conditions
        if each.on in AGE_RULES
    )


def _met(value: object, condition: Condition, years: int) -> bool:
    if value is None:
        return False
    if condition.allowed is not None:
        return value in condition.allowed
    if condition.flag is not None:
        return value is condition.flag
    numeric = not isinstance(value, (str, bool))
    return numeric and condition.edges is not None and condition.edges.contains(value + years)  # type: ignore[operator]


def _values(conditions: Sequence[Condition]) -> Iterator[object]:
    """A value of every class that a column can have; None is a missing one, and any other that no condition names."""
    yield None
    if any(each.flag is not None for each in conditions):
        yield from (True, False)
    yield from dict.fromkeys(value for each in conditions for value in each.allowed or ())
    sides = (side for each in conditions if each.edges for side in (each.edges.lower, each.edges.upper))
    ends = sorted({side for side in sides if side is not None})
    if not ends:
        return
    field = FIELDS.get(conditions[0].field)
    near = [end + step for end in ends for step in (-2, -1, 0, 1, 2)]
    if field is not None and field.kind == "integer":
        yield from sorted({int(each) for each in near if field.least <= each <= field.most})
    else:
        yield from [*near, *((a + b) / 2 for a, b in pairwise(ends))]
