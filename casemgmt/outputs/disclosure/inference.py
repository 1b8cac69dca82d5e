"""What a reader of published counts can work out from how they hang together.

Within a practice the places used are of different people, so they add up to at most the list size; whoever uses a place
of a route meets it; and whoever meets a route that counts as case management uses a place of it or of an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import gt

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A practice's cells, each as the range of counts that its published form allows; routes in file order.

    Attributes
    ----------
    list_size : of the practice
    met : one range a route
    used : one range a route, None where the route uses no places
    """

    list_size: Range
    met: Sequence[Range]
    used: Sequence[Range | None]


def narrows(cells: Cells, suppressed: Range) -> bool:
    """Whether the cells together tell more of a suppressed one than its range, or any such count, or fit no count."""
    known = work_out(cells)
    return known is None or is_narrowed(cells, known, suppressed)


def is_narrowed(cells: Cells, known: Cells, suppressed: Range) -> bool:
    """The same of what the cells together tell, once that is worked out."""
    before = [cells.list_size, *cells.met, *(each for each in cells.used if each)]
    after = [known.list_size, *known.met, *(each for each in known.used if each)]
    low, high = suppressed
    return any(
        told != shown if shown == suppressed else low <= told[0] and told[1] <= high
        for shown, told in zip(before, after, strict=True)
    )


def work_out(cells: Cells) -> Cells | None:
    """The tightest range of each cell, given all the others; None where no counts fit.

    The running total of places used ties the cells into a chain without loops, where narrowing each relation in turn
    until nothing changes gives exactly the values that some true table has.
    """
    own = [each for each in cells.used if each]
    routes, whole = len(cells.met), (0, cells.list_size[1])
    ranges = [cells.list_size, *cells.met, *own, *(whole for _ in own)]
    low, high = [each[0] for each in ranges], [each[1] for each in ranges]
    relations = _relations(tuple(each is not None for each in cells.used))
    earlier: tuple[list[int], list[int]] | None = None
    while earlier != (low, high):
        earlier = low.copy(), high.copy()
        for left, right in relations:
            _narrow(low, high, left, right)
        if any(map(gt, low, high)):
            return None
    told = list(zip(low, high, strict=True))
    used = iter(told[1 + routes :])
    return Cells(list_size=told[0], met=told[1 : 1 + routes], used=[each and next(used) for each in cells.used])


@cache
def _relations(uses_places: tuple[bool, ...]) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Which cells add up to at most which others, one or two each: the list size is cell 0, then come those who meet
    each route, then the places used of each route that uses some, then the running totals of those.
    """
    routes, own = len(uses_places), sum(uses_places)
    found: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((met,), (0,)) for met in range(1, 1 + routes)]
    before: tuple[int, ...] = ()
    used = 1 + routes
    for met in (met for met, uses in enumerate(uses_places, 1) if uses):
        total = used + own
        found += [((total,), (*before, used)), ((*before, used), (total,))]
        found += [((used,), (met,)), ((met,), (total,)), ((total,), (0,))]
        before, used = (total,), used + 1
    return tuple(found)


def _narrow(low: list[int], high: list[int], left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Use that the counts on the left add up to at most those on the right."""
    if len(left) == len(right):
        (one,), (other,) = left, right
        high[one], low[other] = min(high[one], high[other]), max(low[one], low[other])
    elif len(left) == 1:
        (one,), (first, second) = left, right
        high[one] = min(high[one], high[first] + high[second])
        low[first], low[second] = max(low[first], low[one] - high[second]), max(low[second], low[one] - high[first])
    else:
        (first, second), (one,) = left, right
        high[first], high[second] = min(high[first], high[one] - low[second]), min(high[second], high[one] - low[first])
        low[one] = max(low[one], low[first] + low[second])
