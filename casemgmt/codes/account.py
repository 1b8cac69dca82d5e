"""What became of every coded row: counted by fate, the rows to look at named, the codes in no list listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import array_of, column_of, numpy_of, rows_of, texts
from casemgmt.codes.codebook import BLANK, SOUND, CodeColumns
from casemgmt.codes.plan import Plan
from casemgmt.register.spellings import FEW_OF

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# Fewer codes than these say too little of a source's system to refuse it.
_HOPELESS_ROWS = FEW_OF
MISSING = "missing"
# The fates of rows that did not count for a fault of their own.
SET_ASIDE = ("undated", "malformed", "without_patient", "unsplit")


@dataclass(slots=True, kw_only=True)
class Fates:
    """Rows of one source by what became of them; each row stands under exactly one.

    Attributes
    ----------
    used : a code of a list, on a day that counts
    outside_lookback : a code of a list, before every look-back window of its conditions
    after_as_of : a code of a list, later than the list date
    undated : a code of a list, and no day that can be read
    unmapped : a sound code that is in no list
    malformed : a text that is no code of the system; reported
    without_code : no code at all: a blank, ``-``, ``&``, or a word for a missing value
    without_patient : no patient id, or one that a register refuses; reported
    unsplit : a line of a CSV file with more or fewer values than the header; reported
    """

    used: int = 0
    outside_lookback: int = 0
    after_as_of: int = 0
    undated: int = 0
    unmapped: int = 0
    malformed: int = 0
    without_code: int = 0
    without_patient: int = 0
    unsplit: int = 0

    @property
    def rows_in(self) -> int:
        """All of them."""
        return sum(getattr(self, each.name) for each in fields(self))


@dataclass(slots=True)
class ColumnTally:
    """How much of a column could be read, and why the rest could not.

    Attributes
    ----------
    rows : all of them
    read : those of which a value could be used
    reasons : the others that are not missing, by reason
    """

    rows: int = 0
    read: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, rows: int, read: int, faults: Iterable[tuple[Any, str]]) -> None:
        """Count one part of the column."""
        self.rows += rows
        self.read += read
        for places, reason in faults:
            if reason != MISSING:
                self.reasons[reason] += len(places)

    @property
    def unread(self) -> int:
        """Values that are not missing and could not be used."""
        return sum(self.reasons.values())

    @property
    def why(self) -> str:
        """The commonest reason."""
        return min(self.reasons, key=lambda reason: (-self.reasons[reason], reason), default="")


@dataclass(slots=True)
class SourceAccount:
    """Collects what became of one source's rows.

    Parameters
    ----------
    system : the coding system of the source
    plan : what is asked
    """

    system: str
    plan: Plan
    fates: Fates = field(default_factory=Fates)
    notes: Mapping[str, str] = field(default_factory=dict)
    reported: list[tuple[Any, str, list[str]]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    dates: ColumnTally = field(default_factory=ColumnTally)
    people: ColumnTally = field(default_factory=ColumnTally)
    _codes: list[tuple[Any, Any]] = field(default_factory=list)
    _unmapped: list[tuple[Any, Any]] = field(default_factory=list)

    def add_codes(self, columns: CodeColumns) -> None:
        """Count the rows of one part by code and class of days."""
        import numpy as np

        rows, known, fates = columns.rows(), columns.known, self.fates
        status, sets = columns.status[:known], columns.sets[:known]
        by_code = rows[:, :known].sum(axis=0)
        given = np.flatnonzero((status != BLANK) & (by_code > 0))
        self._codes.append((columns.texts().take(rows_of(given)), by_code[given]))
        fates.without_code += int(rows[:, -1].sum() + by_code[status == BLANK].sum())
        for code, reason in columns.faults():
            fates.malformed += int(by_code[code])
            self.reasons[reason] += int(by_code[code])
        unmapped = np.flatnonzero((status == SOUND) & (sets == 0) & (by_code > 0))
        fates.unmapped += int(by_code[unmapped].sum())
        if len(unmapped):
            self._unmapped.append((columns.texts().take(rows_of(unmapped)), by_code[unmapped]))
        mapped = sets > 0
        counting = np.array([self.plan.counts_in(names) for names in columns.codebook.sets])[sets[mapped]].T
        by_class = rows[:, :known][:, mapped]
        used = (by_class * counting).sum(axis=1)
        idle = by_class.sum(axis=1) - used
        fates.used += int(used.sum())
        fates.outside_lookback += int(idle[:-2].sum())
        fates.after_as_of += int(idle[-2])
        fates.undated += int(idle[-1])
        self.notes = columns.codebook.notes

    @property
    def codes(self) -> Counter[str]:
        """Rows of each code, whatever it is, for the question whose system it is."""
        return _added_up(self._codes)

    def add_counted(self, codes: Mapping[str, int], unmapped: Mapping[str, int]) -> None:
        """Take in rows that were counted elsewhere: of each code, and of each that is in no list."""
        import numpy as np

        for counts, parts in ((codes, self._codes), (unmapped, self._unmapped)):
            parts.append((texts(list(counts)), np.array(list(counts.values()), dtype=np.int64)))

    def unmapped(self) -> Counter[str]:
        """Rows of each code that is in no list."""
        return _added_up(self._unmapped)

    def report(self, rows: npt.NDArray[np.int64], name: str, reasons: list[str]) -> None:
        """Name rows to look at: source rows, the field, and the reason of each."""
        self.reported.append((rows, name, reasons))

    @property
    def can_be_judged(self) -> bool:
        """Whether there are enough codes to say whether they are of their system."""
        return sum(self.codes.values()) >= _HOPELESS_ROWS


def _added_up(parts: Sequence[tuple[pa.Array, npt.NDArray[np.int64]]]) -> Counter[str]:
    """Rows by code, of parts that give codes and the rows of each; in the order in which codes first come."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not parts:
        return Counter()
    codes = pa.chunked_array([pc.fill_null(part.cast(pa.large_string()), "") for part, _ in parts])
    found = codes.combine_chunks().dictionary_encode()
    by_row = np.concatenate([rows for _, rows in parts])
    rows = np.bincount(numpy_of(found.indices), by_row, minlength=len(found.dictionary)).astype(np.int64)
    return Counter(dict(zip(found.dictionary.to_pylist(), rows.tolist(), strict=True)))


