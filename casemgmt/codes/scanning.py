"""One source's rows gathered into one row a patient: in patient order where they come so, in any order otherwise."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import array_of, numpy_of, rows_of, validity_of
from casemgmt.codes.codebook import FAULTY, CellTables, Codebook, CodeColumns
from casemgmt.codes.numbering import BLOCK_ROWS, Keys, KeyTable
from casemgmt.codes.plan import Plan
from casemgmt.register.columns import NO_DAY

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# A thread takes longer to start than these rows take to read.
_ROWS_A_THREAD = 1 << 20
_MOST_THREADS = 8


@dataclass(frozen=True, slots=True)
class Gathered:
    """What some rows say of the patients they name.

    Attributes
    ----------
    ids : each patient once, as an Arrow array; ascending where ``ordered``
    words : uint64, (words, patients)
    counts, latest : int32, (measures, patients)
    """

    ids: pa.Array
    words: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int32]
    latest: npt.NDArray[np.int32]
    ordered: bool


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

    patients: _Patients
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
    threads = max(1, min(count // _ROWS_A_THREAD, _MOST_THREADS, os.cpu_count() or 1))
    bounds = [count * k // threads for k in range(threads + 1)]
    listed = None if rows.values is None else _columns_of(rows.values, plan, codebook)

    def run(kind: Callable[[Plan, pa.Array], _Patients]) -> list[Part | None]:
        def gathered(start: int, stop: int) -> Part | None:
            part = rows.part(start, stop)
            codes = _Plain(part, plan, codebook) if listed is None else _Indexed(part.codes, listed.of_a_thread())
            return _scan_part(part, start, plan, codes, kind(plan, part.ids))

        if threads == 1:
            return [gathered(0, count)]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(gathered, bounds[:-1], bounds[1:]))

    found = run(_InOrder)
    dense = _dense_range(rows.ids) if None in found else None
    if None in found:
        found = run(_Hashed if dense is None else functools.partial(_Dense, bounds=dense))
    parts = [part for part in found if part is not None]
    if dense is not None:
        first = parts[0].patients
        assert isinstance(first, _Dense)  # noqa: S101  -- asked for above
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


def _scan_part(rows: Rows, first: int, plan: Plan, codes: _Indexed | _Plain, patients: _Patients) -> Part | None:
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
    return Part(patients, None if isinstance(patients, _Dense) else patients.result(), columns, faults)


class _Patients:
    """Numbers the patients of a part's rows, and holds what is gathered of each."""

    kernel = "gather"
    words: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int32]
    latest: npt.NDArray[np.int32]
    room = 0

    def __init__(self, plan: Plan, ids: pa.Array, room: int) -> None:
        import numpy as np

        self.plan, self.ids = plan, ids
        self.numbers = np.empty(min(BLOCK_ROWS, len(ids)), dtype=np.int32)
        self.block = self.numbers
        self.counted = np.array(plan.counted, dtype=bool)
        self._make_room(room)

    def _make_room(self, room: int) -> None:
        import numpy as np

        words = np.zeros((self.plan.words, room), dtype=np.uint64)
        counts = np.zeros((len(self.plan.measures), room), dtype=np.int32)
        latest = np.full((len(self.plan.measures), room), NO_DAY, dtype=np.int32)
        if self.room:
            words[:, : self.room] = self.words
            counts[:, : self.room] = self.counts
            latest[:, : self.room] = self.latest
        self.words, self.counts, self.latest, self.room = words, counts, latest, room

    def need(self, patients: int) -> None:
        """Make room for so many patients."""
        if patients > self.room:
            self._make_room(max(patients, 2 * self.room))

    def number(self, start: int, stop: int) -> bool:
        """Number the patients of a block of rows; False where that cannot be done this way."""
        raise NotImplementedError

    def result(self) -> Gathered:
        """What was gathered."""
        raise NotImplementedError

    def take_in(self, start: int, stop: int, cells: Any, tables: CellTables, days: Any) -> bool:
        """Number and gather a block of rows; False where that cannot be done this way."""
        if not self.number(start, stop):
            return False
        self.gather(cells, tables, days)
        return True

    def gather(self, cells: npt.NDArray[Any], tables: CellTables, days: npt.NDArray[np.int32] | None) -> None:
        """Take in a block of rows that have been numbered."""
        from casemgmt.codes import kernels

        masks = tables.masks, tables.flagged
        getattr(kernels, self.kernel)(cells, self.block, *masks, self.words, tables.tally)
        self.measure(cells, tables, days)

    def measure(self, cells: npt.NDArray[Any], tables: CellTables, days: npt.NDArray[np.int32] | None) -> None:
        """Count what is counted, and keep the latest days, of a block of rows that have been numbered."""
        import numpy as np

        from casemgmt.codes import kernels

        if len(self.plan.measures):
            days = np.full(len(cells), NO_DAY, dtype=np.int32) if days is None else days
            wanted = tables.starts, tables.features
            kernels.measure(cells, self.block, days, *wanted, self.counts, self.latest, self.counted)

    def _first(self, known: int, ids: pa.Array, *, ordered: bool) -> Gathered:
        return Gathered(ids, self.words[:, :known], self.counts[:, :known], self.latest[:, :known], ordered)


