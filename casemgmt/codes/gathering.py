"""What the rows of one thread say of each patient, gathered in the way that the order of the rows allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import array_of, numpy_of, rows_of
from casemgmt.codes.codebook import CellTables
from casemgmt.codes.plan import Plan
from casemgmt.register.columns import NO_DAY
from casemgmt.texts.numbering import BLOCK_ROWS, Keys

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


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


class Patients:
    """Numbers the patients of a part's rows, and holds what is gathered of each."""

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
        from casemgmt.codes.kernels import gather

        gather(cells, self.block, tables.masks, tables.flagged, self.words, tables.tally)
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


class InOrder(Patients):
    """Rows in ascending order of their patients' ids."""

    def __init__(self, plan: Plan, ids: pa.Array) -> None:
        import numpy as np
        import pyarrow as pa

        self.keys = Keys(ids)
        # As many places as rows: memory that is never written is never taken.
        super().__init__(plan, ids, min(len(ids), 2 * BLOCK_ROWS) if plan.measures else len(ids))
        self.known, self.last = 0, np.zeros(self.keys.width, dtype=np.uint64)
        # Of a patient a whole-number id is kept itself, and of a text the row that holds it.
        self.are_numbers = pa.types.is_integer(ids.type)
        self.kept = np.empty(self.room, dtype=np.int64)
        self.rows = np.arange(min(BLOCK_ROWS, len(ids)))

    def number(self, start: int, stop: int) -> bool:
        """See :class:`Patients`."""
        import numpy as np

        from casemgmt.texts.key_kernels import number_in_order

        self.need(self.known + stop - start)
        if len(self.kept) < self.room:
            self.kept = np.resize(self.kept, self.room)
        self.block = self.numbers[: stop - start]
        keys = self.keys.block(start, stop)
        marks = keys[:, 0].view(np.int64) if self.are_numbers else self.rows[: stop - start] + start
        self.known = number_in_order(keys, marks, self.last, self.known, self.kept, self.block)
        return self.known >= 0

    def result(self) -> Gathered:
        """See :class:`Patients`."""
        kept = self.kept[: self.known]
        if not self.are_numbers:
            return self._first(self.known, self.ids.take(rows_of(kept)), ordered=True)
        # Keys have no sign, so that numbers below 0 come last.
        return self._first(self.known, array_of(kept, self.ids.type), ordered=not len(kept) or kept[-1] >= 0)


def dense_range(ids: pa.Array, beside: Dense | None = None) -> tuple[int, int] | None:
    """The least and greatest of whole-number ids, where a place for each number between them is worth it.

    ``beside`` holds the places of earlier rows, among which those of few rows are worth it, too.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(ids.type) or not len(ids):
        return None
    extremes = pc.min_max(ids).as_py()
    least, most = extremes["min"], extremes["max"]
    spread = most - least
    if beside is not None and spread >= 2 * len(ids):
        spread = max(most, beside.bounds[1]) - min(least, beside.bounds[0]) - 2 * beside.rows
    return (least, most) if spread < 2 * len(ids) and most < 2**62 else None


class Dense(Patients):
    """Rows in any order whose ids are whole numbers near to each other: the id says the place."""

    def __init__(self, plan: Plan, ids: pa.Array, bounds: tuple[int, int]) -> None:
        import numpy as np

        self.least = bounds[0]
        # Whole numbers below 2**62, of either sign.
        self.values = numpy_of(ids) if ids.type.bit_width < 64 else numpy_of(ids).view(np.int64)
        self.kind: pa.DataType = ids.type
        self.rows = len(ids)
        super().__init__(plan, ids, bounds[1] - bounds[0] + 1)
        self.named = np.zeros(self.room, dtype=np.uint8)

    def take_in(self, start: int, stop: int, cells: Any, tables: CellTables, days: Any) -> bool:
        """See :class:`Patients`."""
        import numpy as np

        from casemgmt.codes.kernels import gather_by_id

        ids, masks = self.values[start:stop], (tables.masks, tables.flagged)
        gather_by_id(cells, ids, self.least, *masks, self.words, self.named, tables.tally)
        if self.plan.measures:
            self.block = self.numbers[: stop - start]
            np.subtract(ids, self.least, out=self.block, casting="unsafe")
            self.measure(cells, tables, days)
        return True

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and greatest id that there is a place for."""
        return self.least, self.least + self.room - 1

    def absorb(self, other: Dense) -> None:
        """Take in what another gathered of patients all of whom have a place here."""
        import numpy as np

        own = slice(other.least - self.least, other.least - self.least + other.room)
        self.words[:, own] |= other.words
        self.named[own] |= other.named
        self.counts[:, own] += other.counts
        self.latest[:, own] = np.maximum(self.latest[:, own], other.latest)

    def joined(self, other: Dense) -> Dense | None:
        """Both as one, where a place for each number between them is worth it; None elsewhere."""
        import pyarrow as pa

        least, most = min(self.least, other.least), max(self.bounds[1], other.bounds[1])
        if self.kind != other.kind or most - least >= 2 * (self.rows + other.rows):
            return None
        if (least, most) == self.bounds:
            both = self
        else:
            both = Dense(self.plan, pa.nulls(0, self.kind), (least, most))
            both.absorb(self)
            both.rows = self.rows
        both.absorb(other)
        both.rows += other.rows
        return both

    def result(self) -> Gathered:
        """See :class:`Patients`."""
        import numpy as np

        from casemgmt.codes.kernels import close_up

        named = int(np.count_nonzero(self.named))
        ids, words = np.empty(named, dtype=np.int64), np.empty((self.plan.words, named), dtype=np.uint64)
        close_up(self.named, self.least, self.words, ids, words)
        counts, latest = self.counts, self.latest
        if self.plan.measures:
            places = np.flatnonzero(self.named)
            counts, latest = counts[:, places], latest[:, places]
        return Gathered(array_of(ids, self.kind), words, counts[:, :named], latest[:, :named], True)
