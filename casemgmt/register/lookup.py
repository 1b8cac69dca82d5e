"""Look-up tables over a packed register: one table for each chunk of bits, byte or number that a question depends on.

A score is the *sum* of the entries met, a set of conditions their bitwise *and*. Both are compiled here into the same
shape, which the kernels (and their NumPy twin) walk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from casemgmt.register.fields import FIELDS
from casemgmt.register.packing import CHUNK_BITS, Packed, Rows, Slot, Value

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# What tables hold, sums or sets of bits, and how two of them become one: ``np.add`` or ``np.bitwise_and``.
Answers: TypeAlias = "npt.NDArray[np.integer]"
Combine: TypeAlias = "np.ufunc"
_Key = TypeVar("_Key")

CHUNK_ENTRIES = 1 << CHUNK_BITS


class Columns(NamedTuple):
    """The arrays that tables are looked up by; see :class:`~casemgmt.register.packing.Packed`.

    ``extra`` is (columns, rows): cells worked out for one question, such as an age on another date.
    """

    words: npt.NDArray[np.uint64]
    bytes: npt.NDArray[np.uint8]
    shorts: npt.NDArray[np.uint16]
    extra: npt.NDArray[np.int32]


class Tables(NamedTuple):
    """The tables of one question, and the columns they belong to.

    ``word_rows`` and ``word_shifts`` say which chunk of which word each row of ``word_tables`` (2,048 entries)
    answers for; ``byte_rows`` and ``short_rows`` do so for ``byte_tables`` (256) and ``short_tables`` (65,536);
    ``extra_tables`` has one row for each row of ``extra``. ``base`` is the value before any table.
    """

    base: np.integer
    word_rows: npt.NDArray[np.int64]
    word_shifts: npt.NDArray[np.int64]
    word_tables: Answers
    byte_rows: npt.NDArray[np.int64]
    byte_tables: Answers
    short_rows: npt.NDArray[np.int64]
    short_tables: Answers
    extra_tables: Answers


def answers_by_code(name: str, slot: Slot, answer: Callable[[Value], int]) -> npt.NDArray[np.int64]:
    """What ``answer`` says of each code of a packed field; codes that do not occur are answered as missing (None)."""
    import numpy as np

    if slot.group == "word":
        values = dict(enumerate(slot.values))
        codes = 1 << slot.width
    else:
        field = FIELDS[name]
        values = {code: code for code in range(field.least, field.most + 1)}
        codes = 256 if slot.group == "byte" else 65_536
    answers = np.full(codes, answer(None), dtype=np.int64)
    answers[list(values)] = [answer(value) for value in values.values()]
    return answers


class TableBuilder:
    """Collects the answers of single columns and combines them into chunk tables.

    Parameters
    ----------
    packed : where the columns lie
    dtype : of the tables
    combine : ``np.add`` or ``np.bitwise_and``
    base : the value before any table
    """

    def __init__(self, packed: Packed, dtype: type[np.integer], combine: Combine, base: int) -> None:
        import numpy as np

        self._packed, self._combine = packed, combine
        self._dtype = np.dtype(dtype)
        self._neutral = 0 if combine is np.add else np.iinfo(self._dtype).max
        self._base = base
        self._chunks: dict[tuple[int, int], Answers] = {}
        self._bytes: dict[int, Answers] = {}
        self._shorts: dict[int, Answers] = {}
        self._extra: list[npt.NDArray[np.int32]] = []
        self._extra_tables: list[Answers] = []

    def add_field(self, name: str, answers: Sequence[int] | npt.NDArray[np.int64]) -> None:
        """Answer for a packed field: one whole number for each of its codes."""
        import numpy as np

        slot = self._packed.slots[name]
        table = np.array(answers, dtype=self._dtype)
        if slot.group == "word":
            within = np.arange(CHUNK_ENTRIES) >> (slot.shift % CHUNK_BITS)
            table = table[within & ((1 << slot.width) - 1)]
            self._merge(self._chunks, (slot.row, slot.chunk * CHUNK_BITS), table)
        else:
            self._merge(self._bytes if slot.group == "byte" else self._shorts, slot.row, table)

    def add_cells(self, cells: npt.NDArray[np.int32], answers: Sequence[int]) -> None:
        """Answer for a column worked out for this question: the cell of each packed row, one answer a cell."""
        import numpy as np

        self._extra.append(cells)
        self._extra_tables.append(np.array(answers, dtype=self._dtype))

    def _merge(self, tables: dict[_Key, Answers], key: _Key, table: Answers) -> None:
        tables[key] = self._combine(tables[key], table) if key in tables else table

    def build(self) -> tuple[Columns, Tables]:
        """The columns to walk and the tables to look up."""
        import numpy as np

        packed = self._packed
        widest = max((len(table) for table in self._extra_tables), default=1)
        extra_tables = np.full((len(self._extra), widest), self._neutral, dtype=self._dtype)
        for row, table in enumerate(self._extra_tables):
            extra_tables[row, : len(table)] = table
        extra = np.stack(self._extra) if self._extra else np.empty((0, packed.rows), dtype=np.int32)
        places = sorted(self._chunks)
        tables = Tables(
            base=self._dtype.type(self._base),
            word_rows=np.array([row for row, _ in places], dtype=np.int64),
            word_shifts=np.array([shift for _, shift in places], dtype=np.int64),
            word_tables=self._stack([self._chunks[place] for place in places], CHUNK_ENTRIES),
            byte_rows=np.array(sorted(self._bytes), dtype=np.int64),
            byte_tables=self._stack([self._bytes[row] for row in sorted(self._bytes)], 256),
            short_rows=np.array(sorted(self._shorts), dtype=np.int64),
            short_tables=self._stack([self._shorts[row] for row in sorted(self._shorts)], 65_536),
            extra_tables=extra_tables,
        )
        return Columns(packed.words, packed.bytes, packed.shorts, extra), tables

    def _stack(self, tables: Sequence[Answers], entries: int) -> Answers:
        import numpy as np

        return np.stack(tables) if tables else np.empty((0, entries), dtype=self._dtype)


def look_up(columns: Columns, tables: Tables, combine: Combine, rows: Rows) -> Answers:
    """Combine the entries met by some rows: the NumPy twin of the compiled kernels."""
    import numpy as np

    out = np.full(
        rows.stop - rows.start if isinstance(rows, slice) else len(rows), tables.base, dtype=tables.word_tables.dtype
    )
    for row, shift, table in zip(tables.word_rows, tables.word_shifts, tables.word_tables, strict=True):
        codes = (columns.words[row, rows] >> np.uint64(shift)) & np.uint64(CHUNK_ENTRIES - 1)
        combine(out, table[codes.astype(np.intp)], out=out)
    for row, table in zip(tables.byte_rows, tables.byte_tables, strict=True):
        combine(out, table[columns.bytes[row, rows]], out=out)
    for row, table in zip(tables.short_rows, tables.short_tables, strict=True):
        combine(out, table[columns.shorts[row, rows]], out=out)
    for row, table in zip(columns.extra, tables.extra_tables, strict=True):
        combine(out, table[row[rows]], out=out)
    return out
