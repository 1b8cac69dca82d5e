"""Cleaning the columns of a register, with a list of all that was changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from casemgmt.compiling import pays
from casemgmt.dates import day_number
from casemgmt.errors import InputError
from casemgmt.register.cleaning import Cleaned, CleanedColumns, FlagColumn, Problem, clean_column, is_text
from casemgmt.register.contradictions import BEFORE_BIRTH, BEFORE_JOINING, contradictions_of
from casemgmt.register.fields import FIELDS
from casemgmt.register.readable_counts import ReadableCount, count_of
from casemgmt.register.values import OUTER_SPACES, is_out_of_range
from casemgmt.threads import default_workers, on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# From so many rows on, a thread takes less time to wake than a column to read.
_MANY_ROWS = 1 << 15
_MANY_A_THREAD = 4  # columns of text
# What is said of values that were read, and taken as they are.
_READ = (OUTER_SPACES, BEFORE_JOINING)


class HowColumnsAreRead(Protocol):
    """What a reader says of the values of columns; see :class:`casemgmt.register.reader.Reader`."""

    @property
    def list_date(self) -> dt.date:
        """``as_of``."""

    @property
    def extract_date(self) -> dt.date:
        """``extracted_on``."""

    @property
    def values(self) -> Mapping[str, Mapping[str, object]]:
        """Field → {text in the source: value}."""

    @property
    def date_format(self) -> Mapping[str, str]:
        """Field → form."""

    @property
    def absent(self) -> frozenset[str]:
        """Conditions for which a missing value means that the patient does not have it."""


class ColumnCleaner:
    """Cleans columns and keeps the list of what it changed."""

    def __init__(self, table: pa.Table, how: HowColumnsAreRead) -> None:
        self.table, self._how = table, how
        self.problems: list[Problem] = []
        self.readable: dict[str, ReadableCount] = {}
        self.ended_before_birth: list[tuple[str, npt.NDArray[np.int64]]] = []
        self.read: dict[str, Cleaned | FlagColumn] = {}  # as each column was read, its gaps not filled

    def clean(self, names: Sequence[str]) -> dict[str, Cleaned | FlagColumn]:
        """Read these fields' columns; see :func:`casemgmt.register.cleaning.clean_column` of what is refused."""
        # A few long columns of text are shared out by rows; many, and all others, by column.
        rows = self.table.num_rows
        of_text = [name for name in names if is_text(self.table.column(name).type)]
        by_rows = of_text if pays(rows) and len(of_text) < _MANY_A_THREAD * default_workers() else []
        whole = [name for name in names if name not in by_rows]
        found: dict[str, tuple[Cleaned | FlagColumn, ReadableCount]] = {}
        if rows >= _MANY_ROWS:
            # Of several columns at fault the first is named, as where they are read one by one.
            with suppress(InputError):
                found = dict(zip(whole, on_threads(self._read_column, whole), strict=True))
        return {name: self._taken(name, *(found.get(name) or self._read_column(name))) for name in names}

    def _read_column(self, name: str) -> tuple[Cleaned | FlagColumn, ReadableCount]:
        cleaned = clean_column(
            FIELDS[name],
            self.table.column(name),
            mapping=self._how.values.get(name),
            date_format=self._how.date_format.get(name),
            last_day=day_number(self._how.extract_date),
            times="midnight",
        )
        return cleaned, count_of(FIELDS[name], cleaned)

    def _taken(self, name: str, cleaned: Cleaned | FlagColumn, count: ReadableCount) -> Cleaned | FlagColumn:
        """A column that was read, its gaps filled where they say something; what was changed is listed."""
        self.readable[name], self.read[name] = count, cleaned
        self.problems += [(name, rows, reason) for rows, reason in cleaned.problems]
        if not cleaned.has_missing:
            return cleaned
        import numpy as np

        if isinstance(cleaned, FlagColumn):
            return FlagColumn(cleaned.column, absent=name in self._how.absent)
        if name in self._how.absent:
            # Only a value that was never given means absent; one that could not be read is missing.
            given = np.asarray(cleaned.present)
            present = np.ones_like(given)
            for rows, _ in cleaned.problems:
                present[rows] = given[rows]
            return Cleaned(cleaned.values, None if present.all() else present)
        if name == "objected":
            # Whoever wrote something that cannot be read may have objected: nobody is ranked on a guess.
            values, given = cleaned.values.copy(), np.array(cleaned.present)
            for rows, _ in self.unreadable(name):
                values[rows], given[rows] = 1, True
            return Cleaned(values, given)
        return cleaned

    def compare(self, cleaned: CleanedColumns) -> None:
        """Count what contradicts another column; the patient stays, but for a life that ended before it began."""
        for name, reason, rows, of in contradictions_of(cleaned, self._how.list_date):
            count = self.readable[name]
            self.readable[name] = count._replace(clashes={**count.clashes, reason: (len(rows), of)})
            if reason == BEFORE_BIRTH:
                self.ended_before_birth.append((name, rows))
            elif reason == BEFORE_JOINING and len(rows):
                self.problems.append((name, rows, reason))

    def forget_padding(self) -> None:
        """Leave texts that are all of one width out of what was changed: one note tells of them."""
        padded = {name for name, count in self.readable.items() if count.is_fixed_width}
        self.problems = [each for each in self.problems if each[0] not in padded or each[2] != OUTER_SPACES]

    def unreadable(self, name: str) -> list[tuple[npt.NDArray[np.int64], str]]:
        """(rows, reason) of a column's values that nobody can read; a date out of range can be."""
        return [
            (rows, reason)
            for column, rows, reason in self.problems
            if column == name and reason not in _READ and not is_out_of_range(reason)
        ]