def report_table(accounts: Sequence[SourceAccount]) -> pa.Table:
    """The rows to look at, by source and row: system, source_row (from 0), field, reason."""
    import numpy as np
    import pyarrow as pa

    systems, rows, names, reasons = [], [np.zeros(0, dtype=np.int64)], [], []
    for account in accounts:
        found = [
            (int(row), name, why) for at, name, whys in account.reported for row, why in zip(at, whys, strict=True)
        ]
        found.sort()
        systems += [account.system] * len(found)
        rows.append(np.array([row for row, _, _ in found], dtype=np.int64))
        names += [name for _, name, _ in found]
        reasons += [why for _, _, why in found]
    columns = [texts(systems), array_of(np.concatenate(rows), pa.int64()), texts(names), texts(reasons)]
    return pa.table(columns, names=["system", "source_row", "field", "reason"])


def unmapped_table(accounts: Sequence[SourceAccount]) -> pa.Table:
    """The codes in no list, the most frequent first: system, code, rows, note."""
    import pyarrow as pa

    found = sorted(
        (-rows, account.system, code, account.notes.get(code))
        for account in accounts
        for code, rows in account.unmapped().items()
    )
    return pa.table(
        {
            "system": texts([system for _, system, _, _ in found]),
            "code": texts([code for _, _, code, _ in found]),
            "rows": column_of([-rows for rows, _, _, _ in found], pa.int64()),
            "note": texts([note for _, _, _, note in found]),
        }
    )


def account_table(accounts: Sequence[SourceAccount]) -> pa.Table:
    """A row a source: its system, the rows in, and the rows of each fate."""
    import pyarrow as pa

    names = [each.name for each in fields(Fates)]
    columns: dict[str, Any] = {"system": texts([account.system for account in accounts])}
    columns["rows_in"] = column_of([account.fates.rows_in for account in accounts], pa.int64())
    for name in names:
        columns[name] = column_of([getattr(account.fates, name) for account in accounts], pa.int64())
    return pa.table(columns)


class OfSources:
    """What became of the rows of every source, of whatever was derived from them."""

    __slots__ = ()
    sources: tuple[SourceAccount, ...]

    @property
    def account(self) -> pa.Table:
        """A row a source: system, rows_in, and the rows of each of the fates, which add up to them."""
        return account_table(self.sources)

    @property
    def unmapped(self) -> pa.Table:
        """The codes that are in no list, the most frequent first: system, code, rows, note."""
        return unmapped_table(self.sources)

    @property
    def set_aside(self) -> dict[str, int]:
        """Rows that did not count for a fault of their own, by what it was."""
        return {name: sum(self.account.column(name).to_pylist()) for name in SET_ASIDE}
