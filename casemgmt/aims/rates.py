"""Admissions per 1,000 on the list, beside the base year and the year before."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from casemgmt.aims.grid import Cell, Counts, Grid
from casemgmt.aims.intervals import of_rate, of_ratio

# Held at least 8% below the peak; no growth from one year to the next (Rotherham CCG, 2015/16).
BELOW_PEAK, NO_GROWTH = Fraction(92, 100), Fraction(1)


def rate_rows(grid: Grid, counts: Counts, name: str, *, aim: Fraction, aim_is_of_base: bool) -> list[dict[str, Any]]:
    """A row a practice and year: the count, its rate, and the ratios to the base year and to the year before.

    Parameters
    ----------
    counts : by practice and year
    name : the column of the count
    aim : the highest ratio with which the aim is met
    aim_is_of_base : whether that is of the ratio to the base year, or of that to the year before
    """
    rows = []
    for cell in grid.cells():
        events, size = grid.total(counts, cell), grid.size(cell)
        row = {**grid.head(cell), "list_size": size, name: events}
        rate = (1000 * events / size, *(1000 * end for end in of_rate(events, size))) if row["complete"] else None
        row |= dict(zip(("per_1000", "per_1000_low", "per_1000_high"), rate or (None,) * 3, strict=True))
        row |= _ratio(grid, counts, cell, grid.base, "base") | _ratio(grid, counts, cell, cell.year - 1, "previous")
        row["aim_met"] = _met(grid, counts, cell, grid.base if aim_is_of_base else cell.year - 1, aim)
        rows.append(row)
    return rows


def _ratio(grid: Grid, counts: Counts, cell: Cell, other: int, name: str) -> dict[str, float | None]:
    names = (f"{name}_ratio", f"{name}_low", f"{name}_high")
    pair = grid.against(cell, other)
    if pair is None:
        return dict.fromkeys(names)
    now, then = ((grid.total(counts, each), grid.size(each)) for each in pair)
    ends = of_ratio(*now, *then)
    if not then[0] or ends is None:
        return dict.fromkeys(names)
    return dict(zip(names, (now[0] * then[1] / (now[1] * then[0]), *ends), strict=True))


def _met(grid: Grid, counts: Counts, cell: Cell, other: int, aim: Fraction) -> bool | None:
    """Whether a rate is at most so much of another, in exact fractions."""
    pair = grid.against(cell, other)
    if pair is None:
        return None
    now, then = (Fraction(grid.total(counts, each), grid.size(each)) for each in pair)
    return now <= aim * then
