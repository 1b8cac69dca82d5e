"""Counts by group as they are shown: a rounded number, or the word for one that is suppressed or withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from casemgmt.outputs.disclosure.suppression import SUPPRESSED, WITHHELD, suppress


@dataclass(frozen=True, slots=True)
class ShownCounts:
    """Published counts by column: a number, the word for a suppressed or a withheld one, None where there is none."""

    columns: Mapping[str, Sequence[int | str | None]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> ShownCounts:
        """Whole counts, one mapping a group, as they are shown one by one."""

        def form(count: int | None) -> int | str | None:
            if count is None:
                return None
            number = suppress(count)
            return SUPPRESSED if number is None else number

        return cls({name: [form(row[name]) for row in rows] for name in names})

    def number(self, name: str, place: int) -> int | None:
        """The published number of a group; None where there is a word for it, or nothing."""
        value = self.columns[name][place]
        return value if isinstance(value, int) else None

    def words(self, name: str, place: int) -> str | None:
        """The word that stands for a group's number; None where the number is shown."""
        value = self.columns[name][place]
        return value if isinstance(value, str) else None

    def gone(self, name: str) -> bool:
        """Whether nothing of a column is shown."""
        return all(value in (WITHHELD, None) for value in self.columns[name])

    def without(self, name: str) -> ShownCounts:
        """The same with a whole column withheld."""
        values = [None if value is None else WITHHELD for value in self.columns[name]]
        return replace(self, columns={**self.columns, name: values})

    def with_less(self, name: str) -> ShownCounts:
        """The same with the smallest published count withheld, or the whole column where none above 0 is left."""
        values = list(self.columns[name])
        above = [value for value in values if isinstance(value, int) and value]
        if not above:
            return self.without(name)
        values[values.index(min(above))] = WITHHELD
        return replace(self, columns={**self.columns, name: values})
