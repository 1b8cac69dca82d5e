"""One source's rows gathered into one row a patient: in patient order where they come so, in any order otherwise."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import rows_of, validity_of
from casemgmt.codes.by_id import Named, PatientsById, id_hashes
from casemgmt.codes.codebook import FAULTY, Codebook, CodeColumns
from casemgmt.codes.events import shortened
from casemgmt.codes.gathering import Dense, Gathered, InOrder, Patients, dense_range
from casemgmt.codes.merging import Merger
from casemgmt.codes.plan import Plan
from casemgmt.texts.numbering import BLOCK_ROWS, Keys, KeyTable, LongTextError
from casemgmt.threads import on_threads, threads_for

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


# Of longer ids, fewer rows are worth a thread.
_BYTES_OF_AN_ID = 16


class Rows(NamedTuple):
    """Some rows of a source, every patient id given.

    ``hashes`` are those of the ids, where they were worked out. ``codes`` are row indices where ``values`` (the
    distinct codes) is given, else an Arrow column of text. ``days`` is None where the source has no dates.
    """

    ids: pa.Array
    hashes: npt.NDArray[np.uint64] | None
    codes: Any
    values: pa.Array | None
    days: npt.NDArray[np.int32] | None

    def part(self, start: int, stop: int) -> Rows:
        """The rows from ``start`` to ``stop``."""
        codes = self.codes[start:stop] if self.values is not None else self.codes.slice(start, stop - start)
        days = None if self.days is None else self.days[start:stop]
        hashes = None if self.hashes is None else self.hashes[start:stop]
        return Rows(self.ids.slice(start, stop - start), hashes, codes, self.values, days)


class Faults(NamedTuple):
    """Rows (int64, within what was scanned) that hold a code that is none, and each one's reason."""

    rows: npt.NDArray[np.int64]
    reasons: Sequence[str]


class Part(NamedTuple):
    """What one thread found: its patients and what is said of them, its codes, and the rows to report."""

    patients: Patients
    columns: CodeColumns
    faults: list[Faults]


class Scanned(NamedTuple):
    """What became of some rows: what they say of patients, the rows of each code, and the rows to report."""

    gathered: list[Gathered | Dense]
    columns: list[CodeColumns]
    faults: list[Faults]


