"""How two ranges of numbers lie to each other."""

from __future__ import annotations

from casemgmt.scheme.conditions import Edges


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
