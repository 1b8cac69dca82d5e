"""How long people stayed in hospital after an emergency admission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from casemgmt.aims.grid import Cell, Grid
from casemgmt.aims.intervals import of_mean, of_median
from casemgmt.aims.stays import Stays
from casemgmt.register.columns import NO_DAY

Lengths = dict[tuple[str, int], list[int]]


def lengths_of(grid: Grid, stays: Stays, covers: tuple[int, int]) -> tuple[Lengths, Mapping[tuple[str, int], int]]:
    """The nights of each emergency stay that ended, by practice and year of discharge; and how many have no end.

    Stays without a day of discharge, or with one before the day of admission, are counted by the year in which they
    began.
    """
    has_end = (stays.end != NO_DAY) & (stays.end >= stays.start)
    endless = stays.by_year((stays.emergency & stays.counted & ~has_end).nonzero()[0].tolist())
    inside = (stays.end >= covers[0]) & (stays.end <= covers[1])
    places = (stays.emergency & (stays.practice >= 0) & has_end & inside).nonzero()[0]
    years = grid.lists.years.of_days(stays.end[places]).tolist()
    practices, lengths = stays.practice[places].tolist(), (stays.end - stays.start)[places].tolist()
    nights: Lengths = {}
    for practice, year, length in zip(practices, years, lengths, strict=True):
        nights.setdefault((stays.practices[practice], year), []).append(length)
    return nights, endless


def length_rows(grid: Grid, nights: Lengths, endless: Mapping[tuple[str, int], int]) -> list[dict[str, Any]]:
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
