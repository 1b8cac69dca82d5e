"""What a reader of published counts can work out from how they hang together.

Within a practice the places used are of different people, so they add up to at most the list size; whoever uses a place
of a route meets it; and whoever meets a route that counts as case management uses a place of it or of an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    routes = range(len(cells.met))
    ranges = {"size": cells.list_size} | {f"met{r}": cells.met[r] for r in routes}
    relations: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((f"met{r}",), ("size",)) for r in routes]
    before: tuple[str, ...] = ()
    for r in routes:
        own = cells.used[r]
        if own is None:
            continue
        ranges |= {f"used{r}": own, f"total{r}": (0, cells.list_size[1])}
        relations += [((f"total{r}",), (*before, f"used{r}")), ((*before, f"used{r}"), (f"total{r}",))]
        relations += [((f"used{r}",), (f"met{r}",)), ((f"met{r}",), (f"total{r}",)), ((f"total{r}",), ("size",))]
        before = (f"total{r}",)
    while True:
        earlier = dict(ranges)
        for left, right in relations:
            _narrow(ranges, left, right)
        if any(low > high for low, high in ranges.values()):
            return None
        if ranges == earlier:
            break
    used = [None if cells.used[r] is None else ranges[f"used{r}"] for r in routes]
    return Cells(list_size=ranges["size"], met=[ranges[f"met{r}"] for r in routes], used=used)


def _narrow(ranges: dict[str, Range], left: Sequence[str], right: Sequence[str]) -> None:
    """Use that the counts on the left add up to at most those on the right."""
    least = sum(ranges[name][0] for name in left)
    most = sum(ranges[name][1] for name in right)
    for name in left:
        low, high = ranges[name]
        ranges[name] = low, min(high, most - (least - low))
    for name in right:
        low, high = ranges[name]
        ranges[name] = max(low, least - (most - high)), high
