"""A few bands of an input whose cells add about the same, for scores that are added up by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.risk.fitting.cells import InputCells

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

MOST_BANDS = 5


def bands_of(cells: InputCells, amounts: Floats, most: int = MOST_BANDS) -> npt.NDArray[np.int64]:
    """The band of each cell, missing last: neighbours that add about the same; categories by what they add.

    The cells that add nothing are in band 0. The bands are those that leave the least of the amounts' variance among
    people within them, by dynamic programming (Fisher WD. On grouping for maximum homogeneity. JASA 1958;53:789-798).
    A missing value joins the band whose amount is nearest to its own, or to the average.
    """
    import numpy as np

    people = np.maximum(np.array(cells.people, dtype=np.float64), 1e-9)
    known = amounts[: len(people)]
    order = np.argsort(known, kind="stable") if cells.kind == "category" else np.arange(len(people))
    starts = _least_variance(known[order], people[order], min(most, len(people)))
    band = np.empty(len(people), dtype=np.int64)
    band[order] = np.searchsorted(starts, np.arange(len(people)), side="right") - 1
    count = len(starts)
    means = np.bincount(band, known * people, count) / np.bincount(band, people, count)
    # The band with the base cell comes first.
    renamed = np.arange(count)
    first = int(band[cells.base])
    renamed[first], renamed[:first] = 0, np.arange(1, first + 1)
    lacking = amounts[len(people)] if len(amounts) > len(people) else float(np.average(known, weights=people))
    nearest = int(np.abs(means - lacking).argmin())
    return np.asarray(renamed[np.concatenate([band, [nearest]])])


def _least_variance(values: Floats, weights: Floats, count: int) -> list[int]:
    """Where each of ``count`` runs of values begins, so that the least variance is left within them."""
    import numpy as np

    total = np.concatenate([[0], np.cumsum(weights)])
    first = np.concatenate([[0], np.cumsum(weights * values)])
    second = np.concatenate([[0], np.cumsum(weights * values**2)])
    size = len(values)

    def within(start: npt.NDArray[np.int64], stop: int) -> Floats:
        held = total[stop] - total[start]
        return np.asarray(second[stop] - second[start] - (first[stop] - first[start]) ** 2 / held)

    left = np.full((count + 1, size + 1), np.inf)
    begins = np.zeros((count + 1, size + 1), dtype=np.int64)
    left[0, 0] = 0
    for runs in range(1, count + 1):
        for stop in range(runs, size + 1):
            start = np.arange(runs - 1, stop)
            costs = left[runs - 1, start] + within(start, stop)
            best = int(costs.argmin())
            left[runs, stop], begins[runs, stop] = costs[best], start[best]
    starts, stop = [], size
    for runs in range(count, 0, -1):
        stop = int(begins[runs, stop])
        starts.append(stop)
    return starts[::-1]
