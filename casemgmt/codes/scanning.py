"""One source's rows gathered into one row a patient: in patient order where they come so, in any order otherwise."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import rows_of, validity_of
from casemgmt.codes.codebook import FAULTY, Codebook, CodeColumns
from casemgmt.codes.events import shortened
from casemgmt.codes.gathering import Dense, Gathered, Hashed, InOrder, Patients, dense_range
from casemgmt.codes.plan import Plan
from casemgmt.texts.numbering import BLOCK_ROWS, Keys, KeyTable, LongTextError
from casemgmt.threads import threads_for

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


class Rows(NamedTuple):
    """Some rows of a source, every patient id given.

    ``codes`` are row indices where ``values`` (the distinct codes) is given, else an Arrow column of text. ``days`` is
    None where the source has no dates.
    """

    ids: pa.Array
    codes: Any
    values: pa.Array | None
    days: npt.NDArray[np.int32] | None

    def part(self, start: int, stop: int) -> Rows:
        """The rows from ``start`` to ``stop``."""
        codes = self.codes[start:stop] if self.values is not None else self.codes.slice(start, stop - start)
        days = None if self.days is None else self.days[start:stop]
        return Rows(self.ids.slice(start, stop - start), codes, self.values, days)


class Faults(NamedTuple):
    """Rows (int64, within what was scanned) that hold a code that is none, and each one's reason."""

    rows: npt.NDArray[np.int64]
    reasons: Sequence[str]


class Part(NamedTuple):
    """What one thread found: its patients, what is said of them, its codes with their rows, and the rows to report."""

    patients: Patients
    gathered: Gathered | None
    columns: CodeColumns
    faults: list[Faults]


class Scanned(NamedTuple):
    """What became of some rows: what they say of patients, the rows of each code, and the rows to report."""

    gathered: list[Gathered]
    columns: list[CodeColumns]
    faults: list[Faults]


def scan(rows: Rows, plan: Plan, codebook: Codebook) -> Scanned:
    """Gather rows, on as many threads as are worth it."""
    count = len(rows.ids)
    threads = threads_for(count)
    bounds = [count * k // threads for k in range(threads + 1)]
    listed = None if rows.values is None else _columns_of(rows.values, plan, codebook)

    def gathered(kind: Callable[[Plan, pa.Array], Patients], start: int, stop: int) -> Part | None:
        part = rows.part(start, stop)
        codes = _Plain(part, plan, codebook) if listed is None else _Indexed(part.codes, listed.of_a_thread())
        return _scan_part(part, start, plan, codes, kind(plan, part.ids))

    def run(kind: Callable[[Plan, pa.Array], Patients]) -> list[Part | None]:
        if threads == 1:
            return [gathered(kind, 0, count)]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(functools.partial(gathered, kind), bounds[:-1], bounds[1:]))

    found = run(InOrder)
    dense = dense_range(rows.ids) if None in found else None
    if None in found and dense is not None:
        found = run(functools.partial(Dense, bounds=dense))
    elif None in found:
        # One table of all patients: to join a table of each thread would take as long as the threads save.
        found = [gathered(Hashed, 0, count)]
    parts = [part for part in found if part is not None]
    if dense is not None:
        first = parts[0].patients
        assert isinstance(first, Dense)  # noqa: S101  -- asked for above
        for part in parts[1:]:
            first.absorb(part.patients)
    return Scanned(
        [part.gathered or part.patients.result() for part in (parts if dense is None else parts[:1])],
        [part.columns for part in parts],
        [each for part in parts for each in part.faults],
    )


def _columns_of(values: pa.Array, plan: Plan, codebook: Codebook) -> CodeColumns:
    """The codes of a column that came with its distinct values."""
    columns = CodeColumns(plan, codebook, len(values))
    columns.extend(values)
    return columns


def _scan_part(rows: Rows, first: int, plan: Plan, codes: _Indexed | _Plain, patients: Patients) -> Part | None:
    """Gather one thread's rows, block by block; None where they had to be in order and were not."""
    import numpy as np

    from casemgmt.codes.kernels import cells_of

    columns = codes.columns
    edges = np.array(plan.edges, dtype=np.int32)
    cells = np.empty(min(BLOCK_ROWS, len(rows.ids)), dtype=np.int32)
    faults: list[Faults] = []
    for start in range(0, len(rows.ids), BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, len(rows.ids))
        code = codes.block(start, stop)
        if rows.days is None:
            cell, days, tables = code, None, columns.tables(plan.classes - 1)
        else:
            cell, days, tables = cells[: stop - start], rows.days[start:stop], columns.tables(0)
            cells_of(code, days, edges, plan.as_of, columns.stride - 1, cell)
        if not patients.take_in(start, stop, cell, tables, days):
            return None
        if columns.faulty and (bad := columns.status[code] == FAULTY).any():
            places = np.flatnonzero(bad)
            faults.append(Faults(places + (first + start), [columns.fault(each) for each in code[places].tolist()]))
    return Part(patients, None if isinstance(patients, Dense) else patients.result(), columns, faults)


class _Indexed:
    """Codes that came as indices into their distinct values."""

    def __init__(self, codes: npt.NDArray[Any], columns: CodeColumns) -> None:
        self.columns, self._codes = columns, codes

    def block(self, start: int, stop: int) -> npt.NDArray[Any]:
        """The code of each row of a block."""
        code: npt.NDArray[Any] = self._codes[start:stop]
        return code


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
        self._codes = np.empty(min(BLOCK_ROWS, len(rows.ids)), dtype=np.int32)

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
