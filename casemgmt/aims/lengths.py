"""How long people stayed in hospital after an emergency admission."""

from __future__ import annotations

from typing import Any

from casemgmt.aims.grid import Cell, Grid
from casemgmt.aims.intervals import of_mean, of_median
from casemgmt.aims.stays import Stays
from casemgmt.register.columns import NO_DAY

Lengths = dict[tuple[str, int], list[int]]


def lengths_of(grid: Grid, stays: Stays, covers: tuple[int, int]) -> tuple[Lengths, dict[tuple[str, int], int]]:
    """The nights of each emergency stay that ended, by practice and year of discharge; and how many have no end.

    Stays without a day of discharge, or with one before the day of admission, are counted by the year in which they
    began.
    """
    nights: Lengths = {}
    endless: dict[tuple[str, int], int] = {}
    ended = grid.lists.years.of_days(stays.end)
    for at in (stays.emergency & (stays.practice >= 0)).nonzero()[0].tolist():
        practice, end = stays.practices[stays.practice[at]], int(stays.end[at])
        if end == NO_DAY or end < stays.start[at]:
            if stays.counted[at]:
                key = (practice, int(stays.year[at]))
                endless[key] = endless.get(key, 0) + 1
        elif covers[0] <= end <= covers[1]:
            nights.setdefault((practice, int(ended[at])), []).append(end - int(stays.start[at]))
    return nights, endless


def length_rows(grid: Grid, nights: Lengths, endless: dict[tuple[str, int], int]) -> list[dict[str, Any]]:
    """A row a practice and year of discharge: stays, days, mean and median with intervals, stays without an end."""
    rows = []
    for cell in grid.cells():
        found = _of(cell, nights)
        row = {**grid.head(cell), "stays": len(found), "days": sum(found)}
        row["overnight"] = sum(each > 0 for each in found)
        mean = sum(found) / len(found) if found else None
        row |= dict(zip(("mean_days", "mean_low", "mean_high"), (mean, *(of_mean(found) or (None, None))), strict=True))
        row["median_days"] = _median(found) if found else None
        row |= dict(zip(("median_low", "median_high"), of_median(found) or (None, None), strict=True))
        row["without_discharge"] = grid.total(endless, cell)
        rows.append(row)
    return rows


def _of(cell: Cell, nights: Lengths) -> list[int]:
    return sorted(each for practice in cell.members for each in nights.get((practice, cell.year), ()))


def _median(ordered: list[int]) -> float:
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
