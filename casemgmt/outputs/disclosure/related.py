"""How the people of two sets of conditions lie to each other, as a reader of the scheme file can tell."""

from __future__ import annotations

from fractions import Fraction

from casemgmt.register.fields import FIELDS
from casemgmt.scheme.conditions import Condition, Edges, Where

_Side = tuple[Fraction, bool]


def within(inner: Where, outer: Where) -> bool:
    """Whether whoever meets the first meets the second, whatever the register holds."""
    return all(any(_implies(a, b) for a in inner.conditions) for b in outer.conditions)


def apart(one: Where, other: Where) -> bool:
    """Whether nobody can meet both."""
    return any(_exclude(a, b) for a in one.conditions for b in other.conditions)


def edges_apart(one: Edges, other: Edges) -> bool:
    """Whether no number lies within both."""
    return _below(one, other) or _below(other, one)


def edges_within(inner: Edges, outer: Edges) -> bool:
    """Whether every number within the first lies within the second."""
    lower, upper = outer.lower, outer.upper
    if lower is not None and (
        inner.lower is None
        or inner.lower < lower
        or (inner.lower == lower and outer.above is not None and inner.above is None)
    ):
        return False
    return upper is None or not (
        inner.upper is None
        or inner.upper > upper
        or (inner.upper == upper and outer.below is not None and inner.below is None)
    )


def _below(one: Edges, other: Edges) -> bool:
    if one.upper is None or other.lower is None:
        return False
    both_closed = one.at_most is not None and other.at_least is not None
    return one.upper < other.lower or (one.upper == other.lower and not both_closed)


def _comparable(a: Condition, b: Condition) -> bool:
    return a.field == b.field and a.on == b.on


def _whole(condition: Condition) -> range | None:
    field = FIELDS.get(condition.field)
    if condition.edges is None or field is None or field.kind != "integer":
        return None
    return condition.edges.whole_numbers(field.least, field.most)


def _implies(a: Condition, b: Condition) -> bool:
    if not _comparable(a, b):
        return False
    if a.allowed is not None and b.allowed is not None:
        return set(a.allowed) <= set(b.allowed)
    if a.flag is not None and b.flag is not None:
        return a.flag == b.flag
    if a.edges is None or b.edges is None:
        return False
    one, other = _whole(a), _whole(b)
    if one is not None and other is not None:
        return other.start <= one.start and one.stop <= other.stop
    return edges_within(a.edges, b.edges)


def _exclude(a: Condition, b: Condition) -> bool:
    if not _comparable(a, b):
        return False
    if a.allowed is not None and b.allowed is not None:
        return not set(a.allowed) & set(b.allowed)
    if a.flag is not None and b.flag is not None:
        return a.flag != b.flag
    if a.edges is None or b.edges is None:
        return False
    one, other = _whole(a), _whole(b)
    if one is not None and other is not None:
        return one.stop <= other.start or other.stop <= one.start
    return edges_apart(a.edges, b.edges)
