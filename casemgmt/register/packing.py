"""A register packed for scoring: flags and small categories as bits of 64-bit words, small integers as bytes.

Each bit field lies inside one *chunk* of eleven bits, so that a table of 2,048 entries answers for every field of
the chunk at once. Practices are contiguous, in the byte order of their codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from casemgmt.register.cleaning import Cleaned
from casemgmt.register.fields import FALSE_WHEN_MISSING, FIELDS, Field

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CHUNK_BITS = 11
CHUNKS_PER_WORD = 6  # the last one has nine bits
FLAG_MISSING = 2
BYTE_MISSING = 255
SHORT_MISSING = 65_535

STATUS = ("on_list", "present")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a field lies in the packed arrays, and how to read its codes.

    Attributes
    ----------
    group : which packed array
    row : its row there; for ``word`` the index of the word
    shift, width : the field's bits, inside one chunk (words only)
    values : the value of each code, None for the code that means missing; empty for a field held as a number
    missing : the code that means missing, or None where none is
    """

    group: Literal["word", "byte", "short"]
    row: int
    shift: int = 0
    width: int = 0
    values: tuple[Any, ...] = ()
    missing: int | None = None

    @property
    def chunk(self) -> int:
        """Which chunk of its word the field lies in."""
        return self.shift // CHUNK_BITS


@dataclass(frozen=True, slots=True)
class Packed:
    """The packed rows of a register, grouped by practice.

    Attributes
    ----------
    offsets : int64, practices + 1; rows ``offsets[p]:offsets[p + 1]`` are practice ``p``
    words : uint64, (words, rows)
    bytes : uint8, (byte fields, rows)
    shorts : uint16, (short fields, rows)
    slots : where each field lies
    """

    offsets: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint64]
    bytes: npt.NDArray[np.uint8]
    shorts: npt.NDArray[np.uint16]
    slots: Mapping[str, Slot]

    @property
    def rows(self) -> int:
        """Packed patients."""
        return int(self.offsets[-1])

    def codes(self, name: str, rows: Any = slice(None)) -> npt.NDArray[np.uint16]:
        """The codes of a field, for all rows or some."""
        import numpy as np

        slot = self.slots[name]
        if slot.group == "word":
            mask = np.uint64((1 << slot.width) - 1)
            return np.asarray((self.words[slot.row, rows] >> np.uint64(slot.shift)) & mask, dtype=np.uint16)
        source = self.bytes if slot.group == "byte" else self.shorts
        return np.asarray(source[slot.row, rows], dtype=np.uint16)

    def is_set(self, name: str, rows: Any = slice(None)) -> npt.NDArray[np.bool_]:
        """Where a flag is known to be true; all false for a flag the register does not hold."""
        import numpy as np

        if name not in self.slots:
            return np.zeros(len(self.words[0, rows]), dtype=bool)
        return np.asarray(self.codes(name, rows) == 1)

    def with_flag(self, name: str, true: npt.NDArray[np.bool_]) -> Packed:
        """The same register with a one-bit flag set as ``true`` says, one a row."""
        import numpy as np

        slot = self.slots[name]
        bit = np.uint64(1 << slot.shift)
        words = self.words.copy()
        words[slot.row] = np.where(true, words[slot.row] | bit, words[slot.row] & ~bit)
        return replace(self, words=words)

    def is_missing(self, name: str, rows: Any = slice(None)) -> npt.NDArray[np.bool_]:
        """Where a field has no value."""
        import numpy as np

        slot = self.slots[name]
        if slot.missing is None:
            return np.zeros(len(self.words[0, rows]), dtype=bool)
        return np.asarray(self.codes(name, rows) == slot.missing)


class Packer:
    """Collects cleaned fields in source order, then lays them out by practice."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._chunks: list[Any] = []
        self._used: list[int] = []
        self._bytes: list[Any] = []
        self._shorts: list[Any] = []
        self._slots: dict[str, Slot] = {}

    def add(self, name: str, cleaned: Cleaned) -> None:
        """Add a field of the table of fields."""
        import numpy as np

        field = FIELDS[name]
        values, present = cleaned.values, cleaned.present
        match field.kind:
            case "flag":
                if present is None or name in FALSE_WHEN_MISSING:
                    codes = values if present is None else np.where(present, values, 0)
                    self.add_bits(name, codes, 1, (False, True), None)
                else:
                    self.add_bits(name, np.where(present, values, FLAG_MISSING), 2, (False, True, None), FLAG_MISSING)
            case "category":
                codes = values if present is None else np.where(present, values, 0)
                unknown = field.missing if field.missing in field.allowed else None  # a missing sex is read as U
                self.add_bits(name, codes, len(field.allowed).bit_length(), (unknown, *field.allowed), 0)
            case _:
                self._add_integer(field, values, present)

    def _add_integer(self, field: Field, values: Any, present: Any) -> None:
        import numpy as np

        if field.least >= 1 and field.most < 16:
            codes = values if present is None else np.where(present, values, 0)
            return self.add_bits(field.name, codes, field.most.bit_length(), (None, *range(1, field.most + 1)), 0)
        group: Literal["byte", "short"] = "byte" if field.most < BYTE_MISSING else "short"
        missing, dtype = (BYTE_MISSING, np.uint8) if group == "byte" else (SHORT_MISSING, np.uint16)
        codes = values if present is None else np.where(present, values, missing)
        columns = self._bytes if group == "byte" else self._shorts
        self._slots[field.name] = Slot(group, len(columns), missing=missing)
        columns.append(codes.astype(dtype))
        return None

    def add_bits(self, name: str, codes: Any, width: int, values: tuple[Any, ...], missing: int | None) -> None:
        """Add a field of ``width`` bits, in the current chunk or, where it does not fit, the next."""
        import numpy as np

        last = len(self._used) - 1
        room = (CHUNK_BITS if last % CHUNKS_PER_WORD < CHUNKS_PER_WORD - 1 else 64 - 5 * CHUNK_BITS) if last >= 0 else 0
        if last < 0 or self._used[last] + width > room:
            self._chunks.append(np.zeros(self._rows, dtype=np.uint16))
            self._used.append(0)
            last += 1
        word, chunk = divmod(last, CHUNKS_PER_WORD)
        offset = self._used[last]
        self._chunks[last] |= codes.astype(np.uint16) << np.uint16(offset)
        self._used[last] += width
        self._slots[name] = Slot("word", word, chunk * CHUNK_BITS + offset, width, values, missing)

    def pack(self, order: Any, offsets: Any) -> Packed:
        """Lay the rows out in ``order``, which groups them by practice."""
        import numpy as np

        word_count = -(-len(self._chunks) // CHUNKS_PER_WORD)
        words = np.zeros((word_count, len(order)), dtype=np.uint64)
        for number, chunk in enumerate(self._chunks):
            word, place = divmod(number, CHUNKS_PER_WORD)
            words[word] |= chunk[order].astype(np.uint64) << np.uint64(place * CHUNK_BITS)
        byte_rows = np.empty((len(self._bytes), len(order)), dtype=np.uint8)
        short_rows = np.empty((len(self._shorts), len(order)), dtype=np.uint16)
        for out, columns in ((byte_rows, self._bytes), (short_rows, self._shorts)):
            for row, column in enumerate(columns):
                np.take(column, order, out=out[row])
        return Packed(offsets, words, byte_rows, short_rows, dict(self._slots))
