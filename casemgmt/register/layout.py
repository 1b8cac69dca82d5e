"""Where each field of a register is packed, and the packing itself: columns in, words and bytes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.compiling import pays
from casemgmt.register.cleaning import Cleaned, FlagColumn
from casemgmt.register.fields import FALSE_WHEN_MISSING, FIELDS
from casemgmt.register.packing import (
    BYTE_MISSING,
    CHUNK_BITS,
    CHUNKS_PER_WORD,
    FLAG_MISSING,
    SHORT_MISSING,
    Slot,
    Value,
)
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A column read, or one code for every row.
Column = Cleaned | FlagColumn | int

_LAST_CHUNK = 64 - (CHUNKS_PER_WORD - 1) * CHUNK_BITS
# Rows packed at a time by one thread: the bits of every column for so many rows stay in the second-level cache.
_BLOCK = 65_536


class Layout:
    """Gives out places for fields: bits of words, bytes, or shorts."""

    def __init__(self) -> None:
        self.slots: dict[str, Slot] = {}
        self._used: list[int] = []
        self.bytes = self.shorts = 0

    @property
    def words(self) -> int:
        """How many words a row needs."""
        return -(-len(self._used) // CHUNKS_PER_WORD)

    def add(self, name: str, nullable: bool) -> None:
        """A place for a field; ``nullable`` where a flag may be missing."""
        field = FIELDS[name]
        match field.kind:
            case "flag" if nullable and name not in FALSE_WHEN_MISSING:
                self.add_bits(name, 2, (False, True, None), FLAG_MISSING)
            case "flag":
                self.add_bits(name, 1, (False, True), None)
            case "category":
                unknown = field.missing if field.missing in field.allowed else None  # a missing sex is read as U
                self.add_bits(name, len(field.allowed).bit_length(), (unknown, *field.allowed), 0)
            case _ if field.least >= 1 and field.most < 16:
                self.add_bits(name, field.most.bit_length(), (None, *range(1, field.most + 1)), 0)
            case _ if field.most < BYTE_MISSING:
                self.slots[name] = Slot("byte", self.bytes, missing=BYTE_MISSING)
                self.bytes += 1
            case _:
                self.slots[name] = Slot("short", self.shorts, missing=SHORT_MISSING)
                self.shorts += 1

    def add_bits(self, name: str, width: int, values: tuple[Value, ...], missing: int | None) -> None:
        """A place of ``width`` bits, in the current chunk or, where it does not fit, the next."""
        last = len(self._used) - 1
        room = CHUNK_BITS if last % CHUNKS_PER_WORD < CHUNKS_PER_WORD - 1 else _LAST_CHUNK
        if last < 0 or self._used[last] + width > room:
            self._used.append(0)
            last += 1
        word, chunk = divmod(last, CHUNKS_PER_WORD)
        self.slots[name] = Slot("word", word, chunk * CHUNK_BITS + self._used[last], width, values, missing)
        self._used[last] += width


class PackedRows(NamedTuple):
    """Packed rows in source order; see :class:`~casemgmt.register.packing.Packed`."""

    words: npt.NDArray[np.uint64]
    bytes: npt.NDArray[np.uint8]
    shorts: npt.NDArray[np.uint16]


def pack_rows(layout: Layout, columns: Mapping[str, Column], rows: int, threads: int | None = None) -> PackedRows:
    """Pack columns in the order in which they came."""
    import numpy as np

    out = PackedRows(
        np.empty((layout.words, rows), dtype=np.uint64),
        np.empty((layout.bytes, rows), dtype=np.uint8),
        np.empty((layout.shorts, rows), dtype=np.uint16),
    )
    fields = [(layout.slots[name], column) for name, column in columns.items()]
    words = [each for each in fields if each[0].group == "word"]
    if not pays(rows):
        out.words[:] = 0
        for slot, column in words:
            out.words[slot.row] |= _codes(slot, column, slice(None)).astype(np.uint64) << np.uint64(slot.shift)
        _fill_beside(out, fields, slice(None))
    else:
        _fill_in_blocks(out, fields, threads)
    return out


def _fill_beside(out: PackedRows, fields: Sequence[tuple[Slot, Column]], rows: slice) -> None:
    """Fill some rows of what has a byte or two to itself."""
    for slot, column in fields:
        if slot.group != "word":
            into = out.bytes if slot.group == "byte" else out.shorts
            into[slot.row, rows] = _codes(slot, column, rows)


def _codes(slot: Slot, column: Column, rows: slice) -> npt.NDArray[np.integer]:
    """The code of each row of a column."""
    import numpy as np

    if isinstance(column, int):
        return np.array([column])
    values, present = column.values[rows], column.present
    if present is None:
        return values
    missing = 0 if slot.missing is None else slot.missing
    return np.where(present[rows], values, np.asarray(missing, dtype=np.result_type(values.dtype, np.uint16)))


def _fill_in_blocks(out: PackedRows, fields: list[tuple[Slot, Column]], threads: int | None) -> None:
    """Fill a block of rows at a time: the bits of whole flag columns are turned, other codes are shifted in."""
    import numpy as np

    from casemgmt.register.bit_kernels import shift_in, turn_bits

    words, rows = out.words, out.words.shape[1]
    flags = [(slot, column.planes()) for slot, column in fields if isinstance(column, FlagColumn)]
    same = [(slot, column) for slot, column in fields if isinstance(column, int) and slot.group == "word"]
    others = [(slot, column) for slot, column in fields if not isinstance(column, FlagColumn)]
    in_words = [(slot, column) for slot, column in others if isinstance(column, Cleaned) and slot.group == "word"]

    def fill(start: int) -> None:
        stop = min(start + _BLOCK, rows)
        for word in range(len(words)):
            own = [(slot, planes_of) for slot, planes_of in flags if slot.row == word]
            planes = np.zeros((sum(slot.width for slot, _ in own), -(-(stop - start) // 64)), dtype=np.uint64)
            places: list[int] = []
            for slot, planes_of in own:
                known, missing = planes_of(start, stop)
                planes[len(places)] = known
                places.append(slot.shift)
                if slot.width == 2:
                    planes[len(places)] = missing
                    places.append(slot.shift + 1)
            always = sum(code << slot.shift for slot, code in same if slot.row == word)
            turn_bits(planes, np.array(places, dtype=np.int64), np.uint64(always), words[word, start:stop])
        for slot, other in in_words:
            # A copy, so that the loop meets one kind of array.
            codes = _codes(slot, other, slice(start, stop)).astype(np.uint8)
            shift_in(codes, slot.shift, words[slot.row, start:stop])
        _fill_beside(out, others, slice(start, stop))

    on_threads(fill, range(0, rows, _BLOCK), threads)


def layout_of(columns: Mapping[str, Column], first: Collection[str], nullable: Collection[str]) -> Layout:
    """A layout for columns as they are: one-bit flags ``first``, then the others with room for what they miss.

    Flags that are ``nullable`` have room for missing values though they have none here.
    """
    layout = Layout()
    for name in first:
        layout.add_bits(name, 1, (False, True), None)
    for name, column in columns.items():
        if name not in first:
            layout.add(name, name in nullable or (not isinstance(column, int) and column.has_missing))
    return layout
