"""Practices and years: the rows of every table, which years are covered whole, and which may be compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from casemgmt.aims.list_sizes import ListSizes
from casemgmt.evaluation.at_cut import ALL

ALL_PRACTICES = ALL

Counts = Mapping[tuple[str, int], int]


class Cell(NamedTuple):
    """A row of a table: a practice, or all of them, in a year. ``members`` are the practices that it is the sum of."""

    practice: str
    year: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of a table.

    Attributes
    ----------
    lists : list sizes
    covers : first and last day that the records cover
    base : the year that others are held against
    """

    lists: ListSizes
    covers: tuple[dt.date, dt.date]
    base: int

    def cells(self) -> Iterator[Cell]:
        """Every practice and year with a list that has a covered day, then all practices together."""
        years = [year for year in self.lists.spans if self.days_covered(year)]
        for practice in self.lists.practices:
            yield from (Cell(practice, year, (practice,)) for year in years if (practice, year) in self.lists.sizes)
        for year in years:
            yield Cell(ALL_PRACTICES, year, self._with_a_list(year))

    def _with_a_list(self, year: int) -> tuple[str, ...]:
        return tuple(practice for practice in self.lists.practices if (practice, year) in self.lists.sizes)

    def head(self, cell: Cell) -> dict[str, Any]:
        """What every row begins with."""
        return {
            "practice_id": cell.practice,
            "year": self.lists.years.label(cell.year),
            "complete": self.complete(cell.year),
        }

    def days_covered(self, year: int) -> int:
        """How many days of a year are covered."""
        first = max(self.lists.years.first_day(year), self.covers[0])
        last = min(self.lists.years.last_day(year), self.covers[1])
        return max((last - first).days + 1, 0)

    def complete(self, year: int) -> bool:
        """Whether every day of a year is covered."""
        first, last = self.lists.years.first_day(year), self.lists.years.last_day(year)
        return self.covers[0] <= first and last <= self.covers[1]

    def size(self, cell: Cell) -> int:
        """The list size."""
        return sum(self.lists.sizes[practice, cell.year] for practice in cell.members)

    def total(self, counts: Counts, cell: Cell) -> int:
        """A count."""
        return sum(counts.get((practice, cell.year), 0) for practice in cell.members)

    def against(self, cell: Cell, other: int) -> tuple[Cell, Cell] | None:
        """The cell, and the same in another year, of the practices that have both; None where that is no comparison."""
        if other == cell.year or not (self.complete(cell.year) and self.complete(other)):
            return None
        both = tuple(practice for practice in cell.members if (practice, other) in self.lists.sizes)
        return (Cell(cell.practice, cell.year, both), Cell(cell.practice, other, both)) if both else None