def scan(rows: Rows, plan: Plan, codebook: Codebook, merger: Merger) -> Scanned:
    """Gather rows, on as many threads as are worth it; ``merger`` takes in patients of rows that are in no order."""
    count = len(rows.ids)
    threads = threads_for(max(count, rows.ids.nbytes // _BYTES_OF_AN_ID))
    bounds = [(count * k // threads, count * (k + 1) // threads) for k in range(threads)]
    listed = None if rows.values is None else codebook.columns_of(rows.values, plan)

    def codes_of(part: Rows) -> _Indexed | _Plain:
        return _Plain(part, plan, codebook) if listed is None else _Indexed(part.codes, listed.of_a_thread())

    def run(kind: Callable[[Plan, pa.Array], Patients]) -> list[Part | None]:
        def gathered(bound: tuple[int, int]) -> Part | None:
            part = rows.part(*bound)
            return _scan_part(part, bound[0], plan, codes_of(part), kind(plan, part.ids))

        return on_threads(gathered, bounds, threads)

    # Rows after some that were in no order are not tried again.
    found = [None] * threads if merger.is_by_id else run(InOrder)
    dense = dense_range(rows.ids, merger.dense) if None in found else None
    if None in found and dense is None:
        return _scan_by_id(rows, bounds, plan, codes_of, merger.by_id(count))
    if dense is not None:
        found = run(functools.partial(Dense, bounds=dense))
    parts = [part for part in found if part is not None]
    return Scanned(
        [part.patients if isinstance(part.patients, Dense) else part.patients.result() for part in parts],
        _joined([part.columns for part in parts]),
        [each for part in parts for each in part.faults],
    )


def _scan_by_id(
    rows: Rows,
    bounds: Sequence[tuple[int, int]],
    plan: Plan,
    codes_of: Callable[[Rows], _Indexed | _Plain],
    patients: PatientsById,
) -> Scanned:
    """Gather rows in any order, each patient found by the id."""
    hashes = id_hashes(rows.ids) if rows.hashes is None else rows.hashes

    def named(bound: tuple[int, int]) -> tuple[Named, CodeColumns, list[Faults]]:
        part = rows.part(*bound)
        codes = codes_of(part)
        code, columns = codes.every(), codes.columns
        if part.days is None:
            cells, tables = code, columns.tables(plan.classes - 1)
        else:
            cells, tables = _cells(code, part.days, plan, columns), columns.tables(0)
        own = Named(part.ids, hashes[slice(*bound)], cells, tables, part.days if plan.measures else None)
        return own, columns, _faults(code, columns, bound[0])

    found = on_threads(named, bounds, len(bounds))
    patients.take_rows([own for own, _, _ in found])
    columns = _joined([own for _, own, _ in found])
    return Scanned([], columns, [each for _, _, faults in found for each in faults])


def _joined(columns: list[CodeColumns]) -> list[CodeColumns]:
    """The columns of some threads, as one where their codes are the same."""
    for other in columns[1:]:
        if not columns[0].shares_codes(other):
            return columns
    for other in columns[1:]:
        columns[0].tally += other.tally
    return columns[:1]


def _scan_part(rows: Rows, first: int, plan: Plan, codes: _Indexed | _Plain, patients: Patients) -> Part | None:
    """Gather one thread's rows, block by block; None where they had to be in order and were not."""
    columns = codes.columns
    faults: list[Faults] = []
    for start in range(0, len(rows.ids), BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, len(rows.ids))
        code = codes.block(start, stop)
        if rows.days is None:
            cell, days, tables = code, None, columns.tables(plan.classes - 1)
        else:
            days, tables = rows.days[start:stop], columns.tables(0)
            cell = _cells(code, days, plan, columns)
        if not patients.take_in(start, stop, cell, tables, days):
            return None
        faults += _faults(code, columns, first + start)
    return Part(patients, columns, faults)


def _cells(
    code: npt.NDArray[Any], days: npt.NDArray[np.int32], plan: Plan, columns: CodeColumns
) -> npt.NDArray[np.int32]:
    """The cell of each row: its code and the class of its day."""
    import numpy as np

    from casemgmt.codes.kernels import cells_of

    cells = np.empty(len(code), dtype=np.int32)
    cells_of(code, days, np.array(plan.edges, dtype=np.int32), plan.as_of, columns.stride - 1, cells)
    return cells


def _faults(code: npt.NDArray[Any], columns: CodeColumns, first: int) -> list[Faults]:
    """The rows to report among those from ``first`` on."""
    import numpy as np

    if not columns.faulty:
        return []
    places = np.flatnonzero(columns.status[code] == FAULTY)
    return [Faults(places + first, [columns.fault(each) for each in code[places].tolist()])] if len(places) else []


class _Indexed:
    """Codes that came as indices into their distinct values."""

    def __init__(self, codes: npt.NDArray[Any], columns: CodeColumns) -> None:
        self.columns, self._codes = columns, codes

    def block(self, start: int, stop: int) -> npt.NDArray[Any]:
        """The code of each row of a block."""
        code: npt.NDArray[Any] = self._codes[start:stop]
        return code

    def every(self) -> npt.NDArray[Any]:
        """The code of every row."""
        return self._codes


class _Plain:
    """Codes that came as text, numbered as they are met."""

    def __init__(self, rows: Rows, plan: Plan, codebook: Codebook) -> None:
        import numpy as np

        self.columns = CodeColumns(plan, codebook, 1023)
        self._column = rows.codes
        try:
            self._keys = Keys(self._column)
        except LongTextError:
            self._column = shortened(self._column)
            self._keys = Keys(self._column)
        self._present = validity_of(rows.codes)
        self._table = KeyTable(self._keys.width)
        self._rows = len(rows.ids)
        self._codes = np.empty(min(BLOCK_ROWS, self._rows), dtype=np.int32)

    def block(self, start: int, stop: int) -> npt.NDArray[Any]:
        """The code of each row of a block."""
        import numpy as np

        code = self._codes[: stop - start]
        before = self._table.known
        self._table.number_column(self._keys, start, stop, code)
        if self._table.known > before:
            self.columns.extend(self._column.take(rows_of(self._table.seen_at[before : self._table.known])))
        if self._present is not None:
            code = np.where(self._present[start:stop], code, np.int32(self.columns.no_code))
        return code

    def every(self) -> npt.NDArray[Any]:
        """The code of every row."""
        import numpy as np

        codes, no_code = np.empty(self._rows, dtype=np.int32), self.columns.no_code
        for start in range(0, self._rows, BLOCK_ROWS):
            codes[start : start + BLOCK_ROWS] = self.block(start, min(start + BLOCK_ROWS, self._rows))
        # The number that stands for no code moves where more codes are met than there was room for.
        if self._present is not None and self.columns.no_code != no_code:
            codes[~self._present] = self.columns.no_code
        return codes
