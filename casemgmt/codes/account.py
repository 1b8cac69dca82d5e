"""What became of every coded row: counted by fate, the rows to look at named, the codes in no list listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import array_of, column_of, rows_of, texts
from casemgmt.codes.codebook import BLANK, SOUND, CodeColumns
from casemgmt.codes.plan import Plan
from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# A source this long of which not one code can be read is of another system than it was said to be.
_HOPELESS_ROWS = 20


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
    without_code : no code at all
    without_patient : no patient id; reported
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
    _unmapped: list[tuple[Any, Any]] = field(default_factory=list)

    def add_codes(self, columns: CodeColumns) -> None:
        """Count the rows of one part by code and class of days."""
        import numpy as np

        rows, known, fates = columns.rows(), columns.known, self.fates
        status, sets = columns.status[:known], columns.sets[:known]
        by_code = rows[:, :known].sum(axis=0)
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

    def unmapped(self) -> Counter[str]:
        """Rows of each code that is in no list."""
        found: Counter[str] = Counter()
        for codes, rows in self._unmapped:
            for code, count in zip(codes.to_pylist(), rows.tolist(), strict=True):
                found[code] += count
        return found

    def report(self, rows: npt.NDArray[np.int64], name: str, reasons: list[str]) -> None:
        """Name rows to look at: source rows, the field, and the reason of each."""
        self.reported.append((rows, name, reasons))

    def check_hope(self) -> None:
        """Refuse a source in which not one code is a code of its system."""
        fates = self.fates
        sound = fates.used + fates.outside_lookback + fates.after_as_of + fates.undated + fates.unmapped
        if sound or fates.malformed < _HOPELESS_ROWS:
            return
        reason, _ = self.reasons.most_common(1)[0]
        raise InputError(
            f"Not one of {plural(fates.malformed, 'code')} is of the system '{self.system}' ({reason}). Give code "
            "lists of the system that the column holds, or read the column as text where the data is loaded."
        )


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