class _InOrder(_Patients):
    """Rows in ascending order of their patients' ids."""

    kernel = "gather_in_order"

    def __init__(self, plan: Plan, ids: pa.Array) -> None:
        import numpy as np

        self.keys = Keys(ids)
        # As many places as rows: memory that is never written is never taken.
        super().__init__(plan, ids, min(len(ids), 2 * BLOCK_ROWS) if plan.measures else len(ids))
        self.known, self.last = 0, np.zeros(self.keys.width, dtype=np.uint64)
        self.seen_at = np.empty(self.room, dtype=np.int64)

    def number(self, start: int, stop: int) -> bool:
        import numpy as np

        from casemgmt.codes.kernels import number_in_order

        self.need(self.known + stop - start)
        if len(self.seen_at) < self.room:
            self.seen_at = np.resize(self.seen_at, self.room)
        self.block = self.numbers[: stop - start]
        keys = self.keys.block(start, stop)
        self.known = number_in_order(keys, self.last, self.known, start, self.seen_at, self.block)
        return self.known >= 0

    def take_in(self, start: int, stop: int, cells: Any, tables: CellTables, days: Any) -> bool:
        if self.keys.width > 1 or self.plan.words > 1 or self.plan.measures:
            return super().take_in(start, stop, cells, tables, days)
        from casemgmt.codes.kernels import gather_one_word_in_order

        keys, words = self.keys.block(start, stop)[:, 0], self.words[0]
        found = tables.masks[0], words, tables.tally, self.last
        self.known = gather_one_word_in_order(keys, cells, *found, self.known, start, self.seen_at)
        return self.known >= 0

    def result(self) -> Gathered:
        return self._first(self.known, self.ids.take(rows_of(self.seen_at[: self.known])), ordered=True)


class _Hashed(_Patients):
    """Rows in any order: each id is looked up in a table."""

    def __init__(self, plan: Plan, ids: pa.Array) -> None:
        self.keys = Keys(ids)
        super().__init__(plan, ids, min(len(ids), 2 * BLOCK_ROWS))
        self.table = KeyTable(self.keys.width)

    def number(self, start: int, stop: int) -> bool:
        self.block = self.numbers[: stop - start]
        self.table.number(self.keys.block(start, stop), start, self.block)
        self.need(self.table.known)
        return True

    def result(self) -> Gathered:
        rows = self.table.seen_at[: self.table.known]
        return self._first(self.table.known, self.ids.take(rows_of(rows)), ordered=False)


def _dense_range(ids: pa.Array) -> tuple[int, int] | None:
    """The least and greatest of whole-number ids, where a place for each number between them is worth it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(ids.type) or not len(ids):
        return None
    extremes = pc.min_max(ids).as_py()
    least, most = extremes["min"], extremes["max"]
    return (least, most) if most - least < 2 * len(ids) and most < 2**62 else None


class _Dense(_Patients):
    """Rows in any order whose ids are whole numbers near to each other: the id says the place."""

    def __init__(self, plan: Plan, ids: pa.Array, bounds: tuple[int, int]) -> None:
        import numpy as np

        self.least = bounds[0]
        # Whole numbers below 2**62, of either sign.
        self.values = numpy_of(ids) if ids.type.bit_width < 64 else numpy_of(ids).view(np.int64)
        self.kind: pa.DataType = ids.type
        super().__init__(plan, ids, bounds[1] - bounds[0] + 1)
        self.named = np.zeros(self.room, dtype=np.uint8)

    def take_in(self, start: int, stop: int, cells: Any, tables: CellTables, days: Any) -> bool:
        import numpy as np

        from casemgmt.codes.kernels import gather_by_id

        ids, masks = self.values[start:stop], (tables.masks, tables.flagged)
        gather_by_id(cells, ids, self.least, *masks, self.words, self.named, tables.tally)
        if self.plan.measures:
            self.block = self.numbers[: stop - start]
            np.subtract(ids, self.least, out=self.block, casting="unsafe")
            self.measure(cells, tables, days)
        return True

    def absorb(self, other: _Patients) -> None:
        """Take in what another gathered of patients in the same places."""
        import numpy as np

        assert isinstance(other, _Dense)  # noqa: S101  -- threads do as one
        self.words |= other.words
        self.named |= other.named
        self.counts += other.counts
        np.maximum(self.latest, other.latest, out=self.latest)

    def result(self) -> Gathered:
        import numpy as np

        named = np.flatnonzero(self.named)
        ids = array_of((named + self.least).astype(self.values.dtype), self.kind)
        if len(named) == self.room:
            return Gathered(ids, self.words, self.counts, self.latest, True)
        return Gathered(ids, self.words[:, named], self.counts[:, named], self.latest[:, named], True)


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
        self._present = validity_of(rows.codes)
        self._keys = Keys(rows.codes)
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
